# SPDX-License-Identifier: Apache-2.0
"""test_continuous.py -- a run that goes on takes what comes, and loses nothing when it is killed.

Tables are read by delta-rs, which shares no code with smelt.
"""
import json
import os
import signal
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.environ["SM_SOURCE"], "tests", "crash"))
import deltalake  # noqa: E402
import world  # noqa: E402

PIPELINE = """version: 1
pipeline: p
schema: s
storage: ./lake
sources:
  feed:
    type: files
    path: landing
    format: json
    recursive_file_lookup: true
    schema: [{name: id, data_type: BIGINT}, {name: seen, data_type: TIMESTAMP}]
tables:
  bronze: {from: feed}
  silver:
    sql: SELECT id, seen FROM STREAM(bronze)
    expectations: {odd: {expect: id % 5 <> 0, on_violation: drop}}
  tens:
    output_mode: update
    sql: SELECT id // 10 AS ten, count(*) AS n, sum(id) AS total FROM STREAM(silver) GROUP BY ALL
"""
WAITING = """version: 1
pipeline: p
schema: s
storage: ./lake
sources:
  feed: {type: files, path: landing, format: json}
  more: {type: files, path: known, format: json, schema: [{name: id, data_type: BIGINT}]}
tables:
  bronze: {from: feed}
  other: {from: more}
"""
IDLE = """version: 1
pipeline: p
schema: s
storage: ./lake
sources:
  a: {type: files, path: a, format: json, schema: [{name: id, data_type: BIGINT}, {name: seen, data_type: TIMESTAMP}]}
  b: {type: files, path: b, format: json, schema: [{name: id, data_type: BIGINT}, {name: seen, data_type: TIMESTAMP}]}
tables:
  one: {from: a}
  two: {from: b}
  hours:
    watermark:
      one: {column: seen, delay: 1 minute}
      two: {column: seen, delay: 1 minute, idle_timeout: 1 second}
    sql: |
      SELECT window(seen, '1 hour') AS w, count(*) AS n
      FROM (SELECT seen FROM STREAM(one) UNION ALL SELECT seen FROM STREAM(two)) GROUP BY ALL
"""
CHECKED = """version: 1
pipeline: p
schema: s
storage: ./lake
sources:
  feed: {type: files, path: landing, format: json, schema: [{name: id, data_type: BIGINT}]}
tables:
  bronze:
    from: feed
    expectations: {once: {unique: [id], on_violation: fail}}
"""
VIEW = """version: 1
pipeline: p
schema: s
storage: ./lake
trigger: {interval: 1s}
sources:
  feed: {type: files, path: landing, format: json, schema: [{name: id, data_type: BIGINT}]}
tables:
  bronze: {from: feed}
  counted: {type: materialized_view, sql: SELECT count(*) AS n FROM bronze}
"""
SECONDS = 60
AT_MOST = 6  # a view that may be computed each second, and a machine that is busy


def file_of(k):
    return [{"id": 10 * k + i, "seen": f"2026-01-01T{k % 24:02}:00:00Z"} for i in range(10)]


def wanted(files):
    return sorted(10 * k + i for k in range(files) for i in range(10) if i % 5)


