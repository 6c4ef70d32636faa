# SPDX-License-Identifier: Apache-2.0
"""test_quarantine.py -- rows that a table does not take are kept beside it, whole and with reasons.

Tables are read by delta-rs, which shares no code with smelt.
"""
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.environ["SM_SOURCE"], "tests", "crash"))
import world  # noqa: E402

PIPELINE = """version: 1
pipeline: shop
schema: shop
storage: ./lake
sources:
  orders:
    type: files
    path: data/*.json
    format: json
    schema:
      - {name: id, data_type: BIGINT}
      - {name: amount, data_type: DOUBLE}
      - {name: who, data_type: VARCHAR}
tables:
  bronze: {from: orders}
  silver:
    sql: "SELECT id, amount, who, {'at': [id]} AS nested, random() AS dice FROM STREAM(bronze)"
    expectations:
      positive: {expect: amount > 0, on_violation: quarantine}
      known: {expect: who IS NOT NULL, on_violation: drop}
      small: amount < 1000
"""
OWN = ["_rules", "_raw", "_source", "_run_id", "_flow", "_batch_id", "_quarantined_at", "_row_id", "_attempt",
       "_input", "_reason", "_source_file", "_generation"]


def order(i, amount, who="ada"):
    return {"id": i, "amount": amount, "who": who}


