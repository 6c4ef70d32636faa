# SPDX-License-Identifier: Apache-2.0
"""test_checks.py -- what must be true of whole tables, looked at when they are written."""
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.environ["SM_SOURCE"], "tests", "crash"))
import world  # noqa: E402

PIPELINE = """version: 1
pipeline: shop
storage: ./lake
sources:
  orders: {type: files, path: "orders/*.json", format: json, schema_hints: "id BIGINT, day VARCHAR, customer INT"}
  people: {type: files, path: "people/*.json", format: json, schema_hints: "id BIGINT, day VARCHAR"}
tables:
  sold:
    %(head)s
    expectations:
      rule: %(rule)s
  days:
    type: materialized_view
    sql: SELECT day, count(*) AS n FROM sold GROUP BY day
  customers: {from: people}
"""
STREAM = "from: orders"
HEADS = {"streaming_table": "from: orders",
         "materialized_view": "type: materialized_view\n    sql: SELECT * FROM orders"}


class Checks(unittest.TestCase):
    def setUp(self):
        self.w = world.World(self.id().split(".")[-1][:60])
        self.files = 0

    def project(self, rule, head="streaming_table"):
        self.w.write("pipeline.yml", PIPELINE % {"head": HEADS[head], "rule": rule})

    def arrive(self, folder, *rows):
        self.w.write_rows(f"{folder}/{self.files:03}.json", rows, age=self.files)
        self.files += 1

    def order(self, i, day="mon", customer=1):
        return {"id": i, "day": day, "customer": customer}

    def run_json(self, code=0, *args):
        result = self.w.smelt("run", "--json", *args)
        self.assertEqual(result.code, code, result.out + result.err)
        doc = json.loads(result.out)
        self.assertEqual(list(world.faults(self.w)), [])
        return {flow["flow"]: flow for flow in doc["flows"]}

    def looked(self, flow):
        """(failed, passed) of the rule, None when it was not looked at."""
        rules = flow["expectations"]
        return (rules[0]["failed"], rules[0]["passed"]) if rules else None

    # ---- what is counted ----

    def judge(self, rule, orders, failed, passed, key=None, people=()):
        """Both policies over both kinds of table: the same counts, another end."""
        text = PIPELINE[:PIPELINE.index("  sold:")] + "  customers: {from: people}\n"
        for head in HEADS:
            for policy in ("warn", "fail"):
                name = f"{head}_{policy}"
                text += f"  {name}:\n    {HEADS[head]}\n    expectations:\n" \
                        f"      rule: {{{rule.replace('THIS', name)}, on_violation: {policy}}}\n" \
                        f"  after_{name}: {{type: materialized_view, sql: SELECT count(*) AS n FROM {name}}}\n"
        self.w.write("pipeline.yml", text)
        self.arrive("orders", *orders)
        self.arrive("people", *people)
        flows = self.run_json(5 if failed else 0)
        for head in HEADS:
            for policy in ("warn", "fail"):
                name, stops = f"{head}_{policy}", policy == "fail" and failed > 0
                flow, after = flows[name], flows["after_" + name]
                self.assertEqual(self.looked(flow), (failed, passed), name)
                self.assertEqual(flow["state"], "failed" if stops else "succeeded_with_warnings" if failed
                                 else "succeeded")
                self.assertEqual(after["state"], "skipped" if stops else "succeeded")
                self.assertEqual(len(self.w.rows(name)), len(orders), "what is written stays")
                if key is not None:
                    self.assertEqual(flow["expectations"][0]["samples"][0], key)

    def test_unique_counts_each_row_that_has_the_key_of_another(self):
        self.judge("unique: id", [self.order(1), self.order(1), self.order(2), self.order(1)], 3, 1,
                   {"id": 1, "_rows": 3})

    def test_unique_does_not_compare_rows_with_null(self):
        self.judge("unique: [id, day]", [self.order(None), self.order(None), self.order(1, None), self.order(1, None)],
                   0, 4)

    def test_unique_of_several_columns_compares_all_of_them(self):
        self.judge("unique: [id, day]", [self.order(1), self.order(1, "tue"), self.order(1)], 2, 1,
                   {"id": 1, "day": "mon", "_rows": 2})

    def test_foreign_key_counts_rows_without_partner_and_passes_null(self):
        self.judge("foreign_key: {columns: customer, to: customers, field: id}",
                   [self.order(1), self.order(2, "mon", 7), self.order(3, "mon", 7), self.order(4, "mon", None)], 2, 2,
                   {"customer": 7, "_rows": 2}, [{"id": 1}, {"id": None}])

    def test_foreign_key_of_several_columns_needs_one_partner_for_all(self):
        self.judge("foreign_key: {columns: [customer, day], to: customers, field: [id, day]}",
                   [self.order(1), self.order(2, "tue"), self.order(3, None)], 1, 2,
                   {"customer": 1, "day": "tue", "_rows": 1}, [{"id": 1, "day": "mon"}, {"id": 2, "day": "tue"}])

    def test_foreign_key_into_the_same_table(self):
        self.judge("foreign_key: {columns: customer, to: THIS, field: id}",
                   [self.order(1, "mon", None), self.order(2, "mon", 1), self.order(3, "mon", 9)], 1, 2,
                   {"customer": 9, "_rows": 1})

    def test_row_count_below_its_least(self):
        self.judge("row_count: {min: 3}", [self.order(1)], 1, 0)

    def test_row_count_above_its_greatest(self):
        self.judge("row_count: {max: 1}", [self.order(1), self.order(2)], 1, 0)

    def test_row_count_within_its_bounds(self):
        self.judge("row_count: {min: 2, max: 2}", [self.order(1), self.order(2)], 0, 1)

    def test_thresholds_say_how_many_rows_are_too_many(self):
        rows = [self.order(1), self.order(1), self.order(2), self.order(3)]
        self.project('{unique: id, warn_if: "> 2", fail_if: "> 60%"}')
        self.arrive("orders", *rows)
        self.arrive("people", {"id": 1})
        self.assertEqual(self.run_json()["sold"]["state"], "succeeded")
        self.project('{unique: id, fail_if: ">= 50%"}')
        rule = self.run_json(5)["sold"]["expectations"][0]
        self.assertEqual((rule["crossed"], rule["failed"]), ("fail_if", 2))

    # ---- when it is looked at ----

    def test_a_foreign_key_waits_for_its_table_in_the_same_run(self):
        self.project("{foreign_key: {columns: customer, to: customers, field: id}, on_violation: fail}")
        for i in range(1, 6):
            self.arrive("orders", self.order(i, "mon", i))
            self.arrive("people", {"id": i})
            self.assertEqual(self.looked(self.run_json()["sold"]), (0, i))

    def test_an_idle_run_does_not_look_again_and_opens_no_engine(self):
        self.project("{unique: id}")
        self.arrive("orders", self.order(1), self.order(1))
        self.arrive("people", {"id": 1})
        self.assertEqual(self.looked(self.run_json()["sold"]), (2, 0))
        os.environ["SMELT_DUCKDB"] = "/nowhere/libduckdb.so"
        try:
            self.assertEqual(self.run_json()["sold"]["state"], "idle")
        finally:
            del os.environ["SMELT_DUCKDB"]

    def test_a_table_that_fails_is_looked_at_until_it_holds(self):
        self.project("{row_count: {min: 2}, on_violation: fail}")
        self.arrive("orders", self.order(1))
        self.arrive("people", {"id": 1})
        self.run_json(5)
        flows = self.run_json(5)
        self.assertEqual((flows["sold"]["batches"], flows["days"]["state"]), (0, "skipped"))
        self.arrive("orders", self.order(2))
        flows = self.run_json()
        self.assertEqual((flows["sold"]["state"], flows["days"]["state"]), ("succeeded", "succeeded"))

    def test_a_check_that_is_new_or_changed_is_looked_at_without_new_rows(self):
        self.project("{unique: id}")
        self.arrive("orders", self.order(1), self.order(2))
        self.arrive("people", {"id": 1})
        self.run_json()
        self.project("{unique: day, on_violation: fail}")
        flow = self.run_json(5)["sold"]
        self.assertEqual((flow["batches"], self.looked(flow)), (0, (2, 0)))

    def test_a_parent_that_changes_alone_has_the_key_looked_at_again(self):
        self.project("{foreign_key: {columns: customer, to: customers, field: id}}")
        self.arrive("orders", self.order(1, "mon", 2))
        self.arrive("people", {"id": 1})
        self.assertEqual(self.looked(self.run_json()["sold"]), (1, 0))
        self.arrive("people", {"id": 2})
        self.assertEqual(self.looked(self.run_json()["sold"]), (0, 1))

    def test_a_run_killed_between_commit_and_check_leaves_the_check_due(self):
        self.project("{unique: id, on_violation: fail}")
        self.arrive("orders", self.order(1), self.order(1))
        self.arrive("people", {"id": 1})
        result = self.w.smelt("run", "--select", "sold", failpoint="flow.after_done:1:kill")
        self.assertTrue(world.killed(result), result.out + result.err)
        flow = self.run_json(5)["sold"]
        self.assertEqual((flow["batches"], self.looked(flow)), (0, (2, 0)))

    def test_rows_that_come_back_from_the_quarantine_have_the_table_looked_at_again(self):
        both = ("{unique: id, on_violation: fail}\n"
                "      early: {expect: \"day = '%s' OR id < 2\", on_violation: quarantine}")
        self.project(both % "mon")
        self.arrive("orders", self.order(7), self.order(7, "tue"))
        self.arrive("people", {"id": 1})
        self.run_json()
        self.assertEqual(len(self.w.rows("sold")), 1)
        self.project(both % "mon' OR day = 'tue")
        result = self.w.smelt("quarantine", "replay", "sold", "--yes")
        self.assertEqual(result.code, 0, result.out + result.err)
        self.assertEqual(len(self.w.rows("sold")), 2)
        flow = self.run_json(5)["sold"]
        self.assertEqual([(r["failed"], r["passed"]) for r in flow["expectations"] if r["name"] == "rule"], [(2, 0)])

    def test_the_last_of_several_flows_looks_once(self):
        self.w.write("pipeline.yml", PIPELINE.replace("    %(head)s\n", """    flows:
      a: {sql: "SELECT id, day, customer FROM STREAM(orders)"}
      b: {sql: "SELECT id, day, 0 AS customer FROM STREAM(people)"}
""") % {"rule": "{unique: id}"})
        self.arrive("orders", self.order(1), self.order(2))
        self.arrive("people", {"id": 1}, {"id": 3})
        flows = self.run_json()
        seen = [r for f in ("sold.a", "sold.b") for r in flows[f]["expectations"]]
        self.assertEqual([(r["failed"], r["passed"]) for r in seen], [(2, 2)])

    def test_a_key_whose_table_failed_is_left_for_the_next_run(self):
        text = PIPELINE % {"head": STREAM,
                           "rule": "{foreign_key: {columns: customer, to: customers, field: id}, on_violation: fail}"}
        bad = text.replace("customers: {from: people}",
                           "customers: {from: people, expectations: {no: {expect: id > 5, on_violation: fail}}}")
        self.w.write("pipeline.yml", bad)
        self.arrive("orders", self.order(1))
        self.arrive("people", {"id": 1})
        flows = self.run_json(5)
        self.assertEqual((flows["customers"]["state"], flows["sold"]["state"]), ("failed", "succeeded"))
        self.w.write("pipeline.yml", text)
        self.assertEqual(self.looked(self.run_json()["sold"]), (0, 1))

    def test_column_tests_unique_and_relationships(self):
        self.w.write("pipeline.yml", (PIPELINE % {"head": STREAM, "rule": "id > 0"}).replace("  days:", """    columns:
      - name: customer
        tests: [unique, {relationships: {to: customers, field: id}}]
  days:"""))
        self.arrive("orders", self.order(1), self.order(2), self.order(3, "mon", 8))
        self.arrive("people", {"id": 1})
        rules = {r["name"]: (r["failed"], r["passed"]) for r in self.run_json()["sold"]["expectations"]}
        self.assertEqual(rules, {"rule": (0, 3), "customer_unique": (2, 1), "customer_relationships": (1, 2)})

    # ---- where it is told ----

    def test_reports_and_events_name_the_check_and_a_key(self):
        self.project("{unique: id, on_violation: fail}")
        self.arrive("orders", self.order(7), self.order(7))
        self.arrive("people", {"id": 1})
        result = self.w.smelt("run", "--report", "junit=r.xml", "--report", "sarif=r.sarif")
        self.assertEqual(result.code, 5)
        self.assertIn('rule  2 of 2 rows (100%) have the key of another row, for example {"id":7,"_rows":2}',
                      result.out)
        with open(self.w.path("r.xml"), encoding="utf-8") as f:
            self.assertIn('<failure type="rule" message="unique (id): 2 of 2 rows (100%)', f.read())
        with open(self.w.path("r.sarif"), encoding="utf-8") as f:
            self.assertIn("rule does not hold: 2 of 2 rows", f.read())
        events = self.w.smelt("events", "--run", "1", "--level", "warn", "--json").out
        self.assertIn("check_result", events)
        self.assertIn('"_rows": 2', events)

    def test_keys_of_any_size_are_told_in_few_words(self):
        large = "(too large to show)"
        for size, shown, example in ((500, "m" * 500, ""),
                                     (500000, large, f', for example {{"id":7,"day":"{large}","_rows":2}}')):
            with self.subTest(size):
                self.w = world.World(f"keys_{size}")
                self.project("{unique: [id, day], on_violation: fail}")
                self.arrive("orders", self.order(7, "m" * size), self.order(7, "m" * size))
                self.arrive("people", {"id": 1})
                rule = self.run_json(5)["sold"]["expectations"][0]
                self.assertEqual(rule["samples"], [{"id": 7, "day": shown, "_rows": 2}])
                (error,), = self.w.store("select message from events where type = 'flow_failed'")
                self.assertIn(f"have the key of another row{example}; what is written stays", error)
                (details,), = self.w.store("select details from events where type = 'check_result'")
                self.assertEqual(json.loads(details)["samples"], rule["samples"])


if __name__ == "__main__":
    world.run_tests()
