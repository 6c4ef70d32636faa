# SPDX-License-Identifier: Apache-2.0
"""test_replay_records.py -- records that could not be decoded go through the SQL of their flow, once the source takes them.

Tables are read by delta-rs, which shares no code with smelt.
"""
import gzip
import json
import os
import sys
import unittest

import deltalake

sys.path.insert(0, os.path.join(os.environ["SM_SOURCE"], "tests", "crash"))
import world  # noqa: E402

HEAD = "version: 1\npipeline: shop\nschema: shop\nstorage: ./lake\nsources:\n"
ORDERS = """  orders:
    type: files
    path: {path}
    format: {format}
    schema:
      - {{name: id, data_type: BIGINT}}
      - {{name: amount, data_type: {amount}}}
"""
BRONZE = "tables:\n  bronze: {from: orders}\n"


def orders(amount="BIGINT", path="data/*.json", fmt="json", more=""):
    return ORDERS.format(path=path, format=fmt, amount=amount) + more


class Records(unittest.TestCase):
    def setUp(self):
        self.w = world.World(self.id().split(".")[-1][:60])
        self.files = 0

    def project(self, text):
        self.w.write("pipeline.yml", text)

    def smelt(self, *args, code=0):
        result = self.w.smelt(*args)
        self.assertEqual(result.code, code, result.out + result.err)
        return result.out

    def run_json(self):
        doc = json.loads(self.smelt("run", "--json"))
        self.assertEqual(list(world.faults(self.w)), [])
        return {flow["flow"]: flow for flow in doc["flows"]}

    def replay(self, table, *more):
        out = json.loads(self.smelt("quarantine", "replay", table, "--json", *more))
        self.assertEqual(list(world.faults(self.w)), [])
        self.assertEqual(out["left"], len(self.w.rows(table + "__quarantine")))
        staging = self.w.path("lake", ".smelt", "staging")
        self.assertEqual(os.listdir(staging) if os.path.exists(staging) else [], [])
        return out

    def ids(self, table):
        return sorted(row["id"] for row in self.w.rows(table))

    def raws(self, table):
        return sorted(row["_raw"] for row in self.w.rows(table + "__quarantine") if row["_raw"] is not None)

    # ---- what becomes of them ----

    SILVER = """tables:
  silver:
    sql: |
      SELECT o.id, TRY_CAST(ltrim(o.amount::VARCHAR, '#') AS BIGINT) AS amount, s.name
      FROM STREAM(orders) o LEFT JOIN shops s ON s.id = o.id WHERE o.id <> 9
    expectations:
      positive: {expect: amount > 0, on_violation: quarantine}
      small: {expect: amount < 1000, on_violation: drop}
"""
    SHOPS = ("  shops: {type: files, path: shops.csv, format: csv, schema: [{name: id, data_type: BIGINT}, "
             "{name: name, data_type: VARCHAR}]}\n")

    def test_a_record_goes_through_the_whole_sql_and_the_rules_once_it_can_be_decoded(self):
        self.w.write("shops.csv", "id,name\n1,one\n2,two\n")
        self.project(HEAD + orders() + self.SHOPS + self.SILVER)
        self.w.write("data/a.json", '{"id":1,"amount":5}\n{"id":2,"amount":"#8"}\n{"id":3,"amount":"#-1"}\n'
                                    '{"id":4,"amount":"#5000"}\n{"id":9,"amount":"#1"}\nno\n{"id":5,"amount":-7}\n', age=0)
        flow = self.run_json()["silver"]
        self.assertEqual((flow["undecodable"], flow["quarantined"], flow["written"]), (5, 1, 1))
        before = {row["_raw"]: row["_row_id"] for row in self.w.rows("silver__quarantine")}
        os.remove(self.w.path("data", "a.json"))
        self.project(HEAD + orders("VARCHAR") + self.SHOPS + self.SILVER)
        done = self.replay("silver")
        self.assertEqual([done[k] for k in ("taken", "decoded", "written", "dropped", "broken", "undecodable", "left")],
                         [6, 4, 1, 1, 2, 1, 3])
        self.assertEqual({(r["id"], r["amount"], r["name"]) for r in self.w.rows("silver")}, {(1, 5, "one"), (2, 8, "two")})
        kept = {(row["id"], row["_raw"]): row for row in self.w.rows("silver__quarantine")}
        self.assertEqual(sorted(kept, key=str), [(3, None), (5, None), (None, "no")])
        self.assertEqual({key[0]: (row["_attempt"], row["_rules"]) for key, row in kept.items()},
                         {3: (2, ["positive"]), 5: (2, ["positive"]), None: (2, [])})
        self.assertEqual(kept[(None, "no")]["_row_id"], before["no"])
        self.assertEqual((kept[(3, None)]["_flow"], kept[(3, None)]["_run_id"]), ("silver", 1))
        self.assertEqual(self.run_json()["silver"]["read"], 0)

    def test_a_record_that_still_is_none_says_why_today(self):
        self.project(HEAD + orders() + BRONZE)
        self.w.write("data/a.json", '{"id":1,"amount":"x"}\n', age=0)
        self.run_json()
        self.assertIn("amount", self.w.rows("bronze__quarantine")[0]["_reason"])
        self.project((HEAD + orders("VARCHAR") + BRONZE).replace("id, data_type: BIGINT", "id, data_type: DATE"))
        done = self.replay("bronze")
        self.assertEqual((done["undecodable"], done["written"], done["stays"]), (1, 0, []))
        row, = self.w.rows("bronze__quarantine")
        self.assertEqual((row["_attempt"], row["_raw"]), (2, '{"id":1,"amount":"x"}'))
        self.assertIn('"id"', row["_reason"])

    def test_one_record_can_be_chosen(self):
        table = 'tables:\n  bronze: {sql: "SELECT id, amount::VARCHAR AS amount FROM STREAM(orders)"}\n'
        self.project(HEAD + orders() + table)
        self.w.write("data/a.json", '{"id":1,"amount":"x"}\n{"id":2,"amount":"y"}\n', age=0)
        self.run_json()
        self.project(HEAD + orders("VARCHAR") + table)
        row = next(r for r in self.w.rows("bronze__quarantine") if '"y"' in r["_raw"])
        self.assertEqual(self.replay("bronze", "--row", row["_row_id"])["written"], 1)
        self.assertEqual((self.ids("bronze"), self.raws("bronze")), ([2], ['{"id":1,"amount":"x"}']))

    def test_records_that_a_query_does_not_reach_are_judged_all_the_same(self):
        self.w.write("shops.csv", "id,name\n1,one\n")
        self.project(HEAD + orders() + self.SHOPS + self.SILVER.replace("LEFT JOIN", "JOIN"))
        self.w.write("data/a.json", 'no\n{"id":1,"amount":5}\n', age=0)
        self.run_json()
        self.w.write("shops.csv", "id,name\n")
        self.assertEqual(self.replay("silver")["undecodable"], 1)
        self.assertEqual(self.raws("silver"), ["no"])

    def test_every_flow_and_every_input_of_a_table_has_its_own_records(self):
        more = orders(path="more/*.json").replace("orders:", "extras:")
        tables = ("tables:\n  both:\n    flows:\n"
                  "      all: {{sql: \"SELECT id, amount::{0} AS amount, 'a' AS f FROM STREAM(orders) UNION ALL"
                  " SELECT id, amount::{0}, 'b' FROM STREAM(extras)\"}}\n"
                  "      again: {{sql: \"SELECT id, amount::{0} AS amount, 'c' AS f FROM STREAM(orders)\"}}\n")
        self.project(HEAD + orders() + more + tables.format("VARCHAR"))
        self.w.write("data/a.json", '{"id":1,"amount":"x"}\n', age=0)
        self.w.write("more/a.json", '{"id":2,"amount":"y"}\n', age=0)
        self.run_json()
        self.assertEqual(len(self.raws("both")), 3)
        self.project((HEAD + orders() + more + tables.format("VARCHAR")).replace("amount, data_type: BIGINT",
                                                                                 "amount, data_type: VARCHAR"))
        done = self.replay("both")
        self.assertEqual((done["decoded"], done["written"], done["left"]), (3, 3, 0))
        self.assertEqual({(r["id"], r["amount"], r["f"]) for r in self.w.rows("both")},
                         {(1, "x", "a"), (2, "y", "b"), (1, "x", "c")})

    def test_a_new_field_of_a_record_becomes_a_column(self):
        source = "  orders: {type: files, path: data/*.json, format: json, multi_line: %s}\n"
        self.project(HEAD + source % "false" + BRONZE)
        self.w.write("data/a.json", '{"id":1}\n', age=0)
        self.run_json()
        self.w.write("data/b.json", '{"id":2,"more":true}{"id":3,"more":false}\n', age=1)
        self.run_json()
        self.project(HEAD + source % "true" + BRONZE)
        done = self.replay("bronze")
        self.assertEqual((done["decoded"], done["written"]), (1, 2))
        self.assertEqual({(r["id"], r["more"]) for r in self.w.rows("bronze")}, {(1, None), (2, True), (3, False)})
        self.assertEqual(len(self.w.store("select 1 from schema_versions")), 2)
        self.w.write("data/c.json", '{"id":4,"more":true}', age=2)
        self.assertEqual(self.run_json()["bronze"]["written"], 1)

    # ---- where they came from ----

    def test_a_csv_record_has_the_header_the_folder_and_the_metadata_of_its_file(self):
        source = orders(path="data/*/*.csv.gz", fmt="csv", more="      - {name: day, data_type: DATE}\n    include_metadata: true\n")
        self.project(HEAD + source + BRONZE)
        text = b"amount,id\n5,1\nmany,2\n"
        self.w.write("data/day=2026-01-31/a b.csv.gz", gzip.compress(text, mtime=0), age=0)
        self.w.write("data/day=2026-02-01/c.csv.gz", gzip.compress(b"id,amount\n3,few\n", mtime=0), age=1)
        self.run_json()
        meta = self.w.rows("bronze")[0]["_metadata"]
        for name in ("day=2026-01-31/a b.csv.gz", "day=2026-02-01/c.csv.gz"):
            os.remove(self.w.path("data", name))
        self.project(HEAD + source.replace("amount, data_type: BIGINT", "amount, data_type: VARCHAR") + BRONZE)
        refused = self.w.smelt("quarantine", "replay", "bronze")
        self.assertNotEqual(refused.code, 0)  # the table has a BIGINT
        self.project(HEAD + source.replace("format: csv", "format: csv\n    null_value: many") + BRONZE)
        done = self.replay("bronze")
        self.assertEqual((done["written"], done["undecodable"]), (1, 1))
        row = next(r for r in self.w.rows("bronze") if r["id"] == 2)
        self.assertEqual((row["amount"], str(row["day"]), row["_metadata"]), (None, "2026-01-31", meta))
        self.assertEqual(self.raws("bronze"), ["3,few"])

    def test_names_of_files_keep_each_byte(self):
        source = "  orders:\n    type: files\n    path: data\n    format: json\n    include_metadata: true\n" \
                 "    schema: [{name: id, data_type: %s}]\n"
        tables = 'tables:\n  bronze: {sql: "SELECT id::VARCHAR AS id, _metadata.file_name AS f FROM STREAM(orders)"}\n'
        self.project(HEAD + source % "BIGINT" + tables)
        os.makedirs(self.w.path("data"))
        with open(os.fsencode(self.w.path("data")) + b"/%41\xff.json", "wb") as f:
            f.write(b'{"id":1}\n{"id":"x"}\n')
        self.run_json()
        self.project(HEAD + source % "VARCHAR" + tables)
        self.assertEqual(self.replay("bronze")["written"], 1)
        self.assertEqual([r["f"] for r in self.w.rows("bronze")], ["%2541%FF.json"] * 2)

    def test_an_open_bracket_takes_no_other_record_with_it(self):
        source = orders(more="    multi_line: true\n")
        self.project(HEAD + source + BRONZE.replace("{from: orders}", '{sql: "SELECT id, amount::VARCHAR AS amount FROM STREAM(orders)"}'))
        self.w.write("data/a.json", '[{"id":1,\n"amount":5},\n{"id":2,\n"amount":"x"},{"id":4,"amount":"y"}]', age=0)
        self.w.write("data/b.json", '{"id":3,\n "amount":{"a":1}', age=1)
        self.run_json()
        self.assertEqual(len(self.raws("bronze")), 3)
        self.project(HEAD + source.replace("amount, data_type: BIGINT", "amount, data_type: VARCHAR") +
                     BRONZE.replace("{from: orders}", '{sql: "SELECT id, amount FROM STREAM(orders)"}'))
        done = self.replay("bronze")
        self.assertEqual((done["written"], done["undecodable"]), (2, 1))
        self.assertEqual(self.ids("bronze"), [1, 2, 4])

    def test_a_record_of_several_lines_is_taken_whole_or_not_at_all(self):
        lines = HEAD + orders("VARCHAR") + BRONZE
        self.project(HEAD + orders("BOOLEAN", more="    multi_line: true\n") +
                     'tables:\n  bronze: {sql: "SELECT id, amount::VARCHAR AS amount FROM STREAM(orders)"}\n')
        self.w.write("data/a.json", '{"id":1,\n"amount":"x"}', age=0)
        self.run_json()
        self.project(lines)
        self.assertEqual(self.replay("bronze")["undecodable"], 1)
        self.assertEqual(self.ids("bronze") if "bronze" in self.w.table_folders() else [], [])

    # ---- which stay as they are ----

    def stays(self, table):
        done = self.replay(table)
        self.assertEqual((done["written"], done["broken"]), (0, 0))
        self.assertEqual({row["_attempt"] for row in self.w.rows(table + "__quarantine")}, {1})
        return [(stay["rows"], stay["why"]) for stay in done["stays"]]

    def test_a_record_of_which_not_every_byte_is_kept_stays(self):
        self.project(HEAD + orders() + BRONZE)
        self.w.write("data/a.json", b'{"id":1,"amount":"\xff"}\n', age=0)
        self.w.write("data/b.json", b'{"id":1,"amount":"' + b"x" * (17 << 20) + b'"}\n', age=1)
        self.run_json()
        self.project(HEAD + orders("VARCHAR") + BRONZE)
        (rows, why), = self.stays("bronze")
        self.assertEqual(rows, 2)
        self.assertIn("does not have all of their bytes", why)

    def test_a_record_whose_flow_reads_its_source_no_more_stays(self):
        self.project(HEAD + orders() + orders(path="more/*.json").replace("orders:", "extras:") + BRONZE)
        self.w.write("data/a.json", '{"id":1,"amount":"x"}\n', age=0)
        self.run_json()
        self.project(HEAD + orders() + orders(path="more/*.json").replace("orders:", "extras:") +
                     BRONZE.replace("orders", "extras"))
        (rows, why), = self.stays("bronze")
        self.assertEqual((rows, why), (1, 'no flow of the table reads "orders" as a stream any more'))

    def test_a_record_of_a_view_that_is_computed_anew_stays(self):
        self.project(HEAD + orders() + "tables:\n  sums: {type: materialized_view, sql: SELECT sum(amount) AS id FROM orders}\n")
        self.w.write("data/a.json", '{"id":1,"amount":"x"}\n', age=0)
        self.run_json()
        self.assertIn("computed anew", self.stays("sums")[0][1])

    def older(self, table):
        """The quarantine as a version wrote it that kept nothing of the file."""
        folder = self.w.table_folders()[table + "__quarantine"]
        rows = deltalake.DeltaTable(folder).to_pyarrow_table().drop_columns(["_source_file"])
        deltalake.write_deltalake(folder, rows, mode="overwrite", schema_mode="overwrite")

    def test_a_json_record_of_an_older_quarantine_is_replayed(self):
        self.project(HEAD + orders() + 'tables:\n  bronze: {sql: "SELECT id, amount::VARCHAR AS amount FROM STREAM(orders)"}\n')
        self.w.write("data/a.json", b'{"id":1,"amount":"x"}\n{"id":2,"amount":"\xff"}\n', age=0)
        self.run_json()
        self.older("bronze")
        self.project(HEAD + orders("VARCHAR") + 'tables:\n  bronze: {sql: "SELECT id, amount FROM STREAM(orders)"}\n')
        done = json.loads(self.smelt("quarantine", "replay", "bronze", "--json"))
        self.assertEqual((done["written"], done["left"], [s["rows"] for s in done["stays"]]), (1, 1, [1]))
        self.w.write("data/b.json", "no\n", age=1)
        self.run_json()
        self.assertEqual(sorted(r["_source_file"] is None for r in self.w.rows("bronze__quarantine")), [False, True])

    def test_a_csv_record_of_an_older_quarantine_stays(self):
        self.project(HEAD + orders(path="data/*.csv", fmt="csv") + BRONZE)
        self.w.write("data/a.csv", "id,amount\n1,x\n", age=0)
        self.run_json()
        self.older("bronze")
        done = json.loads(self.smelt("quarantine", "replay", "bronze", "--json"))
        self.assertEqual((done["left"], done["stays"][0]["rows"]), (1, 1))
        self.assertIn("kept before", done["stays"][0]["why"])
        self.assertIn("1 undecodable: they were kept before", self.smelt("quarantine", "replay", "bronze"))

    def test_a_source_that_drops_such_records_today_drops_none_that_was_kept(self):
        self.project(HEAD + orders() + BRONZE)
        self.w.write("data/a.json", 'no\n', age=0)
        self.run_json()
        for policy in ("drop", "fail"):
            self.project(HEAD + orders(more=f"    on_decode_error: {policy}\n") + BRONZE)
            self.assertEqual(self.replay("bronze")["undecodable"], 1)


if __name__ == "__main__":
    world.run_tests()
