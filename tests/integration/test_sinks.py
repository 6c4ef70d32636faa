# SPDX-License-Identifier: Apache-2.0
"""test_sinks.py -- rows of tables in files and in Delta tables elsewhere, also when the program is killed."""
import glob
import json
import os
import shlex
import signal
import sys
import unittest

import duckdb
import pyarrow.parquet
from deltalake import DeltaTable, write_deltalake

SOURCE = os.environ["SM_SOURCE"]
sys.path.insert(0, os.path.join(SOURCE, "tests", "crash"))
import world  # noqa: E402

PIPELINE = """version: 1
pipeline: p
schema: s
storage: ./lake
sources:
  feed: {type: files, path: "in/*.json", format: json, schema: [{name: id, data_type: BIGINT}, {name: t, data_type: TIMESTAMP}], max_files_per_trigger: 1}
tables:
  bronze: {from: feed}
sinks:
"""
FILES = "  out: {type: files, from: bronze, path: out, format: %s}\n"
DELTA = "  out: {type: delta, from: bronze, path: out}\n"


class SinkTest(unittest.TestCase):
    def setUp(self):
        self.w = world.World(self.id().split(".")[-1][:60])
        self.out = self.w.path("out")

    def pipeline(self, sink):
        self.w.write("pipeline.yml", PIPELINE + sink)

    def feed(self, *ids):
        for i in ids:
            self.w.write(f"in/{i}.json", json.dumps({"id": i, "t": "2026-01-01T00:00:00.5Z"}) + "\n")

    def run_ok(self, *words):
        done = self.w.run(*words)
        self.assertEqual(done.code, 0, done.out + done.err)
        return done.out

    def files(self):
        return [name for name in os.listdir(self.out) if not name.startswith(".")]

    def ids_of_files(self):
        rows = duckdb.sql(f"SELECT id FROM read_json('{self.out}/*.json')").fetchall()
        return sorted(row[0] for row in rows)

    def ids_of_table(self):
        return sorted(DeltaTable(self.out).to_pyarrow_table()["id"].to_pylist())

    # --- Forms ---

    def test_files_have_all_rows_in_each_format(self):
        for form, expected in (
                ("json", '{"id":1,"t":"2026-01-01T00:00:00.500000Z"}\n'),
                ("csv", "id,t\n1,2026-01-01T00:00:00.500000Z\n"),
                ("parquet", None)):
            with self.subTest(form=form):
                self.w = world.World(f"files_{form}")
                self.out = self.w.path("out")
                self.pipeline(FILES % form)
                self.feed(1)
                self.run_ok()
                self.run_ok()  # nothing new, no file
                names = self.files()
                self.assertEqual(len(names), 1, names)
                self.assertRegex(names[0], rf"^out-[0-9a-f-]{{36}}-00000000\.{form}$")
                if form == "parquet":
                    table = pyarrow.parquet.read_table(f"{self.out}/{names[0]}")
                    self.assertEqual(str(table.schema.field("t").type), "timestamp[us, tz=UTC]")
                    self.assertEqual(table["id"].to_pylist(), [1])
                else:
                    with open(f"{self.out}/{names[0]}", encoding="utf-8") as f:
                        self.assertEqual(f.read(), expected)

    def test_a_delta_table_of_others_takes_rows_beside_theirs(self):
        write_deltalake(self.out, duckdb.sql("SELECT 100::BIGINT AS id").to_arrow_table())
        self.pipeline(DELTA)
        self.feed(1, 2)
        self.run_ok()
        write_deltalake(self.out, duckdb.sql("SELECT 101::BIGINT AS id").to_arrow_table(), mode="append",
                        schema_mode="merge")
        self.feed(3)
        self.run_ok()
        self.assertEqual(self.ids_of_table(), [1, 2, 3, 100, 101])
        done = self.w.smelt("checkpoint", "reset", "out", "--yes")  # all is sent again, nothing of others goes
        self.assertEqual(done.code, 0, done.out + done.err)
        self.run_ok()
        self.assertEqual(self.ids_of_table(), [1, 1, 2, 2, 3, 3, 100, 101])

    # --- Promises ---

    def test_a_kill_neither_loses_nor_doubles(self):
        points = ["flow.after_decided", "flow.after_publish"]
        for sink, ids, own in ((FILES % "json", self.ids_of_files, "fs.link"), (DELTA, self.ids_of_table, "delta.after_link")):
            for point in [*points, own]:
                kills = 0
                for number in (1, 2, 4):  # of the table, of the sink
                    with self.subTest(sink=sink, point=point, number=number):
                        self.w = world.World("killed")
                        self.out = self.w.path("out")
                        self.pipeline(sink)
                        self.feed(1)
                        self.run_ok()
                        self.feed(2, 3)
                        done = self.w.run(failpoint=f"{point}:{number}:kill")
                        self.assertIn(done.code, (0, -signal.SIGKILL), done.err)
                        kills += world.killed(done)
                        self.run_ok()
                        self.assertEqual(ids(), [1, 2, 3])
                self.assertGreater(kills, 0, point)

    def test_a_file_that_was_taken_is_done_and_one_that_was_lost_is_told(self):
        for point, lost in (("flow.after_publish", False), ("flow.after_decided", True)):
            with self.subTest(point=point):
                self.w = world.World("taken")
                self.out = self.w.path("out")
                self.pipeline(FILES % "json")
                self.feed(1)
                done = self.w.run(failpoint=f"{point}:2:kill")
                self.assertEqual(done.code, -signal.SIGKILL, done.err)
                for name in os.listdir(self.out):
                    if not name.endswith(".sent"):
                        os.unlink(os.path.join(self.out, name))
                done = self.w.run()
                if lost:
                    self.assertEqual(done.code, 11, done.err)
                    self.assertIn("smelt checkpoint reset out", done.out)
                else:
                    self.assertEqual(done.code, 0, done.err)
                    self.assertEqual(self.files(), [])

    def test_a_kill_after_a_reset_is_no_older_control_store(self):
        self.pipeline(FILES % "json")
        for i in range(3):
            self.feed(i)
            self.run_ok()
        self.assertEqual(self.w.smelt("checkpoint", "reset", "out", "--yes").code, 0)
        done = self.w.run(failpoint="flow.after_decided:1:kill")
        self.assertEqual(done.code, -signal.SIGKILL, done.err)
        self.run_ok()
        self.assertEqual(self.ids_of_files(), [0, 0, 1, 1, 2, 2])

    def test_the_plan_says_what_each_promises(self):
        self.pipeline(FILES % "json" + DELTA.replace("out:", "there:").replace("path: out", "path: there"))
        self.feed(1)
        said = self.w.smelt("plan").out
        self.assertRegex(said, r"out +\+ new +at least once")
        self.assertRegex(said, r"there +\+ new +exactly once")

    def test_the_page_of_the_guide_does_what_it_says(self):
        with open(f"{SOURCE}/docs/guide/sinks.md", encoding="utf-8") as f:
            page = f.read()
        self.w.write("pipeline.yml", page.split("```yaml\n")[1].split("```")[0])
        self.w.write("orders/1.json", '{"id": 1, "price": 150}\n{"id": 2, "price": 50}\n')
        for line in page.split("```sh\n")[1].split("```")[0].strip().split("\n"):
            done = self.w.smelt(*shlex.split(line)[1:])
            self.assertEqual(done.code, 0, done.out + done.err)
        with open(glob.glob(self.w.path("outgoing", "partner", "*.csv"))[0], encoding="utf-8") as f:
            self.assertEqual(f.read(), "id,price\n1,150\n")
        self.assertEqual(DeltaTable(self.w.path("outgoing", "orders")).to_pyarrow_table().num_rows, 2)


if __name__ == "__main__":
    world.run_tests()
