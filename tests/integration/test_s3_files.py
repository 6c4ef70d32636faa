# SPDX-License-Identifier: Apache-2.0
"""Files of a bucket as a source: each is read once, whatever happens to it, to the machine or on the way."""
import collections
import concurrent.futures
import gzip
import io
import json
import os
import shutil
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "crash"), os.path.join(HERE, "..", "support", "versitygw")]

import pyarrow  # noqa: E402
import pyarrow.csv  # noqa: E402
import pyarrow.fs  # noqa: E402
import pyarrow.parquet  # noqa: E402
import s3_world  # noqa: E402
from fault_proxy import FaultProxy  # noqa: E402
import world  # noqa: E402

S3 = pyarrow.fs.S3FileSystem(access_key="smelt", secret_key="smelt-secret", scheme="http", region="us-east-1",
                             endpoint_override=s3_world.ENDPOINT.removeprefix("http://"))
PIPELINE = """version: 1
pipeline: crash
schema: crash
{storage}sources:
  readings: {{type: files, path: "s3://{bucket}/{path}", {options}}}
tables:
  bronze: {{from: readings}}
"""
SCHEMA = "schema: [{name: id, data_type: BIGINT}, {name: name, data_type: VARCHAR}]"


def text(rows):
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def rows_of(k, n=3):
    return [{"id": k * n + i, "name": f"n{k}"} for i in range(n)]


class Landing(s3_world.S3World):
    """Tables here, files in the bucket `<name>`."""

    def __init__(self, name, path="in/*.json", options="format: json", remote=False, project=s3_world.PROJECT):
        super().__init__("files-" + name, project)
        self.remote = remote
        self.describe(path, options)

    def describe(self, path, options):
        self.write("pipeline.yml", PIPELINE.format(
            storage="storage: ./lake\n" if self.remote else f"storage: {self.folder}/lake\n",
            bucket=self.bucket, path=path, options=options))

    def table_folders(self):
        return super().table_folders() if self.remote else world.World.table_folders(self)

    def state(self):
        return super().state() if self.remote else world.World.state(self)

    def put(self, key, data):
        with S3.open_output_stream(f"{self.bucket}/{key}", compression=None) as f:
            f.write(data)

    def edit(self, old, new):
        with open(self.path("pipeline.yml"), encoding="utf-8") as f:
            self.write("pipeline.yml", f.read().replace(old, new))

    def forget_copies(self):
        shutil.rmtree(os.path.join(self.state(), "copies"), ignore_errors=True)

    def put_all(self, objects):
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda item: self.put(*item), objects.items()))


class Case(unittest.TestCase):
    def runs(self, w, *args, **how):
        result = w.run(*args, **how)
        self.assertEqual(result.code, 0, result.out + result.err)
        return result

    def assert_ids(self, w, want):
        self.assertEqual(sorted(row["id"] for row in w.rows("bronze")), sorted(want))


class Reading(Case):
    def test_what_arrives_between_runs_is_read_and_nothing_twice(self):
        w = Landing("arrive", options="format: json, max_files_per_trigger: 2")
        for round_ in range(3):
            w.put_all({f"in/{k:02}.json": text(rows_of(k)) for k in range(round_ * 5, round_ * 5 + 5)})
            w.put(f"in/sub/{round_}.json", text(rows_of(100)))
            self.runs(w)
            self.assert_ids(w, range(15 * (round_ + 1)))
        before = w.counts()
        self.runs(w)
        self.assertEqual(w.counts(), before)

    def test_what_was_listed_for_the_columns_is_not_listed_again_at_once(self):
        with FaultProxy(s3_world.ENDPOINT, lambda *_: None) as proxy:
            w = Landing("listed", project=s3_world.PROJECT.replace(s3_world.ENDPOINT, proxy.endpoint))
            for k in range(2):
                w.put(f"in/{k}.json", text(rows_of(k)))
                proxy.asked.clear()
                self.runs(w)
                self.assertEqual(len([path for _, path, _ in proxy.asked if "list-type" in path]), 1)
        self.assert_ids(w, range(6))

    def test_1100_objects_come_in_pages(self):
        w = Landing("pages", options="format: json, max_files_per_trigger: 600")
        w.put_all({f"in/{k:05}.json": text(rows_of(k, 1)) for k in range(1100)})
        self.runs(w)
        self.assert_ids(w, range(1100))

    def test_a_restart_in_the_middle_reads_each_once(self):
        w = Landing("restart", options=f"format: json, max_files_per_trigger: 2, {SCHEMA}")
        w.put_all({f"in/{k:02}.json": text(rows_of(k)) for k in range(8)})
        for failpoint in ("files.after_numbers:1:kill", "s3.answer:4:kill", "flow.after_decided:1:kill",
                          "flow.after_publish:2:kill"):
            self.assertTrue(world.killed(w.run(failpoint=failpoint)), failpoint)
        w.put("in/0.json", text(rows_of(8)))
        self.runs(w)
        self.assert_ids(w, range(27))
        self.assertEqual(list(world.faults(w)), [])

    def test_an_empty_machine_goes_on(self):
        w = Landing("machine", remote=True)
        for k in range(2):
            w.put(f"in/{k}.json", text(rows_of(k)))
            self.runs(w)
            w.forget_machine()
        self.runs(w)
        self.assert_ids(w, range(6))

    def test_a_plain_read_sees_what_is_there_now(self):
        w = Landing("plain")
        w.edit("{from: readings}", "{type: materialized_view, sql: SELECT id FROM readings}")
        for k in range(2):
            w.put(f"in/{k}.json", text(rows_of(k)))
            self.runs(w)
            self.assert_ids(w, range(3 * k + 3))
        shown = w.smelt("preview", "readings", "--json")
        self.assertEqual(shown.code, 0, shown.err)
        self.assertEqual(shown.out.count('"n1"'), 3, shown.out)


