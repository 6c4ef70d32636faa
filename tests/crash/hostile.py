# SPDX-License-Identifier: Apache-2.0
"""hostile.py -- input that is broken, huge, unreadable or moving: a clear message, nothing lost.

Each case is a landing folder.  With `on_decode_error: fail` the run ends with the documented status,
names the place and writes nothing; with `drop` the bad records are counted exactly and every other
row arrives.
"""
import collections
import json
import os
import re
import signal
import subprocess
import unittest

import world

FAILED, DISK_FULL, DENIED = 1, 8, 10
PIPELINE = """version: 1
pipeline: hostile
schema: hostile
storage: ./lake
sources:
  lines:
    type: files
    path: landing/*.{extension}
    format: {format}
    on_decode_error: {policy}
{schema}tables:
  bronze: {{from: lines}}
"""
SCHEMA = """    schema:
      - {name: id, data_type: BIGINT}
      - {name: n, data_type: INTEGER}
      - {name: x, data_type: DOUBLE}
      - {name: s, data_type: VARCHAR}
"""


class Landing(unittest.TestCase):
    def setUp(self):
        self.w = world.World(self.id().split(".")[-1])
        os.makedirs(self.w.path("landing"))

    def pipeline(self, policy, schema=SCHEMA, format_="json"):
        self.w.write("pipeline.yml", PIPELINE.format(policy=policy, schema=schema, format=format_,
                                                     extension="json" if format_ == "json" else format_))

    def run_with(self, policy, code, failpoint=None, **kinds):
        self.pipeline(policy, **kinds)
        result = self.w.run(failpoint=failpoint)
        self.assertEqual(result.code, code, result.out + result.err)
        return result

    def rows(self):
        return [json.loads(row) for row in self.w.tables().get("bronze", collections.Counter()).elements()]

    def ids(self):
        return sorted(row["id"] for row in self.rows())

    def counts(self):
        c = self.w.counts()["bronze"]
        return c["read"], c["undecodable"], c["written"]

    def at_rest(self):
        self.assertEqual(list(world.faults(self.w)), [])

    def fails_then_drops(self, words, bad, ids):
        """Under `fail` the run ends with 1 and says `words`; under `drop` `bad` records are counted and
        exactly `ids` arrive."""
        result = self.run_with("fail", FAILED)
        for word in words:
            self.assertIn(word, result.out + result.err)
        self.assertEqual(self.ids(), [])
        self.run_with("drop", 0)
        self.assertEqual(self.ids(), ids)
        self.assertEqual(self.counts(), (bad + len(ids), bad, len(ids)))
        self.at_rest()

    def accepts(self, ids):
        self.run_with("fail", 0)
        self.assertEqual(self.ids(), ids)
        self.assertEqual(self.counts(), (len(ids), 0, len(ids)))
        self.at_rest()


