# SPDX-License-Identifier: Apache-2.0
"""test_cost.py -- where the time of batches went, what that costs, and what would help."""
import contextlib
import os
import re
import sqlite3
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import http_lib  # noqa: E402

DAY_MS = 24 * 60 * 60 * 1000
PATIENCE = 60


class Cost(unittest.TestCase):
    def setUp(self):
        self.w = http_lib.world.World(self.id().split(".")[-1][:60])

    def test_where_the_time_of_batches_went_is_told_and_that_they_are_too_short(self):
        self.w.write("pipeline.yml", "version: 1\npipeline: drops\nstorage: ./lake\nsources:\n  drops: {type: files, path: drops, "
                     "format: json, max_files_per_trigger: 1, schema: [{name: id, data_type: BIGINT}]}\ntables:\n  kept: {from: drops}\n")
        for i in range(22):
            self.w.write_rows(f"drops/{i:02}.json", [{"id": i}], age=i)
        self.assertEqual(self.w.smelt("run").code, 0)
        with http_lib.Server(self.w.folder) as s:
            base = "/api/v1/pipelines/drops/"
            run = s.ask(base + "runs/1").json()
            batches = s.ask(base + "streaming?since=600").json()["batches"]
            self.assertEqual(len(batches), 22)
            names = ["plan", "open", "read", "compute", "sync", "keep", "decide", "publish"]
            for b in batches:
                self.assertEqual(list(b["phases_us"]), names)
                self.assertLessEqual(sum(b["phases_us"].values()), 1000 * (b["duration_ms"] + 2), b)
            for name in names:  # a run has what its batches had
                self.assertEqual(run["phases_us"][name], sum(b["phases_us"][name] for b in batches), name)
            self.assertEqual(run["flows"][0]["cpu_us"], sum(b["cpu_us"] for b in batches))
            self.assertGreater(min(b["cpu_us"] for b in batches), 0)
            self.assertEqual(s.ask(base + "checkpoints/kept").json()["batches"][0]["phases_us"], batches[-1]["phases_us"])
            # On this disk a batch may be short or not: what is told is what its phases say.
            newest = [b["phases_us"] for b in batches[-20:]]
            work = sum(p[name] for p in newest for name in ("read", "compute", "keep"))
            told = {a["kind"] for a in s.ask(base + "streaming?since=600").json()["advice"]}
            self.assertEqual("short_batches" in told, 2 * work < sum(sum(p.values()) for p in newest))
        self.assertIn("Phases  ", self.w.smelt("runs", "1").out)

    def test_a_pipeline_that_waits_all_day_is_told_what_its_runs_would_cost(self):
        self.w.write("smelt.yml", "version: 1\nserver: {price_per_cpu_hour: 360000}\n")
        self.w.write("pipeline.yml", "version: 1\npipeline: drops\nstorage: ./lake\ntrigger: continuous\nsources:\n  drops: {type: files, "
                     "path: drops, format: json, schema: [{name: id, data_type: BIGINT}]}\ntables:\n  kept: {from: drops}\n")
        self.w.write_rows("drops/1.json", [{"id": 1}])
        with http_lib.Serve(self.w.folder) as s:
            base = "/api/v1/pipelines/drops/"
            until = time.monotonic() + PATIENCE
            while s.ask(base + "runs/1").status != 200 or "phases_us" not in s.ask(base + "runs/1").json():
                self.assertLess(time.monotonic(), until)
            self.assertEqual([a for a in s.ask(base + "streaming").json()["advice"] if a["kind"] == "idle"], [])
            with contextlib.closing(sqlite3.connect(self.w.path("lake/.smelt/control/smelt.db"), timeout=PATIENCE)) as db, db:
                db.execute("update run_flows set started_ms = started_ms - ?", (DAY_MS,))
            told, = [a for a in s.ask(base + "streaming").json()["advice"] if a["kind"] == "idle"]
            cpu_s = s.ask(base + "runs/1").json()["cpu_us"] / 1e6
        shown = re.search(r"a run costs about ([\d.]+) CPU-seconds \(([\d.]+) in money\)", told["message"])
        self.assertIsNotNone(shown, told["message"])
        for text, value in zip(shown.groups(), (cpu_s, cpu_s * 100)):
            self.assertAlmostEqual(float(text) / value, 1, delta=0.1, msg=told["message"])
        self.assertIn("was at work for", told["message"])


if __name__ == "__main__":
    unittest.main(verbosity=2, warnings="ignore")
