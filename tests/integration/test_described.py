# SPDX-License-Identifier: Apache-2.0
"""test_described.py -- what a table says of itself follows the pipeline's file.

Tables are read by delta-rs, which shares no code with smelt.
"""
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.environ["SM_SOURCE"], "tests", "crash"))
import deltalake  # noqa: E402
import world  # noqa: E402

PIPELINE = """version: 1
pipeline: shop
storage: ./lake
sources:
  orders: {type: files, path: "data/*.json", format: json, schema: [{name: id, data_type: BIGINT}]}
tables:
  sold:
    from: orders
    description: %(about)s
    properties: {owner: %(owner)s, delta.logRetentionDuration: interval 9 days}
    columns: [{name: id, description: %(comment)s}]
  total: {type: materialized_view, sql: SELECT count(*) AS n FROM orders, description: %(about)s}
"""
FIRST, SECOND = {"about": "old", "owner": "ada", "comment": "was"}, {"about": "new", "owner": "eve", "comment": "is"}


class Described(unittest.TestCase):
    def setUp(self):
        self.w = world.World(self.id().split(".")[-1][:60])
        self.w.write_rows("data/1.json", [{"id": 1}, {"id": 2}])
        self.go(FIRST)

    def go(self, words, failpoint=None):
        self.w.write("pipeline.yml", PIPELINE % words)
        result = self.w.smelt("run", "--json", failpoint=failpoint)
        if failpoint:
            self.assertTrue(world.killed(result), result.out + result.err)
            return None
        self.assertEqual(result.code, 0, result.out + result.err)
        self.assertEqual(list(world.faults(self.w)), [])
        return {flow["flow"]: flow for flow in json.loads(result.out)["flows"]}

    def table(self, name):
        return deltalake.DeltaTable(self.w.path("lake/shop", name))

    def check(self, words, version):
        sold = self.table("sold")
        self.assertEqual((sold.version(), sold.metadata().description), (version, words["about"]))
        self.assertEqual(sold.metadata().configuration,
                         {"owner": words["owner"], "delta.logRetentionDuration": "interval 9 days"})
        self.assertEqual(json.loads(sold.schema().to_json())["fields"][0]["metadata"], {"comment": words["comment"]})
        self.assertEqual(self.table("total").metadata().description, words["about"])
        self.assertEqual(sorted(row["id"] for row in self.w.rows("sold")), [1, 2])

    def test_a_new_table_has_them_from_its_first_commit(self):
        self.check(FIRST, 0)

    def test_a_change_alone_is_one_commit_and_later_runs_make_none(self):
        flows = self.go(SECOND)
        self.check(SECOND, 1)
        self.assertEqual((flows["sold"]["read"], flows["sold"]["written"]), (0, 0))
        self.assertEqual(self.go(SECOND)["sold"]["state"], "idle")
        self.check(SECOND, 1)

    def test_a_run_killed_before_or_after_the_commit_makes_it_once(self):
        for i, point in enumerate(("flow.after_decided", "flow.after_publish")):
            words = dict(SECOND, about=f"try {i}")
            self.go(words, failpoint=f"{point}:1:kill")
            self.go(words)
            self.check(words, i + 1)


if __name__ == "__main__":
    world.run_tests()