class Hostile(Landing):
    # ---- bytes ----

    def test_a_line_with_invalid_utf8_is_named(self):
        self.w.write("landing/a.json", b'{"id": 1}\n{"id": 2, "s": "\xff\xfe"}\n{"id": 3, "s": "\xc3\xa9"}\n')
        self.fails_then_drops(["a.json:2", "UTF-8"], 1, [1, 3])

    def test_a_line_cut_at_any_byte_costs_only_itself(self):
        line = '{"id": 7, "n": -12, "x": 1.5e3, "s": "é\\u00e9\\"\\\\ {[,:"}'.encode()
        cuts = [line[:n] for n in range(1, len(line))]
        good = [b'{"id": %d}' % i for i in range(len(cuts))]
        self.w.write("landing/a.json", b"\n".join(x for pair in zip(cuts, good) for x in pair) + b"\n")
        self.fails_then_drops(["a.json:1"], len(cuts), list(range(len(cuts))))

    def test_a_file_cut_at_any_byte_costs_only_its_last_line(self):
        line = b'{"id": 7, "s": "\xc3\xa9"}'
        for n in range(1, len(line)):
            self.w.write(f"landing/{n:03}.json", b'{"id": %d}\n' % n + line[:n], age=n)
        self.fails_then_drops(["001.json:2"], len(line) - 1, list(range(1, len(line))))

    def test_a_last_line_without_newline_is_a_row(self):
        self.w.write("landing/a.json", b'{"id": 1}\n{"id": 2}')
        self.accepts([1, 2])

    def test_nul_bytes_are_undecodable(self):
        self.w.write("landing/a.json", b'{"id": 1}\n\0\0\0\0\n{"id": 2, "s": "a\0b"}\n{"id": 3}\n')
        self.fails_then_drops(["a.json:2"], 2, [1, 3])

    def test_a_byte_order_mark_and_carriage_returns_are_no_part_of_a_row(self):
        self.w.write("landing/a.json", b'\xef\xbb\xbf{"id": 1, "s": "x"}\r\n{"id": 2}\r\n\r\n')
        self.accepts([1, 2])
        self.assertEqual({row["s"] for row in self.rows()}, {"x", None})

    def test_blank_lines_are_no_records(self):
        self.w.write("landing/a.json", b'\n\n{"id": 1}\n   \n\t\n{"id": 2}\n\n')
        self.accepts([1, 2])

    # ---- sizes ----

    def test_a_line_of_20_mib_costs_only_itself(self):
        self.w.write("landing/a.json", b'{"id": 1}\n{"id": 2, "s": "' + b"x" * (20 << 20) + b'"}\n{"id": 3}\n')
        self.fails_then_drops(["a.json:2", "16 MiB"], 1, [1, 3])

    def test_a_line_of_15_mib_is_a_row(self):
        self.w.write("landing/a.json", b'{"id": 1}\n{"id": 2, "s": "' + b"x" * (15 << 20) + b'"}\n{"id": 3}\n')
        self.accepts([1, 2, 3])
        self.assertEqual(max(len(row["s"] or "") for row in self.rows()), 15 << 20)

    def test_a_value_nested_300_deep_costs_only_its_line(self):
        for k, (o, c) in enumerate([(b"[", b"]"), (b'{"a":', b"}")]):
            self.w.write(f"landing/{k}.json", b'{"id": %d, "s": ' % k + o * 300 + b"1" + c * 300 +
                         b'}\n{"id": %d}\n' % (k + 10), age=k)
        self.fails_then_drops(["0.json:1", "deep"], 2, [10, 11])

    def test_ten_thousand_fields_that_the_schema_has_not_are_passed_over(self):
        fields = ", ".join(f'"f{i}": {i}' for i in range(10000))
        self.w.write("landing/a.json", f'{{"id": 1, {fields}}}\n{{{fields}, "id": 2}}\n')
        self.accepts([1, 2])

    def test_two_thousand_columns_are_inferred(self):
        fields = ", ".join(f'"f{i}": {i}' for i in range(2000))
        self.w.write("landing/a.json", f'{{"id": 1, {fields}}}\n{{"id": 2}}\n')
        self.run_with("fail", 0, schema="")
        self.assertEqual(self.ids(), [1, 2])
        self.assertEqual(len(self.rows()[0]), 2002)  # _rescued_data too

    def test_an_empty_file_has_no_rows(self):
        self.w.write("landing/a.json", b"", age=0)
        self.w.write("landing/b.json", b'{"id": 1}\n', age=1)
        self.accepts([1])

    # ---- values ----

    def test_numbers_out_of_range_are_undecodable(self):
        bad = ['"n": 3000000000', '"n": -2147483649', '"n": 1e300', '"x": 1e999', '"n": 1.5', '"n": "12x"',
               '"id": 9223372036854775808']
        lines = [f'{{"id": {i}, {b}}}' if "id" not in b else f"{{{b}}}" for i, b in enumerate(bad)]
        good = ['{"id": 9223372036854775807}', '{"id": -9223372036854775808, "n": 2147483647, "x": 1e308}']
        self.w.write("landing/a.json", "\n".join(lines[:4] + good + lines[4:]) + "\n")
        self.fails_then_drops(["a.json:1"], len(bad), [-2**63, 2**63 - 1])

    def test_what_is_no_object_is_undecodable(self):
        bad = ["1", "null", "[]", '"x"', "{} {}", "{]", "nul", '{"id": 1,}', "{'id': 1}", '{"id": 01}',
               '{"id": NaN}', '{"s": "\\ud800"}', '{"s": "\\x"}', '{"s": "\t"}']
        self.w.write("landing/a.json", "\n".join(bad) + '\n{"id": 5}\n')
        self.fails_then_drops(["a.json:1"], len(bad), [5])

    def test_a_key_that_stands_twice_has_one_value_in_its_row(self):
        self.w.write("landing/a.json", '{"id": 1, "n": 1, "n": 2}\n{"id": 2, "s": "x", "id": 3}\n{"id": 4}\n')
        self.run_with("drop", 0)
        read, undecodable, written = self.counts()
        self.assertEqual((read, undecodable + written), (3, 3))
        self.assertEqual(len(self.rows()), written)
        self.assertIn(4, self.ids())

    # ---- files that move ----

    def stop_and(self, act, code):
        """Run; when the batch has been read and not yet verified, act; then let it go on."""
        self.pipeline("fail")
        process = self.w.start("run", "pipeline.yml", failpoint="source.after_read:1:stop")
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        self.assertTrue(os.WIFSTOPPED(status), status)
        act()
        process.send_signal(signal.SIGCONT)
        result = self.w.finish(process)
        self.assertEqual(result.code, code, result.out + result.err)
        return result

    def test_a_file_that_grows_while_it_is_read_is_read_again_whole(self):
        self.w.write("landing/a.json", b'{"id": 1}\n{"id": 2}\n')

        def grow():
            with open(self.w.path("landing/a.json"), "ab") as f:
                f.write(b'{"id": 3}\n')
        self.stop_and(grow, 0)
        self.assertEqual(self.ids(), [1, 2, 3])
        self.assertEqual(self.counts(), (3, 0, 3))
        self.assertEqual(self.w.store("select count(*) from events where type = 'flow_retried'"), [(1,)])
        self.at_rest()

    def test_a_file_deleted_while_it_is_read_stops_the_run_until_it_is_back(self):
        self.w.write("landing/a.json", b'{"id": 1}\n')
        self.w.write("landing/b.json", b'{"id": 2}\n')
        result = self.stop_and(lambda: os.rename(self.w.path("landing/a.json"), self.w.path("a.json")), FAILED)
        self.assertIn("a.json", result.out + result.err)
        self.assertIn("gone before it was read", result.out + result.err)
        self.assertEqual(self.ids(), [])
        os.rename(self.w.path("a.json"), self.w.path("landing/a.json"))
        self.accepts([1, 2])

    def test_a_file_deleted_between_listing_and_reading_stops_the_run_until_it_is_back(self):
        self.w.write("landing/a.json", b'{"id": 1}\n')
        self.pipeline("fail")
        self.assertTrue(world.killed(self.w.run(failpoint="flow.before_decided:kill")))
        os.rename(self.w.path("landing/a.json"), self.w.path("a.json"))
        self.w.write("landing/b.json", b'{"id": 2}\n')
        result = self.run_with("fail", FAILED)
        self.assertIn("gone before it was read", result.out + result.err)
        self.assertEqual(self.ids(), [])
        os.rename(self.w.path("a.json"), self.w.path("landing/a.json"))
        self.accepts([1, 2])

    def test_a_loop_of_links_is_named_or_passed_over_and_the_rest_is_read(self):
        os.symlink("b.json", self.w.path("landing/a.json"))
        os.symlink("a.json", self.w.path("landing/b.json"))
        os.symlink(".", self.w.path("landing/loop"))
        self.w.write("landing/c.json", b'{"id": 1}\n')
        self.accepts([1])

    def test_a_pipe_in_the_folder_does_not_block(self):
        os.mkfifo(self.w.path("landing/a.json"))
        self.w.write("landing/b.json", b'{"id": 1}\n')
        self.accepts([1])

    # ---- other formats ----

    def test_broken_csv_is_named_and_costs_only_itself(self):
        self.w.write("landing/a.csv", b'id,n,x,s\n1,1,1,a\n2,2\n3,x,1,b\n4,4,4,"d ""e"""\n5,5,5,\xff\n6,6,6,f\n')
        result = self.run_with("fail", FAILED, format_="csv")
        self.assertIn("a.csv:3", result.out + result.err)
        self.run_with("drop", 0, format_="csv")
        self.assertEqual(self.ids(), [1, 4, 6])
        self.assertEqual(self.counts(), (6, 3, 3))

    def test_a_file_that_is_no_parquet_is_named(self):
        self.w.write("landing/a.parquet", b"PAR1 not really PAR1")
        result = self.run_with("fail", FAILED, format_="parquet")
        self.assertIn("a.parquet", result.out + result.err)