def parquet(rows):
    out = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), out)
    return out.getvalue()


def csv(rows):
    out = io.BytesIO()
    pyarrow.csv.write_csv(pyarrow.Table.from_pylist(rows), out)
    return out.getvalue()


class Forms(Case):
    """What is read of a folder is read of a bucket."""

    def test_formats_and_compressed_files(self):
        for name, options, write in (("p/*.parquet", "format: parquet", parquet),
                                     ("c/*.csv.gz", "format: csv", lambda rows: gzip.compress(csv(rows))),
                                     ("j/**", "format: json", lambda rows: gzip.compress(text(rows)))):
            with self.subTest(name):
                w = Landing("format-" + name[0], name, options)
                w.put(name.replace("**", "deep/er/a.json.gz").replace("*", "a [1]"), write(rows_of(1)))
                self.runs(w)
                self.assert_ids(w, range(3, 6))

    def test_partitions_filters_and_metadata(self):
        w = Landing("places", "in", 'format: json, path_glob_filter: "*.json", include_metadata: true')
        w.edit("{from: readings}", '{sql: "SELECT *, _metadata.file_path AS place FROM STREAM(readings)"}')
        w.put_all({"in/day=2026-01-02/a b.json": text(rows_of(0)), "in/day=2026-01-03/b.txt": b"no",
                   "in/day=2026-01-03/_c.json": b"no"})
        self.runs(w)
        self.assertEqual({(str(row["day"]), row["place"]) for row in w.rows("bronze")},
                         {("2026-01-02", f"s3://{w.bucket}/in/day=2026-01-02/a%20b.json")})

    def test_one_object_and_nothing_yet(self):
        w = Landing("one", "in/a.json", "format: json, schema_hints: id BIGINT")
        w.put("in/a.json.bak", b"no")
        self.runs(w)
        self.assertEqual(w.tables(), {})
        w.put("in/a.json", text(rows_of(0)))
        self.runs(w)
        self.assert_ids(w, range(3))