class Quarantine(unittest.TestCase):
    def setUp(self):
        self.w = world.World(self.id().split(".")[-1][:60])
        self.files = 0

    def project(self, text=PIPELINE):
        self.w.write("pipeline.yml", text)

    def arrive(self, *orders):
        self.w.write_rows(f"data/{self.files:03}.json", orders, age=self.files)
        self.files += 1

    def smelt(self, *args, code=0):
        result = self.w.smelt(*args)
        self.assertEqual(result.code, code, result.out + result.err)
        return result.out

    def run_json(self, *args, code=0):
        doc = json.loads(self.smelt("run", "--json", *args, code=code))
        for flow in doc["flows"]:
            self.assertEqual(flow["read"] + flow["expanded"], flow["undecodable"] + flow["combined"] + flow["filtered"]
                             + flow["dropped"] + flow["quarantined"] + flow["written"], flow)
        self.assertEqual(list(world.faults(self.w)), [])
        return {flow["flow"]: flow for flow in doc["flows"]}

    def ids(self, table):
        return sorted(row["id"] for row in self.w.rows(table))

    # ---- what is kept ----

    def test_a_row_goes_where_its_severest_rule_sends_it_and_every_rule_is_counted(self):
        self.project()
        self.arrive(order(1, 5), order(2, -1), order(3, -2, None), order(4, 5, None), order(5, 5000))
        flow = self.run_json()["silver"]
        self.assertEqual((flow["read"], flow["written"], flow["dropped"], flow["quarantined"]), (5, 2, 1, 2))
        self.assertEqual([(r["name"], r["failed"]) for r in flow["expectations"]],
                         [("positive", 2), ("known", 2), ("small", 1)])
        self.assertEqual(self.ids("silver"), [1, 5])
        kept = {row["id"]: row for row in self.w.rows("silver__quarantine")}
        self.assertEqual({i: row["_rules"] for i, row in kept.items()}, {2: ["positive"], 3: ["positive", "known"]})

    def test_a_kept_row_has_the_values_of_the_one_time_that_the_query_ran(self):
        self.project(PIPELINE.replace("positive: {expect: amount > 0", "positive: {expect: dice < 0.5"))
        self.arrive(*(order(i, 1) for i in range(2000)))
        flow = self.run_json()["silver"]
        self.assertTrue(0 < flow["quarantined"] < 2000, flow)
        self.assertEqual(sorted(self.ids("silver") + self.ids("silver__quarantine")), list(range(2000)))
        for row in self.w.rows("silver__quarantine"):
            self.assertGreaterEqual(row["dice"], 0.5)
            self.assertEqual(row["nested"], {"at": [row["id"]]})
        self.assertTrue(all(row["dice"] < 0.5 for row in self.w.rows("silver")))

    def test_a_kept_row_says_when_and_by_whom(self):
        self.project()
        self.arrive(order(1, 5))
        self.run_json()
        self.arrive(order(2, -1))
        self.run_json()
        row, = self.w.rows("silver__quarantine")
        self.assertEqual(list(row), ["id", "amount", "who", "nested", "dice"] + OWN)
        self.assertEqual((row["_run_id"], row["_flow"], row["_batch_id"], row["_attempt"]), (2, "silver", 1, 1))
        self.assertEqual((row["_raw"], row["_source"], row["_input"]), (None, None, None))
        self.assertEqual(len(row["_row_id"]), 36)

    def test_the_table_appears_with_its_first_row_and_is_empty_before(self):
        self.project()
        self.arrive(order(1, 5))
        self.run_json()
        self.assertNotIn("silver__quarantine", self.w.table_folders())
        self.assertEqual(json.loads(self.smelt("query", "SELECT count(*) FROM silver__quarantine", "--json"))["rows"],
                         [[0]])
        names = [c["name"] for c in json.loads(self.smelt("preview", "silver__quarantine", "--json"))["columns"]]
        self.assertEqual(names, ["id", "amount", "who", "nested", "dice"] + OWN)
        self.arrive(order(2, -1))
        self.run_json()
        self.assertEqual(json.loads(self.smelt("query", "SELECT id, _rules[1] FROM silver__quarantine",
                                               "--json"))["rows"], [[2, "positive"]])

    def test_a_rule_that_fails_the_batch_leaves_nothing_in_the_quarantine(self):
        self.project(PIPELINE.replace("small: amount < 1000", "small: {expect: amount < 1000, on_violation: fail}"))
        self.arrive(order(1, -5), order(2, 2000))
        self.smelt("run", code=5)
        self.assertNotIn("silver__quarantine", self.w.table_folders())
        self.assertEqual([n for n in os.listdir(self.w.path("lake", "shop")) if n.endswith("__quarantine")
                          and os.listdir(self.w.path("lake", "shop", n))], [])

    def test_an_idle_run_opens_no_engine(self):
        self.project()
        self.arrive(order(1, 5), order(2, -1))
        self.run_json()
        result = self.w.finish(self.w.start("run", failpoint="count"))
        self.assertEqual(result.code, 0, result.err)
        self.assertIn("nothing new", result.out)

    # ---- records that are none ----

    def kept(self, table="bronze__quarantine"):
        return sorted((r["_source"]["path"], r["_source"]["line"], r["_raw"]) for r in self.w.rows(table))

    def test_a_record_that_is_none_is_kept_with_its_text_its_place_and_the_reason(self):
        self.project()
        self.w.write("data/a.json", b'{"id":1,"amount":5,"who":"ada"}\n  {"id":2 oops\r\n\xff\xfe{}\n{"id":3}\n[]', age=0)
        flows = self.run_json()
        self.assertEqual((flows["bronze"]["read"], flows["bronze"]["undecodable"], flows["bronze"]["written"]), (5, 3, 2))
        self.assertEqual(self.kept(), [("data/a.json", 2, '{"id":2 oops'), ("data/a.json", 3, "\ufffd\ufffd{}"),
                                       ("data/a.json", 5, "[]")])
        for row in self.w.rows("bronze__quarantine"):
            self.assertEqual((row["_rules"], row["_input"], row["_attempt"], row["id"]), ([], "orders", 1, None))
            self.assertTrue(row["_reason"])
        self.assertEqual(self.w.tables().keys(), {"bronze", "bronze__quarantine", "silver", "silver__quarantine"})

    def test_records_of_files_that_break_off_and_of_many_blocks_are_all_kept(self):
        good = "".join(json.dumps(order(i, 5)) + "\n" for i in range(30000)).encode()
        self.project()
        self.w.write("data/a.json", good + b"".join(b"bad %d\n" % i + good[:5000 - 5000 % 49] + b"\n"
                                                    for i in range(300)), age=0)
        self.run_json()
        import gzip
        self.w.write("data/b.json.gz", gzip.compress(good, 9, mtime=0)[:-2000], age=1)
        self.project(PIPELINE.replace("*.json", "*"))
        rows = self.run_json()["bronze"]
        self.assertEqual(rows["undecodable"], 1)
        raws = [r["_raw"] for r in self.w.rows("bronze__quarantine") if r["_source"]["path"] == "data/a.json"]
        self.assertEqual(sorted(r for r in raws if r.startswith("bad")), sorted(f"bad {i}" for i in range(300)))
        broken, = [r for r in self.w.rows("bronze__quarantine") if r["_source"]["path"] == "data/b.json.gz"]
        self.assertEqual(broken["_source"]["line"], rows["read"])
        self.assertIn("ends before", broken["_reason"])
        self.assertTrue(f'{{"id": {rows["written"]}, "amount": 5, "who": "ada"}}'.startswith(broken["_raw"]), broken)

    def test_each_text_format_keeps_its_records(self):
        for form, options, text, wanted in (
                ("json", {"multi_line": True}, '[{"id": 1},\n {"id":\n x},\n {"id": 2}]', [(2, '{"id":\n x}')]),
                ("csv", {}, "id,who\n1,a\n2\n3,b\n", [(3, "2")]),
                ("csv", {"multi_line": True}, 'id,who\n1,a\n2,"p\nq","r"\n3,b\n', [(3, '2,"p\nq","r"')]),
                ("text", {}, b"one\ntw\xffo\nthree\n", [(2, "tw\ufffdo")])):
            with self.subTest(form=form, options=options):
                self.w = world.World(f"formats_{form}_{len(options)}")
                columns = [("value", "VARCHAR")] if form == "text" else [("id", "BIGINT"), ("who", "VARCHAR")]
                if form == "json":
                    columns = columns[:1]
                self.w.write("pipeline.yml", json.dumps({
                    "version": 1, "pipeline": "p", "schema": "s", "storage": "./lake", "tables": {"t": {"from": "src"}},
                    "sources": {"src": {"type": "files", "path": "data", "format": form, **options, "schema": [
                        {"name": n, "data_type": t} for n, t in columns]}}}))
                self.w.write("data/a", text, age=0)
                self.assertEqual(self.run_json()["t"]["undecodable"], 1)
                self.assertEqual(self.kept("t__quarantine"), [("data/a", *w) for w in wanted])

    def test_each_table_that_reads_a_source_keeps_its_records(self):
        self.project(PIPELINE + """  other: {sql: "SELECT id FROM STREAM(orders)"}
  behind: {sql: "SELECT id FROM STREAM(over)"}
  over: {type: view, sql: "SELECT id FROM STREAM(orders)"}
  all: {type: materialized_view, sql: "SELECT count(*) AS n FROM orders"}
""")
        self.w.write("data/a.json", "no\n" + json.dumps(order(1, 5)) + "\n", age=0)
        self.run_json()
        for table in ("bronze", "other", "behind", "all"):
            self.assertEqual(self.kept(f"{table}__quarantine"), [("data/a.json", 1, "no")])
        self.w.write("data/b.json", "nor that\n", age=1)
        self.run_json()
        for table in ("bronze", "other", "behind", "all"):
            self.assertEqual(len(self.kept(f"{table}__quarantine")), 2, table)

    def test_a_bad_record_of_what_is_looked_up_beside_a_stream_fails_the_batch(self):
        self.project(PIPELINE.replace("FROM STREAM(bronze)", "FROM STREAM(bronze) JOIN names USING (who)").replace(
            "tables:\n", "  names:\n    type: files\n    path: names.json\n    format: json\n"
            "    schema: [{name: who, data_type: VARCHAR}]\ntables:\n"))
        self.arrive(order(1, 5))
        self.w.write("names.json", '{"who":"ada"}\nbad\n')
        self.assertIn("names.json:2", self.smelt("run", code=1))

    def test_fail_and_drop_keep_no_record_and_declare_no_table(self):
        for policy, code in (("drop", 0), ("fail", 1)):
            self.w = world.World(f"policy_{policy}")
            self.project(PIPELINE.replace("format: json\n", f"format: json\n    on_decode_error: {policy}\n"))
            self.w.write("data/a.json", "no\n" + json.dumps(order(1, 5)) + "\n", age=0)
            self.smelt("run", code=code)
            self.assertNotIn("bronze__quarantine", self.w.table_folders())
            self.smelt("query", "SELECT * FROM bronze__quarantine", code=2)

    # ---- readers ----

    def test_tables_read_the_quarantine_by_its_name_and_by_stream(self):
        self.project(PIPELINE + """  broken:
    type: materialized_view
    sql: SELECT r AS rule, count(*) AS n FROM (SELECT unnest(_rules) AS r FROM silver__quarantine) GROUP BY r
  seen: {sql: "SELECT id, _row_id FROM STREAM(silver__quarantine)"}
""")
        self.arrive(order(1, 5), order(2, -1))
        self.run_json()
        self.arrive(order(3, -1, None), order(4, 4))
        self.run_json()
        self.assertEqual(sorted((r["rule"], r["n"]) for r in self.w.rows("broken")), [("known", 1), ("positive", 2)])
        self.assertEqual(self.ids("seen"), [2, 3])

    def test_the_quarantine_of_a_materialized_view_is_replaced_with_it(self):
        self.project(PIPELINE + """  sums:
    type: materialized_view
    sql: SELECT who, sum(amount) AS total FROM silver GROUP BY who
    expectations:
      enough: {expect: total > 10, on_violation: quarantine}
""")
        self.arrive(order(1, 5, "ada"), order(2, 6, "bob"))
        self.assertEqual(self.run_json()["sums"]["quarantined"], 2)
        self.arrive(order(3, 20, "ada"))
        self.assertEqual(self.run_json()["sums"]["quarantined"], 1)
        self.assertEqual([r["who"] for r in self.w.rows("sums__quarantine")], ["bob"])
        self.arrive(order(4, 20, "bob"))
        self.run_json()
        self.assertEqual(self.w.rows("sums__quarantine"), [])
        self.assertEqual(len(self.w.rows("sums")), 2)

    # ---- full refresh, and a table that changes ----

    def test_a_full_refresh_keeps_the_quarantine(self):
        self.project()
        self.arrive(order(1, 5), order(2, -1))
        self.run_json()
        self.run_json("--full-refresh", "silver", "--yes")
        self.assertEqual(self.ids("silver"), [1])
        self.assertEqual(self.ids("silver__quarantine"), [2, 2])

    def test_a_replay_passes_over_what_was_set_aside_before_a_rebuild(self):
        plain = PIPELINE.replace("random() AS dice", "1 AS dice")
        looser = plain.replace("amount > 0", "amount > -3")
        self.project(plain)
        self.arrive(order(1, 5), order(2, -1))
        self.w.write("data/bad.json", "no\n", age=50)
        self.run_json()
        self.run_json("--full-refresh", "*", "--yes")
        self.assertEqual(self.ids("silver__quarantine"), [2, 2])
        self.project(looser)
        done = self.act("replay", "silver")
        self.assertEqual([done[k] for k in ("taken", "written", "earlier", "left")], [2, 1, 1, 1])
        self.assertEqual(self.ids("silver"), [1, 2])
        done = self.act("replay", "bronze")
        self.assertEqual([done[k] for k in ("taken", "undecodable", "earlier", "left")], [2, 1, 1, 2])
        self.assertIn("1 passed over: set aside before the table was rebuilt", self.smelt("quarantine", "replay", "silver"))
        self.assertEqual(self.ids("silver"), [1, 2])
        self.assertEqual(self.act("discard", "silver", "--yes")["left"], 0)

    def test_an_adopted_checkpoint_is_no_rebuild_and_its_rows_are_replayed(self):
        plain = PIPELINE.replace("random() AS dice", "1 AS dice")
        self.project(plain)
        self.arrive(order(1, 5), order(2, -1))
        self.run_json()
        os.rename(self.w.path("lake", ".smelt"), self.w.path("lost"))
        self.smelt("checkpoint", "adopt", "bronze", "--yes")
        self.smelt("checkpoint", "adopt", "silver", "--yes")
        self.project(plain.replace("amount > 0", "amount > -3"))
        done = json.loads(self.smelt("quarantine", "replay", "silver", "--json"))
        self.assertEqual((done["written"], done["earlier"]), (1, 0))
        self.assertEqual(self.ids("silver"), [1, 2])

    def test_a_quarantine_takes_new_columns_and_keeps_those_that_went(self):
        self.project()
        self.arrive(order(1, 5), order(2, -1))
        self.run_json()
        self.project(PIPELINE.replace("random() AS dice", "amount * 2 AS twice"))
        self.run_json("--full-refresh", "silver", "--yes")
        rows = {row["twice"]: row for row in self.w.rows("silver__quarantine")}
        self.assertIsNotNone(rows[None]["dice"])
        self.assertIsNone(rows[-2.0]["dice"])
        self.assertEqual(json.loads(self.smelt("query", "SELECT count(twice) FROM silver__quarantine",
                                               "--json"))["rows"], [[1]])

    def test_a_field_that_appears_reaches_the_quarantine_in_the_same_run(self):
        head = PIPELINE[:PIPELINE.index("    schema:\n")]
        self.project(head + """tables:
  silver:
    from: orders
    expectations:
      positive: {expect: amount > 0, on_violation: quarantine}
""")
        self.arrive(order(1, 5), order(2, -1))
        self.run_json()
        self.arrive({**order(3, -1), "note": "late"}, order(4, 4))
        self.run_json()
        self.assertEqual({r["id"]: r["note"] for r in self.w.rows("silver__quarantine")}, {2: None, 3: "late"})
        self.assertEqual(self.ids("silver"), [1, 4])

    def test_a_quarantine_with_another_type_for_a_column_is_refused_before_anything_is_written(self):
        self.project()
        self.arrive(order(1, 5), order(2, -1))
        self.run_json()
        before = self.w.tables()
        self.project(PIPELINE.replace("random() AS dice", "'six' AS dice"))
        result = self.w.smelt("run", "--full-refresh", "silver", "--yes")
        self.assertNotEqual(result.code, 0)
        self.assertIn('column "dice" is DOUBLE in the rows that are there and VARCHAR in the query', result.out + result.err)
        self.assertNotIn("or rebuild the table with --full-refresh", result.out + result.err)
        self.assertEqual(self.w.tables(), before)

    def test_a_full_refresh_with_quarantine_empties_it_and_takes_another_type(self):
        self.project(PIPELINE + '  seen: {sql: "SELECT id FROM STREAM(silver__quarantine)"}\n')
        self.arrive(order(1, 5), order(2, -1))
        self.run_json()
        self.project(PIPELINE.replace("random() AS dice", "'six' AS dice") +
                     '  seen: {sql: "SELECT id FROM STREAM(silver__quarantine)"}\n')
        refused = self.w.smelt("run", "--full-refresh", "silver", "--with-quarantine", "--yes")
        self.assertEqual((refused.code, "seen reads STREAM(silver__quarantine)" in refused.err), (7, True), refused)
        self.run_json("--full-refresh", "silver seen", "--with-quarantine", "--yes")
        self.assertEqual([(r["id"], r["dice"]) for r in self.w.rows("silver__quarantine")], [(2, "six")])
        self.assertEqual(self.ids("seen"), [2])
        self.arrive(order(3, -1))
        self.run_json()
        self.assertEqual(self.ids("silver__quarantine"), [2, 3])
        self.assertEqual(self.ids("seen"), [2, 3])
        self.smelt("run", "--with-quarantine", code=2)

    # ---- replay, discard ----

    LOOSER = PIPELINE.replace("amount > 0", "amount > -3")

    def act(self, *words, code=0):
        out = self.smelt("quarantine", *words, "--json", code=code)
        self.assertEqual(list(world.faults(self.w)), [])
        return json.loads(out) if code == 0 else out

    def test_a_replay_judges_by_the_rules_of_today_and_keeps_what_breaks_them_again(self):
        self.project(PIPELINE.replace("random() AS dice", "1 AS dice"))
        self.arrive(order(1, 5), order(2, -1), order(3, -2, None), order(4, -9))
        self.run_json()
        before = {r["id"]: r["_row_id"] for r in self.w.rows("silver__quarantine")}
        self.project(self.LOOSER.replace("random() AS dice", "1 AS dice"))
        done = self.act("replay", "silver")
        self.assertEqual((done["taken"], done["written"], done["dropped"], done["broken"], done["left"]), (3, 1, 1, 1, 1))
        self.assertEqual(self.ids("silver"), [1, 2])
        row, = self.w.rows("silver__quarantine")
        self.assertEqual((row["id"], row["_row_id"], row["_attempt"], row["_run_id"]), (4, before[4], 2, 1))
        self.arrive(order(5, -9), order(6, 1))
        self.run_json()
        self.assertEqual((self.ids("silver"), self.ids("silver__quarantine")), ([1, 2, 6], [4, 5]))
        self.assertEqual(self.act("replay", "silver")["written"], 0)

    def test_a_replay_keeps_the_values_of_columns_that_the_query_gives_no_more(self):
        self.project(PIPELINE.replace("random() AS dice", "id * 10 AS dice"))
        self.arrive(order(1, 5), order(2, -1), order(3, -9))
        self.run_json()
        self.project(self.LOOSER.replace("random() AS dice", "amount * 2 AS twice"))
        row = next(r for r in self.act("show", "silver")["rows"] if r["row"]["id"] == 2)
        self.assertEqual(row["row"]["dice"], 20)
        self.assertEqual(self.act("replay", "silver")["written"], 1)
        row = next(r for r in self.w.rows("silver") if r["id"] == 2)
        self.assertEqual((row["dice"], row["twice"]), (20, None))

    def test_plan_does_not_take_a_replay_for_a_flow_that_left_the_file(self):
        self.project(PIPELINE.replace("random() AS dice", "1 AS dice"))
        self.arrive(order(1, 5), order(2, -1))
        self.run_json()
        self.act("replay", "silver")
        self.assertIn("Nothing would change", self.smelt("plan"))

    def test_a_choice_that_is_none_is_told_and_takes_nothing(self):
        self.project()
        self.arrive(order(1, -5), order(2, -1))
        self.run_json()
        before = self.w.tables()
        for verb in (["show", "silver"], ["replay", "silver"], ["discard", "silver", "--yes"]):
            for choice in (["--row", "no-such-id"], ["--row", ""], ["--rule", ""], ["--rule", "positiv"]):
                self.smelt("quarantine", *verb, *choice, code=2)
        self.assertEqual(self.w.tables(), before)
        self.assertIn('did you mean "positive"?', self.w.smelt("quarantine", "show", "silver", "--rule", "positiv").err)
        self.assertEqual(self.act("replay", "silver", "--rule", "known")["taken"], 0)

    def test_a_stream_of_a_quarantine_goes_on_behind_a_replay(self):
        self.project(PIPELINE + '  seen: {sql: "SELECT id FROM STREAM(silver__quarantine)"}\n')
        self.arrive(order(1, 5), order(2, -1), order(3, -9))
        self.run_json()
        self.project(self.LOOSER + '  seen: {sql: "SELECT id FROM STREAM(silver__quarantine)"}\n')
        self.act("replay", "silver")
        self.run_json()
        self.assertEqual(self.ids("seen"), [2, 3])
        self.arrive(order(4, -7))
        self.run_json()
        self.assertEqual(self.ids("seen"), [2, 3, 4])

    def test_a_rule_with_policy_fail_stops_a_replay_and_changes_nothing(self):
        self.project()
        self.arrive(order(1, -5), order(2, -1))
        self.run_json()
        before = self.w.tables()
        self.project(PIPELINE.replace("on_violation: quarantine", "on_violation: fail"))
        self.act("replay", "silver", code=5)
        self.assertEqual(self.w.tables(), before)

    def test_rows_are_found_when_their_rule_has_left_the_file(self):
        self.project()
        self.arrive(order(1, -5), order(2, 1))
        self.run_json()
        self.project(PIPELINE.replace("      positive: {expect: amount > 0, on_violation: quarantine}\n", ""))
        self.assertEqual([(q["table"], q["rows"]) for q in self.act("list")["quarantines"]], [("silver", 1)])
        row, = self.act("show", "silver")["rows"]
        self.assertEqual((row["rules"], row["row"]["id"]), ([{"name": "positive"}], 1))
        self.assertEqual(self.act("replay", "silver")["written"], 1)
        self.assertEqual(self.ids("silver"), [1, 2])

    def test_records_stay_in_a_replay_and_are_shown_with_place_and_reason(self):
        self.project()
        self.w.write("data/a.json", "no\n" + json.dumps(order(1, 5)) + "\n", age=0)
        self.run_json()
        done = self.act("replay", "bronze")
        self.assertEqual((done["undecodable"], done["left"], done["written"]), (1, 1, 0))
        row, = self.act("show", "bronze")["rows"]
        self.assertEqual((row["path"], row["line"], row["raw"], row["input"]), ("data/a.json", 1, "no", "orders"))
        self.assertTrue(row["reason"])

    def test_discard_asks_and_takes_what_was_chosen(self):
        self.project()
        self.arrive(order(1, -5), order(2, -1, None), order(3, -1))
        self.run_json()
        self.smelt("quarantine", "discard", "silver", code=7)
        self.assertEqual(self.act("discard", "silver", "--rule", "known", "--yes")["discarded"], 1)
        row = next(r for r in self.w.rows("silver__quarantine") if r["id"] == 3)
        self.assertEqual(self.act("discard", "silver", "--row", row["_row_id"], "--yes")["left"], 1)
        self.assertEqual(self.ids("silver__quarantine"), [1])
        self.act("discard", "silver", "--yes")
        self.assertEqual((self.w.rows("silver__quarantine"), self.w.rows("silver")), ([], []))
        self.smelt("quarantine", "replay", "seen", code=2)

    def test_a_replay_of_a_table_that_set_nothing_aside_says_so(self):
        self.project()
        self.arrive(order(1, 5))
        self.run_json()
        self.smelt("quarantine", "replay", "silver", code=2)
        self.assertEqual(self.act("list")["quarantines"], [])

    # ---- the header of a CSV file is none ----

    CSV = """version: 1
pipeline: shop
schema: shop
storage: ./lake
sources:
  orders:
    type: files
    path: data/*.csv
    format: csv
    on_decode_error: quarantine
    schema: [{name: id, data_type: BIGINT}, {name: amount, data_type: DOUBLE}]
tables:
  bronze: {from: orders}
"""
    HEADERS = {b"id,amount,id": 'field "id" stands twice in it', b"a,b": "no field is a column of the schema",
               b"id;amount": 'no field is a column of the schema; with `sep: ";"` it would have columns of the schema',
               b'"id"\tAMOUNT': 'text behind a closing quote; with `sep: "\\t"` it would have columns of the schema',
               b"id,,amount": "field 2 has no name", b"id,\xff": "it is no UTF-8",
               b"id," + b"x" * (17 << 20): "the line is longer than 16 MiB"}

    def headers_arrive(self):
        for i, header in enumerate(self.HEADERS):
            self.w.write(f"data/{i}.csv", header + b"\n1,2,3\n4,5,6\n", age=i)
        self.w.write("data/good.csv", "amount,id\n5,1\n", age=50)

    def test_a_header_that_is_none_is_one_undecodable_record_and_holds_nothing_up(self):
        self.project(self.CSV)
        self.headers_arrive()
        flow = self.run_json()["bronze"]
        self.assertEqual((flow["read"], flow["undecodable"], flow["written"]),
                         (len(self.HEADERS) + 1, len(self.HEADERS), 1))
        kept = {row["_source"]["path"]: row for row in self.w.rows("bronze__quarantine")}
        for i, (header, why) in enumerate(self.HEADERS.items()):
            row = kept[f"data/{i}.csv"]
            self.assertEqual((row["_reason"], row["_source"]["line"]), ("the header is none: " + why, 1))
            self.assertEqual(row["_raw"], header[:65536].decode(errors="replace"))
        done = self.act("replay", "bronze")
        self.assertEqual((done["left"], done["stays"][0]["rows"]), (len(self.HEADERS), len(self.HEADERS)))
        self.assertEqual(self.run_json()["bronze"]["read"], 0)

    def test_a_header_that_is_none_is_dropped_or_fails_as_the_source_says(self):
        self.project(self.CSV.replace("on_decode_error: quarantine", "on_decode_error: fail"))
        self.headers_arrive()
        for i, why in enumerate(self.HEADERS.values()):
            result = self.w.smelt("run")
            self.assertNotEqual(result.code, 0)
            self.assertIn(f"data/{i}.csv:1: the header is none: {why}", result.out + result.err)
            self.w.write(f"data/{i}.csv", "id,amount\n", age=i)
        self.run_json()
        self.project(self.CSV.replace("on_decode_error: quarantine", "on_decode_error: drop"))
        for i, header in enumerate(self.HEADERS):
            self.w.write(f"data/again{i}.csv", header + b"\n1,2,3\n", age=60 + i)
        flow = self.run_json()["bronze"]
        self.assertEqual((flow["undecodable"], flow["written"]), (len(self.HEADERS), 0))
        self.assertNotIn("bronze__quarantine", self.w.table_folders())

    def test_a_header_that_is_none_is_a_row_of_the_column_for_corrupt_records(self):
        self.project(self.CSV.replace("data_type: DOUBLE}", "data_type: DOUBLE}, {name: bad, data_type: VARCHAR}")
                     .replace("on_decode_error: quarantine", "corrupt_record_column: bad"))
        self.w.write("data/a.csv", "a,b\n1,2\n", age=0)
        self.run_json()
        self.assertEqual([(r["id"], r["bad"]) for r in self.w.rows("bronze")], [(None, "a,b")])

    def test_a_header_that_is_none_gives_no_columns(self):
        self.project(self.CSV.replace("    schema: [{name: id, data_type: BIGINT}, {name: amount, data_type: DOUBLE}]\n", ""))
        self.w.write("data/a.csv", "id,id\n1,2\n", age=0)
        result = self.w.smelt("run")
        self.assertIn('the header is none: field "id" stands twice in it', result.out + result.err)
        self.w.write("data/b.csv", "id\n7\n", age=1)
        self.run_json()
        self.w.write("data/c.csv", "id,more\n8,true\n", age=2)
        self.w.write("data/d.csv", "x;more\nq;9\n", age=3)
        self.run_json()
        self.assertEqual([(r["id"], r["more"]) for r in sorted(self.w.rows("bronze"), key=lambda r: r["id"])],
                         [(7, None), (8, True)])
        self.assertEqual(len(self.w.rows("bronze__quarantine")), 2)

    # ---- is this checkpoint the right one? ----

    def last_commit(self, table):
        folder = os.path.join(self.w.table_folders()[table], "_delta_log")
        return os.path.join(folder, sorted(n for n in os.listdir(folder) if n.endswith(".json"))[-1])

    def test_a_commit_of_the_quarantine_lost_at_a_power_cut_is_published_again(self):
        self.project()
        self.arrive(order(1, -5))
        self.run_json()
        self.arrive(order(2, -5))
        self.run_json()
        for i in range(3, 6):  # batches without anything for the quarantine do not forget it
            self.arrive(order(i, 5))
            self.run_json()
        before = self.w.tables()
        os.unlink(self.last_commit("silver__quarantine"))
        self.run_json()
        self.assertEqual(self.w.tables(), before)

    def test_a_quarantine_that_was_rolled_back_further_is_refused(self):
        self.project()
        for i in range(3):
            self.arrive(order(i, -5))
            self.run_json()
        os.unlink(self.last_commit("silver__quarantine"))
        os.unlink(self.last_commit("silver__quarantine"))
        out = self.smelt("run", code=11)
        self.assertIn("silver__quarantine: the table was rolled back", out)

    def test_a_lost_control_store_is_noticed_by_the_quarantine_alone(self):
        self.project()
        self.arrive(order(1, -5))
        self.run_json()
        import shutil
        shutil.rmtree(self.w.path("lake", ".smelt"))
        shutil.rmtree(self.w.path("lake", "shop", "silver"))
        shutil.rmtree(self.w.path("lake", "shop", "bronze"))
        self.assertIn("silver__quarantine: this table was written under a checkpoint that is not here",
                      self.smelt("run", code=11))


if __name__ == "__main__":
    world.run_tests()