class Permission(Landing):
    def as_nobody(self):
        """The command that gives up root's rights; skipped where that cannot be."""
        prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.getuid() == 0 else []
        os.chmod(self.w.folder, 0o777)
        os.chmod(self.w.path("landing"), 0o777)
        probe = subprocess.run([*prefix, world.SMELT, "--help"], cwd=self.w.folder, capture_output=True)
        if probe.returncode != 0:
            self.skipTest("the program cannot be run without root's rights: " +
                          probe.stderr.decode(errors="replace").strip()[:200])
        return prefix

    def run_as(self, prefix, code):
        result = self.w.smelt("run", "pipeline.yml", prefix=prefix)
        self.assertEqual(result.code, code, result.out + result.err)
        return result.out + result.err

    def test_a_folder_without_permission_is_named(self):
        prefix = self.as_nobody()
        self.w.write("landing/a.json", b'{"id": 1}\n')
        self.pipeline("fail")
        os.chmod(self.w.path("landing"), 0)
        self.assertIn("landing", self.run_as(prefix, DENIED))
        os.chmod(self.w.path("landing"), 0o777)
        os.chmod(self.w.path("landing/a.json"), 0)
        self.assertIn("a.json", self.run_as(prefix, DENIED))
        os.chmod(self.w.path("landing/a.json"), 0o644)
        self.run_as(prefix, 0)
        self.assertEqual(self.ids(), [1])

    def test_storage_without_permission_is_named(self):
        prefix = self.as_nobody()
        self.w.write("landing/a.json", b'{"id": 1}\n')
        self.pipeline("fail")
        os.mkdir(self.w.path("lake"), 0o755)
        self.assertIn("lake", self.run_as(prefix, DENIED if prefix else 0))