class Continuous(unittest.TestCase):
    def setUp(self):
        self.w = world.World(self.id().split(".")[-1][:60])
        self.w.write("pipeline.yml", PIPELINE)
        os.makedirs(self.w.path("landing"))
        self.process = None

    def tearDown(self):
        if self.process is not None:
            self.process.kill()
            self.process.communicate()

    def begin(self, failpoint=None):
        """Start, and wait until the run has caught up."""
        self.process = self.w.start("run", "--continuous", failpoint=failpoint)
        for line in self.process.stdout:
            if line.startswith(b"Caught up"):
                return
        self.fail("the run ended: " + self.end(None).err)

    def end(self, number=signal.SIGTERM):
        process, self.process = self.process, None
        if number is not None:
            process.send_signal(number)
        return self.w.finish(process)

    def ids(self):
        return sorted(row["id"] for row in self.w.rows("silver")) if "silver" in self.w.table_folders() else []

    def groups(self):
        return {row["ten"]: (row["n"], row["total"]) for row in self.w.rows("tens")} if "tens" in self.w.table_folders() else {}

    def wait_for(self, what, look):
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            try:
                if look() == what:
                    return
            except (deltalake.exceptions.TableNotFoundError, OSError):
                pass  # it is being made
            if self.process is not None and self.process.poll() is not None:
                self.fail("the run ended: " + self.end(None).err)
            time.sleep(0.02)
        self.assertEqual(look(), what)

    def check(self, files):
        self.assertEqual(list(world.faults(self.w)), [])
        self.assertEqual(self.ids(), wanted(files))
        self.assertEqual(self.groups(), {k: (8, sum(wanted(k + 1)) - sum(wanted(k))) for k in range(files)})

    def test_what_arrives_goes_through_every_table_and_the_run_ends_by_a_signal(self):
        self.w.write_rows("landing/0.json", file_of(0))
        self.begin()
        for k in range(1, 6):
            self.w.write_rows(f"landing/{k}.json", file_of(k))
            self.wait_for(wanted(k + 1), self.ids)
        self.wait_for(6, lambda: len(self.groups()))
        result = self.end()
        self.assertEqual(result.code, 143, result.err)
        self.check(6)
        self.assertEqual(self.w.store("select state from runs"), [("canceled",)])
        self.assertEqual(json.loads(self.w.smelt("run", "--json").out)["flows"][0]["state"], "idle")

    def test_files_in_folders_that_come_later_are_found(self):
        self.begin()
        self.w.write_rows("landing/a/b/0.json", file_of(0))
        self.wait_for(wanted(1), self.ids)
        self.w.write_rows("landing/a/b/1.json", file_of(1))
        self.w.write_rows("landing/a/c/2.json", file_of(2))
        self.wait_for(wanted(3), self.ids)
        self.wait_for(3, lambda: len(self.groups()))
        self.assertEqual(self.end(signal.SIGINT).code, 130)
        self.check(3)

    def test_a_kill_at_each_point_of_a_batch_loses_and_doubles_nothing(self):
        files = 1
        self.w.write_rows("landing/0.json", file_of(0))
        for point in ("flow.before_decided", "flow.after_decided", "flow.after_publish", "flow.after_done"):
            self.begin(failpoint=f"{point}:{9 + files % 3}:kill")
            self.w.write_rows(f"landing/{files}.json", file_of(files))
            files += 1
            until = time.monotonic() + SECONDS
            while self.process.poll() is None and time.monotonic() < until:
                self.w.write_rows(f"landing/{files}.json", file_of(files))
                files += 1
                time.sleep(0.02)
            self.assertTrue(world.killed(self.end(None)), point)
        self.begin()
        self.wait_for(wanted(files), self.ids)
        self.wait_for(files, lambda: len(self.groups()))
        self.end()
        self.check(files)

    def test_a_broken_rule_ends_the_run_with_its_code_and_keeps_what_was_taken(self):
        self.w.write("pipeline.yml", PIPELINE.replace("on_violation: drop", "on_violation: fail"))
        self.begin()
        self.w.write_rows("landing/0.json", [{"id": 1}])
        self.wait_for([1], self.ids)
        self.w.write_rows("landing/1.json", [{"id": 2}, {"id": 5}])
        self.process.wait(timeout=SECONDS)
        result = self.end(None)
        self.assertEqual(result.code, 5, result.err)
        self.assertEqual(self.ids(), [1])
        self.assertEqual(self.w.store("select state from runs"), [("failed",)])

    def test_a_source_whose_columns_nobody_knew_is_read_when_it_has_data(self):
        self.w.write("pipeline.yml", WAITING)
        os.makedirs(self.w.path("known"))
        self.begin()
        self.w.write_rows("known/0.json", [{"id": 7}])
        self.wait_for([{"id": 7}], lambda: self.w.rows("other") if "other" in self.w.table_folders() else [])
        self.w.write_rows("landing/0.json", [{"id": 1}])
        self.wait_for([1], lambda: [row["id"] for row in self.w.rows("bronze")] if "bronze" in self.w.table_folders() else [])
        self.assertEqual(self.end().code, 143)
        self.assertEqual(self.w.store("select number, state from runs order by 1"), [(1, "completed"), (2, "canceled")])

    def test_a_stream_that_is_idle_lets_windows_over_tables_close(self):
        self.w.write("pipeline.yml", IDLE)
        for folder in ("a", "b"):
            self.w.write_rows(f"{folder}/0.json", [{"id": 1, "seen": "2026-01-01T00:00:00Z"}])
        self.begin()
        self.w.write_rows("a/1.json", [{"id": 2, "seen": "2026-01-01T05:00:00Z"}])
        self.wait_for(1, lambda: len(self.w.rows("hours")) if "hours" in self.w.table_folders() else 0)
        self.end()

    def test_what_came_while_a_view_was_computed_is_in_it_as_soon_as_it_may_be_computed_again(self):
        self.w.write("pipeline.yml", VIEW)
        self.w.write_rows("landing/000.json", [{"id": 0}])
        self.begin()
        for k in range(1, 9, 2):
            self.wait_for([{"n": k}], lambda: self.w.rows("counted"))
            self.w.write_rows(f"landing/{k:03}.json", [{"id": k}])
            self.wait_for(k + 1, lambda: len(self.w.rows("bronze")))
            self.w.write_rows(f"landing/{k + 1:03}.json", [{"id": k + 1}])  # the view is at work
            self.wait_for(k + 2, lambda: len(self.w.rows("bronze")))
            began = time.monotonic()
            self.wait_for([{"n": k + 2}], lambda: self.w.rows("counted"))
            self.assertLess(time.monotonic() - began, AT_MOST)
        self.assertEqual(self.end().code, 143)

    def test_checks_of_whole_tables_are_looked_at_when_it_ends(self):
        self.w.write("pipeline.yml", CHECKED)
        self.begin()
        self.w.write_rows("landing/0.json", [{"id": 1}, {"id": 1}])
        self.wait_for(2, lambda: len(self.w.rows("bronze")) if "bronze" in self.w.table_folders() else 0)
        result = self.end()
        self.assertEqual(result.code, 5, result.err)
        self.assertIn("does not hold", result.out + result.err)

    def test_a_rebuild_is_refused_together_with_it(self):
        result = self.w.smelt("run", "--continuous", "--full-refresh", "*", "-y")
        self.assertEqual(result.code, 2)
        self.assertIn("run it first", result.err)


if __name__ == "__main__":
    world.run_tests()