class Overwritten(Case):
    def test_a_name_is_read_once_unless_overwrites_are_allowed(self):
        for allowed in (False, True):
            w = Landing(f"over-{allowed}".lower(), options=f"format: json, allow_overwrites: {str(allowed).lower()}")
            w.put("in/a.json", text(rows_of(0)))
            self.runs(w)
            w.put("in/a.json", text(rows_of(0)))  # the same bytes: the same ETag
            self.runs(w)
            w.put("in/a.json", text(rows_of(1)))
            self.runs(w)
            self.assert_ids(w, range(6 if allowed else 3))

    def test_what_is_overwritten_before_it_is_read_is_read_as_it_is(self):
        w = Landing("early", options="format: json, allow_overwrites: true")
        w.put("in/a.json", text(rows_of(0)))
        self.assertTrue(world.killed(w.run(failpoint="files.after_numbers:1:kill")))
        w.put("in/a.json", text(rows_of(1)))
        self.runs(w)
        self.runs(w)
        self.assert_ids(w, range(3, 6))

    def test_what_is_overwritten_between_two_parts_is_one_version(self):
        part = 16 << 20
        versions = [text([{"id": k, "name": str(k) * 1000}]) * (part // 1000 + 100) for k in (1, 2)]
        for name, options in (("pinned", f"format: json, {SCHEMA}"), ("inferred", "format: json")):
            turns = []
            w = Landing("parts-" + name, options=options)
            w.put("in/a.json", versions[0])

            def judge(method, path, _, w=w, turns=turns):
                if method == "GET" and path.endswith("/a.json"):
                    turns.append(path)
                    if len(turns) == 2:
                        w.put("in/a.json", versions[1])

            with self.subTest(name), FaultProxy(s3_world.ENDPOINT, judge) as proxy:
                w.write("smelt.yml", s3_world.PROJECT.replace(s3_world.ENDPOINT, proxy.endpoint))
                self.runs(w)
                self.assertEqual(collections.Counter(row["id"] for row in w.rows("bronze")),
                                 {2: part // 1000 + 100})

    def test_one_that_is_gone_is_named(self):
        w = Landing("gone", options=f"format: json, {SCHEMA}")
        w.put("in/a.json", text(rows_of(0)))
        self.assertTrue(world.killed(w.run(failpoint="files.after_numbers:1:kill")))
        S3.delete_file(f"{w.bucket}/in/a.json")
        w.forget_copies()
        result = w.run()
        self.assertNotEqual(result.code, 0)
        self.assertIn(f'file "s3://{w.bucket}/in/a.json" was found earlier and is gone', result.out + result.err)


class Faults(Case):
    def test_a_store_that_is_slow_or_hangs_up_is_asked_again(self):
        with FaultProxy(s3_world.ENDPOINT, lambda method, path, n: (503, "SlowDown") if n % 4 == 1 else
                        "drop" if n % 7 == 3 else None) as proxy:
            w = Landing("slow", project=s3_world.PROJECT.replace(s3_world.ENDPOINT, proxy.endpoint))
            w.put_all({f"in/{k:02}.json": text(rows_of(k)) for k in range(20)})
            self.runs(w)
            acts = [act for _, _, act in proxy.asked]
        self.assert_ids(w, range(60))
        self.assertIn((503, "SlowDown"), acts)
        self.assertIn("drop", acts)

    def test_an_answer_that_ends_in_its_middle_is_asked_for_again(self):
        n = (16 << 20) // 1000 + 100
        w = Landing("cut")
        w.put("in/a.json", text([{"id": k, "name": "n" * 1000} for k in range(n)]))
        with FaultProxy(s3_world.ENDPOINT, lambda method, path, k: "cut" if "a.json" in path and k % 2 == 1 else
                        None) as proxy:
            w.write("smelt.yml", s3_world.PROJECT.replace(s3_world.ENDPOINT, proxy.endpoint))
            self.runs(w)
            self.assertIn("cut", [act for _, _, act in proxy.asked])
        self.assert_ids(w, range(n))

    def test_who_may_not_is_told_so(self):
        w = Landing("denied", project=s3_world.PROJECT.replace("S3_SECRET", "S3_WRONG"))
        os.environ["S3_WRONG"] = "wrong"
        result = w.run()
        self.assertNotEqual(result.code, 0)
        self.assertIn("the secret_access_key is not the one of that key", result.out + result.err)


class Incremental(Case):
    def test_only_what_comes_behind_is_listed(self):
        with FaultProxy(s3_world.ENDPOINT, lambda *_: None) as proxy:
            w = Landing("behind", "in/**/*.json", "format: json, use_incremental_listing: true",
                        project=s3_world.PROJECT.replace(s3_world.ENDPOINT, proxy.endpoint))
            w.put_all({f"in/{day}/{k}.json": text(rows_of(10 * day + k)) for day in (1, 2) for k in (5, 6)})
            self.runs(w)
            w.put_all({"in/2/7.json": text(rows_of(27)), "in/3/1.json": text(rows_of(31)),
                       "in/1/7.json": text(rows_of(17))})
            proxy.asked.clear()
            self.runs(w)
            lists = [path for _, path, _ in proxy.asked if "list-type" in path]
            self.assert_ids(w, [3 * k + i for k in (15, 16, 25, 26, 27, 31) for i in range(3)])
            self.assertFalse([path for path in lists if "prefix=in%2F1%2F" in path], lists)
            self.assertTrue([path for path in lists if "start-after=in%2F2%2F6.json" in path], lists)
            w.edit("use_incremental_listing: true", "use_incremental_listing: true, backfill_interval: 1 day")
            self.runs(w)
        self.assertEqual(len(w.rows("bronze")), 21)


if __name__ == "__main__":
    world.run_tests()