class Space(Landing):
    def test_a_full_disk_ends_with_8_and_loses_nothing(self):
        if subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode != 0:
            self.skipTest("a mount namespace cannot be made here")
        os.mkdir(self.w.path("lake"))
        self.pipeline("fail")
        for k in range(4):
            noise = os.urandom(1 << 19).hex()
            self.w.write_rows(f"later/{k}.json", [{"id": k * 1000 + i, "s": noise[i * 1000:i * 1000 + 1000]}
                                                  for i in range(1000)], age=k)
        self.w.write("landing/first.json", b'{"id": -1}\n')
        script = """
            mount -t tmpfs -o size=24m tmpfs lake || exit 77
            "$SMELT" run pipeline.yml; echo "first $?"
            cp later/*.json landing/
            dd if=/dev/zero of=lake/filler bs=4096 2>/dev/null
            "$SMELT" run pipeline.yml; echo "full $?"
            truncate -s -1M lake/filler
            "$SMELT" run pipeline.yml; echo "fuller $?"
            rm lake/filler
            "$SMELT" run pipeline.yml; echo "after $?"
            cp -a lake kept
        """
        done = subprocess.run(["unshare", "-m", "sh", "-c", script], cwd=self.w.folder, capture_output=True,
                              text=True, timeout=world.RUN_SECONDS, env=world.environment(None))
        if done.returncode == 77:
            self.skipTest("tmpfs cannot be mounted here")
        ends = [line for line in done.stdout.splitlines() if line.startswith(("first ", "full", "after "))]
        self.assertEqual(ends, ["first 0", f"full {DISK_FULL}", f"fuller {DISK_FULL}", "after 0"], done.stdout + done.stderr)
        self.assertEqual(len(re.findall("[Nn]o space left|is full", done.stdout + done.stderr)), 2,
                         done.stdout + done.stderr)
        os.rmdir(self.w.path("lake"))
        os.rename(self.w.path("kept"), self.w.path("lake"))
        self.assertEqual(self.ids(), [-1] + list(range(4000)))
        self.assertEqual(self.w.store("select state from runs"), [("completed",), ("failed",), ("completed",)])
        self.at_rest()


if __name__ == "__main__":
    world.run_tests()
