# SPDX-License-Identifier: Apache-2.0
"""test_schema_evolution.py -- columns that come later: from files to the last table, in one run.

The rules are those of Auto Loader (databricks.md 4.3), but for the restart, which is not needed.
Rows are read by delta-rs and by DuckDB's delta extension, at every version of every table.
"""
import decimal
import json
import os
import sys
import unittest

import deltalake
import pyarrow
import pyarrow.parquet

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(TESTS, "crash"), os.path.join(TESTS, "support", "oracles")]

import read_duckdb_delta  # noqa: E402
import world  # noqa: E402

HEAD = "version: 1\npipeline: p\nschema: s\nstorage: ./lake\n"
FORMATS = ("json", "csv", "parquet")


def write(w, name, rows, age=0):
    """Rows (dicts with the same keys) as a file of the format that the name ends with."""
    if name.endswith(".json"):
        w.write_rows(name, rows, age=age)
    elif name.endswith(".csv"):
        lines = [",".join(rows[0])] + [",".join("" if v is None else str(v) for v in r.values()) for r in rows]
        w.write(name, "\n".join(lines) + "\n", age=age)
    else:
        sink = pyarrow.BufferOutputStream()
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), sink)
        w.write(name, sink.getvalue().to_pybytes(), age=age)


def source(name, form="json", more=""):
    """Without a column for rescued data: autoloader_rescued.py is about that."""
    more += '    rescued_data_column: ""\n'
    return f"  {name}:\n    type: files\n    path: {name}/*.{form}\n    format: {form}\n{more}"


class Evolution(unittest.TestCase):
    def setUp(self):
        self.world = world.World(self.id().split(".")[-1])

    def pipeline(self, sources, tables):
        self.world.write("pipeline.yml", HEAD + "sources:\n" + sources + "tables:\n" + tables)

    def run_ok(self, *args):
        result = self.world.run(*args)
        self.assertEqual(result.code, 0, result.out + result.err)
        return result.out + result.err

    def run_fails(self, *words):
        result = self.world.run()
        self.assertNotEqual(result.code, 0, result.out)
        for word in words:
            self.assertIn(word, result.out + result.err)
        return result.out + result.err

    def table(self, name, version=None):
        return deltalake.DeltaTable(self.world.table_folders()[name], version=version)

    def rows(self, name, version=None):
        """As delta-rs reads them, by the first column; DuckDB must say the same, at every version."""
        table = self.table(name, version)
        first = table.schema().fields[0].name
        found = sorted(table.to_pyarrow_table().to_pylist(), key=lambda r: (r[first] is None, r[first]))
        path = self.world.table_folders()[name].replace("'", "''")
        names = [f.name for f in table.schema().fields]
        for v in ([version] if version is not None else range(table.version() + 1)):
            columns = [f.name for f in self.table(name, v).schema().fields]
            theirs = read_duckdb_delta.CONNECTION.execute(
                f"SELECT {', '.join(columns)} FROM delta_scan('{path}', version := {v})").fetchall()
            ours = self.table(name, v).to_pyarrow_table().to_pylist()
            self.assertEqual(sorted(map(repr, theirs)), sorted(repr(tuple(r[c] for c in columns)) for r in ours))
        self.assertEqual(list(found[0]) if found else names, names)
        return found

    def columns(self, name):
        return {f.name: str(f.type.type) if hasattr(f.type, "type") and isinstance(f.type.type, str) else str(f.type)
                for f in self.table(name).schema().fields}

    def versions(self, source_name):
        return [(n, json.loads(text), why) for n, text, why in self.world.store(
            "select v.version, v.schema, v.why from schema_versions v join datasets d on d.id = v.dataset_id"
            " where d.name = ? order by v.version", source_name)]

    def events(self, kind):
        return [(dataset, json.loads(details)) for dataset, details in self.world.store(
            "select dataset, details from events where type = ? order by id", kind)]

    def ends_well(self):
        self.assertEqual(list(world.faults(self.world)), [])

    # ---- add_new_columns ----

    def test_a_new_field_reaches_every_table_that_takes_all_columns_in_one_run(self):
        for form in FORMATS:
            with self.subTest(form):
                self.world = world.World("chain_" + form)
                self.pipeline(source("orders", form, "    max_files_per_trigger: 1\n"),
                              "  bronze: {from: orders}\n"
                              "  silver:\n    sql: SELECT * FROM STREAM(bronze)\n"
                              "    expectations: {has_id: {expect: id IS NOT NULL, on_violation: drop}}\n"
                              "  narrow: {sql: SELECT id FROM STREAM(bronze)}\n"
                              "  gold: {type: materialized_view, sql: SELECT * FROM silver}\n")
                write(self.world, f"orders/a.{form}", [{"id": 1}], 1)
                self.run_ok()
                write(self.world, f"orders/b.{form}", [{"id": 2, "price": 2.5}], 2)
                write(self.world, f"orders/c.{form}", [{"id": 3, "name": "x"}], 3)
                self.run_ok()
                want = [{"id": 1, "price": None, "name": None}, {"id": 2, "price": 2.5, "name": None},
                        {"id": 3, "price": None, "name": "x"}]
                for name in ("bronze", "silver", "gold"):
                    self.assertEqual(self.rows(name), want, name)
                self.assertEqual(self.rows("narrow"), [{"id": 1}, {"id": 2}, {"id": 3}])
                self.assertEqual([(n, [c["name"] for c in schema], why) for n, schema, why in self.versions("orders")],
                                 [(1, ["id"], "inferred"), (2, ["id", "price"], "new field"),
                                  (3, ["id", "price", "name"], "new field")])
                self.assertEqual([(d, e["version"], e["added"]) for d, e in self.events("schema_changed")],
                                 [("orders", 2, ["price DOUBLE"]), ("orders", 3, ["name VARCHAR"])])
                self.assertEqual(self.events("flow_retried"), [])
                self.ends_well()

    def test_metadata_and_files_of_a_new_column_are_one_commit(self):
        self.pipeline(source("orders"), "  bronze: {from: orders}\n")
        write(self.world, "orders/a.json", [{"id": 1}], 1)
        self.run_ok()
        write(self.world, "orders/b.json", [{"id": 2, "x": True}], 2)
        self.run_ok()
        folder = self.world.table_folders()["bronze"]
        self.assertEqual(world.log_versions(folder), [0, 1])
        kinds = [next(iter(a)) for a in world.log_actions(folder, 1)]
        self.assertEqual(sorted(kinds), ["add", "commitInfo", "metaData", "txn"])
        self.assertEqual(self.rows("bronze", 0), [{"id": 1}])

    def test_the_type_of_a_new_column_holds_for_the_whole_batch(self):
        self.pipeline(source("orders"), "  bronze: {from: orders}\n")
        write(self.world, "orders/a.json", [{"id": 1}], 1)
        self.run_ok()
        rows = [{"id": i, "x": i} for i in range(2, 3000)] + [{"id": 3000, "x": 0.5}]
        write(self.world, "orders/b.json", rows, 2)
        write(self.world, "orders/c.json", [{"id": 3001, "day": "2026-01-01", "y": None}], 3)
        self.run_ok()
        self.assertEqual(self.columns("bronze"), {"id": "long", "x": "double", "day": "date", "y": "string"})
        self.assertEqual(len(self.rows("bronze")), 3001)

    def test_fields_of_nested_objects_come_too(self):
        self.pipeline(source("orders"), "  bronze: {from: orders}\n  silver: {sql: SELECT * FROM STREAM(bronze)}\n")
        self.world.write_rows("orders/a.json", [{"id": 1, "s": {"a": 1}, "l": [{"p": 1}]}], age=1)
        self.run_ok()
        self.world.write_rows("orders/b.json", [{"id": 2, "s": {"b": "x"}, "l": [{"q": True}]}], age=2)
        self.run_ok()
        want = [{"id": 1, "s": {"a": 1, "b": None}, "l": [{"p": 1, "q": None}]},
                {"id": 2, "s": {"a": None, "b": "x"}, "l": [{"p": None, "q": True}]}]
        for name in ("bronze", "silver"):
            self.assertEqual(self.rows(name), want)

    def test_hints_and_strings_hold_for_new_fields_too(self):
        self.pipeline(source("orders", more="    schema_hints: \"price DECIMAL(10,2)\"\n") +
                      source("texts", more="    infer_column_types: false\n"),
                      "  bronze: {from: orders}\n  raw: {from: texts}\n")
        for name in ("orders", "texts"):
            self.world.write_rows(f"{name}/a.json", [{"id": 1}], age=1)
        self.run_ok()
        for name in ("orders", "texts"):
            self.world.write_rows(f"{name}/b.json", [{"id": 2, "price": 1.5, "n": 7}], age=2)
        self.run_ok()
        self.assertEqual(self.columns("bronze"), {"id": "long", "price": "decimal(10,2)", "n": "long"})
        self.assertEqual(self.columns("raw"), {"id": "string", "price": "string", "n": "string"})

    def test_two_flows_of_one_table_bring_different_columns_and_both_win(self):
        self.pipeline(source("east") + source("west"),
                      "  merged:\n    flows:\n      east: {sql: SELECT * FROM STREAM(east)}\n"
                      "      west: {sql: SELECT * FROM STREAM(west)}\n"
                      "  all: {sql: SELECT * FROM STREAM(merged)}\n")
        for name in ("east", "west"):
            self.world.write_rows(f"{name}/a.json", [{"id": 1, "origin": name}], age=1)
        self.run_ok()
        self.world.write_rows("east/b.json", [{"id": 2, "origin": "east", "e": 1}], age=2)
        self.world.write_rows("west/b.json", [{"id": 2, "origin": "west", "w": "x"}], age=2)
        self.run_ok()
        for name in ("merged", "all"):
            rows = self.rows(name)
            self.assertEqual({(r["id"], r["origin"], r["e"], r["w"]) for r in rows},
                             {(1, "east", None, None), (1, "west", None, None), (2, "east", 1, None), (2, "west", None, "x")})
            self.assertEqual(len(rows), 4)
        self.ends_well()

    def test_two_flows_that_read_one_source_agree(self):
        self.pipeline(source("orders"), "  a: {from: orders}\n  b: {sql: SELECT * FROM STREAM(orders)}\n")
        self.world.write_rows("orders/a.json", [{"id": 1}], age=1)
        self.run_ok()
        self.world.write_rows("orders/b.json", [{"id": 2, "x": 1, "y": 2}], age=2)
        self.run_ok()
        self.assertEqual(self.rows("a"), self.rows("b"))
        self.assertEqual([n for n, _, _ in self.versions("orders")], [1, 2])

    def test_a_pipeline_that_the_new_column_breaks_says_so_and_changes_nothing(self):
        self.pipeline(source("orders"), "  bronze: {sql: \"SELECT *, id + 1 AS next FROM STREAM(orders)\"}\n"
                      "  other: {from: orders}\n")
        self.world.write_rows("orders/a.json", [{"id": 1}], age=1)
        self.run_ok()
        self.world.write_rows("orders/b.json", [{"id": 2, "next": 9}], age=2)
        self.run_fails("new columns of source \"orders\"", "two columns named \"next\"", "pipeline.yml:12:28")
        self.assertEqual([n for n, _, _ in self.versions("orders")], [1])
        self.pipeline(source("orders"), "  bronze: {sql: \"SELECT *, id + 1 AS after FROM STREAM(orders)\"}\n"
                      "  other: {from: orders}\n")
        self.run_ok()
        self.assertEqual(self.rows("bronze"), [{"id": 1, "next": 2, "after": None}, {"id": 2, "next": 9, "after": 3}])

    def test_an_idle_run_after_growth_compiles_nothing(self):
        self.pipeline(source("orders"), "  bronze: {from: orders}\n")
        self.world.write_rows("orders/a.json", [{"id": 1}], age=1)
        self.run_ok()
        self.world.write_rows("orders/b.json", [{"id": 2, "x": 1}], age=2)
        self.run_ok()
        before = self.world.store("select * from plans")
        self.run_ok()
        self.assertEqual(self.world.store("select * from plans"), before)

    def test_how_the_columns_of_a_source_were_pinned_is_shown(self):
        self.pipeline(source("orders", "json"), "  bronze: {from: orders}\n")
        write(self.world, "orders/a.json", [{"id": 1}], 1)
        self.run_ok()
        write(self.world, "orders/b.json", [{"id": 2, "more": True}], 2)
        self.run_ok()
        versions = json.loads(self.world.smelt("show", "orders", "--schema", "--json").out)["versions"]
        self.assertEqual([(v["version"], v["why"], v["changed"][-1]) for v in versions],
                         [(1, "inferred", "id BIGINT"), (2, "new field", "more BOOLEAN")])
        self.assertEqual([c["name"] for c in versions[1]["columns"]], ["id", "more"])
        self.assertRegex(self.world.smelt("show", "orders", "--schema").out, r"2  new field  \S+ \S+  more BOOLEAN")
        self.assertNotIn("versions", json.loads(self.world.smelt("show", "bronze", "--json").out))
        schema, = json.loads(self.world.smelt("checkpoint", "show", "bronze", "--json").out)["schemas"]
        self.assertEqual((schema["source"], schema["version"]), ("orders", 2))
        self.assertIn("orders  version 2, 2 columns", self.world.smelt("checkpoint", "show", "bronze").out)

    # ---- add_new_columns_with_type_widening ----

    WIDEN = "    schema_evolution_mode: add_new_columns_with_type_widening\n"

    def test_integers_beyond_64_bits_widen_to_a_decimal_in_every_table(self):
        for form in ("json", "csv"):
            with self.subTest(form):
                self.world = world.World("huge_" + form)
                self.pipeline(source("orders", form, self.WIDEN), "  bronze: {from: orders}\n"
                              "  silver: {sql: SELECT * FROM STREAM(bronze)}\n"
                              "  gold: {type: materialized_view, sql: SELECT * FROM silver}\n")
                write(self.world, f"orders/a.{form}", [{"id": 1, "n": 7}], 1)
                self.run_ok()
                write(self.world, f"orders/b.{form}", [{"id": 2, "n": 10**30}], 2)
                self.run_ok()
                write(self.world, f"orders/c.{form}", [{"id": 3, "n": 8}], 3)
                self.run_ok()
                for name in ("bronze", "silver", "gold"):
                    self.assertEqual(self.columns(name), {"id": "long", "n": "decimal(38,0)"})
                    self.assertEqual([(r["id"], int(r["n"])) for r in self.rows(name)], [(1, 7), (2, 10**30), (3, 8)])
                self.assertEqual(self.rows("bronze", 0), [{"id": 1, "n": 7}])
                self.ends_well()

    def test_typed_files_widen_by_the_list_of_the_reference(self):
        kinds = {"i8": ("int8", "int16"), "i16": ("int16", "int32"), "i32": ("int32", "int64"), "d": ("int32", "float64"),
                 "f": ("float32", "float64"), "m": ("int64", "decimal128(20, 0)"), "x": ("decimal128(5, 2)", "decimal128(8, 3)")}
        self.pipeline(source("orders", "parquet", self.WIDEN),
                      "  bronze: {from: orders}\n  silver: {sql: SELECT * FROM STREAM(bronze)}\n")

        def put(k, which):
            types = {n: eval("pyarrow." + t[which] + ("" if "(" in t[which] else "()")) for n, t in kinds.items()}
            columns = [pyarrow.array([k])] + [pyarrow.array([decimal.Decimal(k) if n in "mx" and which + (n == "x") else k], t)
                                              for n, t in types.items()]
            sink = pyarrow.BufferOutputStream()
            pyarrow.parquet.write_table(pyarrow.Table.from_arrays(columns, ["id", *types]), sink)
            self.world.write(f"orders/{k}.parquet", sink.getvalue().to_pybytes(), age=k)

        put(1, 0)
        self.run_ok()
        put(2, 1)
        put(3, 0)
        self.run_ok()
        for name in ("bronze", "silver"):
            self.assertEqual(self.columns(name), {
                "id": "long", "i8": "short", "i16": "integer", "i32": "long", "d": "double", "f": "double",
                "m": "decimal(20,0)", "x": "decimal(8,3)"})
            self.assertEqual([[float(v) for v in r.values()] for r in self.rows(name)], [[float(k)] * 8 for k in (1, 2, 3)])

    def test_what_fits_a_wider_type_widens_and_the_rest_is_rescued(self):
        self.pipeline(source("orders", more=self.WIDEN).replace('    rescued_data_column: ""\n', ""),
                      "  bronze: {from: orders}\n  silver: {sql: SELECT * FROM STREAM(bronze)}\n")
        self.world.write_rows("orders/a.json", [{"id": 1, "n": 7, "s": {"k": 1}, "l": [1]}], age=1)
        self.run_ok()
        self.world.write_rows("orders/b.json", [{"id": 2, "n": 2**64, "s": {"k": 2**65}, "l": [2**66], "new": 1}], age=2)
        self.world.write_rows("orders/c.json", [{"id": "three"}], age=2)
        self.run_ok()
        self.world.write_rows("orders/d.json", [{"id": 2**64}, {"id": "x"}], age=3)
        self.run_ok()
        for name in ("bronze", "silver"):
            rows = self.rows(name)
            self.assertEqual([(r["id"], r["n"] and int(r["n"]), r["s"] and int(r["s"]["k"]), r["l"] and int(r["l"][0]), r["new"])
                              for r in rows],
                             [(1, 7, 1, 1, None), (2, 2**64, 2**65, 2**66, 1)] + [(None,) * 5] * 3)
            self.assertEqual(sorted(json.loads(r["_rescued_data"])["id"] if r["_rescued_data"] else "" for r in rows[:2]), ["", ""])
            self.assertEqual(sorted(str(json.loads(r["_rescued_data"])["id"]) for r in rows[2:]),
                             [str(2**64), "three", "x"])
        self.assertEqual([e.get("widened") for _, e in self.events("schema_changed")],
                         [["n DECIMAL(38,0)", 's STRUCT("k" DECIMAL(38,0))', "l DECIMAL(38,0)[]"]])
        self.ends_well()

    def test_decimals_take_the_one_that_holds_both(self):
        self.pipeline(source("orders", more=self.WIDEN + "    prefers_decimal: true\n"), "  bronze: {from: orders}\n")
        for k, n in enumerate(("1.25", "100.5", "7", "12345.75", "0.5")):
            self.world.write(f"orders/{k}.json", f'{{"id": {k}, "n": {n}}}\n', age=k)
            self.run_ok()
        self.assertEqual(self.columns("bronze"), {"id": "long", "n": "decimal(7,2)"})
        self.assertEqual([float(r["n"]) for r in self.rows("bronze")], [1.25, 100.5, 7, 12345.75, 0.5])

    def test_a_hint_keeps_its_type(self):
        self.pipeline(source("orders", more=self.WIDEN + '    schema_hints: "n INTEGER"\n    on_decode_error: drop\n'),
                      "  bronze: {from: orders}\n")
        self.world.write_rows("orders/a.json", [{"id": 1, "n": 7}], age=1)
        self.run_ok()
        self.world.write_rows("orders/b.json", [{"id": 2, "n": 2**33}], age=2)
        self.run_ok()
        self.assertEqual(self.rows("bronze"), [{"id": 1, "n": 7}])

    # ---- schema_hints ----

    def hinted(self, hints, mode="fail_on_new_columns"):
        self.pipeline(source("orders", more=f"    schema_evolution_mode: {mode}\n    schema_hints: '{hints}'\n"),
                      "  bronze: {from: orders}\n  silver: {sql: SELECT * FROM STREAM(bronze)}\n")

    def test_a_hint_adds_columns_and_fields_to_pinned_ones_in_every_mode(self):
        for mode in ("fail_on_new_columns", "none", "add_new_columns", "add_new_columns_with_type_widening"):
            with self.subTest(mode):
                self.world = world.World("hint_" + mode)
                self.hinted("id BIGINT", mode)
                self.world.write_rows("orders/a.json", [{"id": 1, "s": {"a": 1}}], age=1)
                self.run_ok()
                self.world.write_rows("orders/b.json", [{"id": 2, "s": {"a": 2, "b": "3"}, "x": 4}], age=2)
                if mode == "fail_on_new_columns":
                    self.run_fails('field "s.b" (and 1 more) appeared', "schema_hints")
                self.hinted("id BIGINT, s.b VARCHAR, x INT, later.at DATE", mode)
                self.run_ok()
                for name in ("bronze", "silver"):
                    self.assertEqual(self.rows(name), [
                        {"id": 1, "s": {"a": 1, "b": None}, "x": None, "later": None},
                        {"id": 2, "s": {"a": 2, "b": "3"}, "x": 4, "later": None}])
                self.assertEqual([(n, why) for n, _, why in self.versions("orders")], [(1, "inferred"), (2, "schema_hints")])
                self.assertEqual([(d, e["version"], e["added"]) for d, e in self.events("schema_changed")],
                                 [("orders", 2, ["x INTEGER", 'later STRUCT("at" DATE)'])])
                before = self.world.store("select * from plans")
                self.run_ok()
                self.assertEqual(self.world.store("select * from plans"), before)
                self.ends_well()

    def test_a_kill_behind_the_version_of_a_hint_loses_nothing(self):
        self.hinted("id BIGINT")
        self.world.write_rows("orders/a.json", [{"id": 1}], age=1)
        self.run_ok()
        self.world.write_rows("orders/b.json", [{"id": 2, "x": 4}], age=2)
        self.hinted("id BIGINT, x INT")
        self.assertEqual(self.world.run(failpoint="schema.after_version:1:kill").code, -9)
        self.run_ok()
        self.assertEqual(self.rows("silver"), [{"id": 1, "x": None}, {"id": 2, "x": 4}])
        self.assertEqual([n for n, _, _ in self.versions("orders")], [1, 2])
        self.ends_well()

    def test_a_hint_for_the_type_of_a_pinned_column_comes_too_late_and_is_told(self):
        self.hinted("s.a INT")
        self.world.write_rows("orders/a.json", [{"id": 1, "s": {"a": 1}}], age=1)
        self.run_ok()
        self.hinted("id VARCHAR, s STRUCT(a INT), s.a INT")
        result = self.world.smelt("validate")
        self.assertEqual(result.code, 0)
        self.assertEqual((result.out + result.err).count("SM0413"), 1)
        self.assertIn('"id" is pinned as BIGINT', result.out + result.err)
        self.run_ok()
        self.assertEqual([n for n, _, _ in self.versions("orders")], [1])

    def test_the_quarantine_follows_its_table(self):
        self.pipeline(source("orders", more=self.WIDEN),
                      "  bronze:\n    from: orders\n    expectations: {few: {expect: n > 0, on_violation: quarantine}}\n")
        self.world.write_rows("orders/a.json", [{"id": 1, "n": 7}, {"id": 2, "n": -7}], age=1)
        self.run_ok()
        self.world.write_rows("orders/b.json", [{"id": 3, "n": 2**64}, {"id": 4, "n": -2**64}], age=2)
        self.run_ok()
        self.assertEqual([(r["id"], int(r["n"])) for r in self.rows("bronze")], [(1, 7), (3, 2**64)])
        aside = sorted(self.table("bronze__quarantine").to_pyarrow_table().to_pylist(), key=lambda r: r["id"])
        self.assertEqual([(r["id"], int(r["n"])) for r in aside], [(2, -7), (4, -2**64)])
        self.assertEqual(self.columns("bronze__quarantine")["n"], "decimal(38,0)")
        self.ends_well()

    def test_two_flows_of_one_table_widen_it_together(self):
        self.pipeline(source("east", more=self.WIDEN) + source("west", more=self.WIDEN),
                      "  merged:\n    flows:\n      east: {sql: SELECT * FROM STREAM(east)}\n"
                      "      west: {sql: SELECT * FROM STREAM(west)}\n"
                      "  all: {sql: SELECT * FROM STREAM(merged)}\n")
        for name in ("east", "west"):
            self.world.write_rows(f"{name}/a.json", [{"id": 1, "n": 1}], age=1)
        self.run_ok()
        for name in ("east", "west"):
            self.world.write_rows(f"{name}/b.json", [{"id": 2, "n": 2**64, name: 1}], age=2)
        self.world.write_rows("west/c.json", [{"id": 3, "n": 3}], age=3)
        self.run_ok()
        self.world.write_rows("east/c.json", [{"id": 4, "n": 4}], age=3)
        self.run_ok()
        for name in ("merged", "all"):
            self.assertEqual([(r["id"], int(r["n"])) for r in self.rows(name)],
                             [(1, 1), (1, 1), (2, 2**64), (2, 2**64), (3, 3), (4, 4)])
        self.ends_well()

    MERGED = ("  merged:\n    flows:\n      west: {sql: SELECT * FROM STREAM(west)}\n"
              "      east: {sql: SELECT * FROM STREAM(east)}\n"
              "    expectations: {few: {expect: n > 0, on_violation: quarantine}}\n")

    def quarantined(self):
        rows = self.table("merged__quarantine").to_pyarrow_table().to_pylist()
        return sorted((r["id"], int(r["n"]), r["_flow"]) for r in rows)

    def test_the_quarantine_of_several_flows_follows_each_of_them(self):
        self.pipeline(source("west", more=self.WIDEN) + source("east", more=self.WIDEN), self.MERGED)
        for name in ("east", "west"):
            self.world.write_rows(f"{name}/a.json", [{"id": 1, "n": 1}, {"id": 2, "n": -1}], age=1)
        self.run_ok()
        for name in ("east", "west"):
            self.world.write_rows(f"{name}/b.json", [{"id": 3, "n": -2**64}, {"id": 4, "n": 2**64}], age=2)
        self.run_ok()
        self.assertEqual(self.quarantined(), [(k, n, f) for k, n in ((2, -1), (3, -2**64)) for f in ("merged.east", "merged.west")])
        self.assertEqual(self.columns("merged__quarantine")["n"], "decimal(38,0)")
        self.ends_well()

    def test_what_was_decided_for_a_quarantine_goes_there_before_its_types_change(self):
        for point in ("flow.after_decided", "delta.between_targets"):
            with self.subTest(point):
                self.world = world.World("decided_" + point.split(".")[1])
                self.world.write("pipeline.yml", HEAD + "engine: {workers: 1}\nsources:\n" + source("west", more=self.WIDEN) +
                                 source("east", more=self.WIDEN) + "tables:\n" + self.MERGED)
                for name in ("east", "west"):
                    self.world.write_rows(f"{name}/a.json", [{"id": 1, "n": 1}, {"id": 2, "n": -1}], age=1)
                self.run_ok()
                self.world.write_rows("east/b.json", [{"id": 3, "n": 3}, {"id": 4, "n": -3}], age=2)
                self.assertTrue(world.killed(self.world.run(failpoint=point + ":kill")))
                self.world.write_rows("west/b.json", [{"id": 5, "n": 2**70}, {"id": 6, "n": -2**70}], age=2)
                self.run_ok()
                self.assertEqual(self.quarantined(), [(2, -1, "merged.east"), (2, -1, "merged.west"), (4, -3, "merged.east"),
                                                      (6, -2**70, "merged.west")])
                self.assertEqual([(r["id"], int(r["n"])) for r in self.rows("merged")], [(1, 1), (1, 1), (3, 3), (5, 2**70)])
                self.ends_well()

    def test_a_column_of_partitions_widens_as_far_as_readers_follow(self):
        query = "  bronze: {partition_by: [k], sql: \"SELECT id, k::%s AS k FROM STREAM(orders)\"}\n"
        self.pipeline(source("orders"), query % "INTEGER")
        self.world.write_rows("orders/a.json", [{"id": 1, "k": 5}, {"id": 2, "k": None}], age=1)
        self.run_ok()
        self.world.write_rows("orders/b.json", [{"id": 3, "k": 5}, {"id": 4, "k": 2**33}], age=2)
        self.pipeline(source("orders"), query % "DECIMAL(12,2)")
        self.run_fails("column \"k\" of partitions is INTEGER and cannot become DECIMAL(12,2)")
        self.pipeline(source("orders"), query % "BIGINT")
        self.run_ok()
        self.assertEqual([(r["id"], r["k"]) for r in self.rows("bronze")], [(1, 5), (2, None), (3, 5), (4, 2**33)])

    def test_a_type_that_is_no_wider_one_stays_and_the_value_is_undecodable(self):
        self.pipeline(source("orders", more=self.WIDEN + "    on_decode_error: fail\n"), "  bronze: {from: orders}\n")
        self.world.write_rows("orders/a.json", [{"id": 1, "n": 7}], age=1)
        self.run_ok()
        self.world.write_rows("orders/b.json", [{"id": 2, "n": 1.5}], age=2)
        self.run_fails("field \"n\"", "orders/b.json:1")  # BIGINT to DOUBLE is not in the list
        self.assertEqual([n for n, _, _ in self.versions("orders")], [1])

    # ---- the other modes ----

    def test_fail_on_new_columns_fails_until_the_field_is_gone(self):
        for form in FORMATS:
            with self.subTest(form):
                self.world = world.World("fail_" + form)
                self.pipeline(source("orders", form, "    schema_evolution_mode: fail_on_new_columns\n"),
                              "  bronze: {from: orders}\n")
                write(self.world, f"orders/a.{form}", [{"id": 1}], 1)
                self.run_ok()
                write(self.world, f"orders/b.{form}", [{"id": 2, "x": 1}], 2)
                for _ in range(2):
                    self.run_fails("\"x\"", f"orders/b.{form}", "schema_evolution_mode: add_new_columns")
                write(self.world, f"orders/b.{form}", [{"id": 2}], 3)
                self.run_ok()
                self.assertEqual(self.rows("bronze"), [{"id": 1}, {"id": 2}])

    def test_none_ignores_new_fields(self):
        for form in FORMATS:
            with self.subTest(form):
                self.world = world.World("none_" + form)
                self.pipeline(source("orders", form, "    schema_evolution_mode: none\n"), "  bronze: {from: orders}\n")
                write(self.world, f"orders/a.{form}", [{"id": 1}], 1)
                self.run_ok()
                write(self.world, f"orders/b.{form}", [{"id": 2, "x": 1}], 2)
                self.run_ok()
                self.assertEqual(self.rows("bronze"), [{"id": 1}, {"id": 2}])

    def test_rescue_keeps_new_fields_and_the_columns_stay(self):
        for form in FORMATS:
            with self.subTest(form):
                self.world = world.World("rescue_" + form)
                self.pipeline(source("orders", form, "    schema_evolution_mode: rescue\n").replace('column: ""', "column: rest"),
                              "  bronze: {from: orders}\n  silver: {sql: SELECT * FROM STREAM(bronze)}\n")
                write(self.world, f"orders/a.{form}", [{"id": 1, "n": 1}], 1)
                self.run_ok()
                write(self.world, f"orders/b.{form}", [{"id": 2, "n": "many", "x": 1}], 2)
                self.run_ok()
                self.assertEqual([n for n, _, _ in self.versions("orders")], [1])
                for name in ("bronze", "silver"):
                    rows = self.rows(name)
                    self.assertEqual([(r["id"], r["n"]) for r in rows], [(1, 1), (2, None)])
                    self.assertIsNone(rows[0]["rest"])
                    rest = json.loads(rows[1]["rest"])
                    self.assertEqual({k: str(v) for k, v in rest.items()},
                                     {"n": "many", "x": "1", "_file_path": f"orders/b.{form}"})
                self.ends_well()

    def test_rescue_of_a_source_that_was_pinned_without_the_column_says_so(self):
        self.pipeline(source("orders"), "  bronze: {from: orders}\n")
        self.world.write_rows("orders/a.json", [{"id": 1}], age=1)
        self.run_ok()
        self.pipeline(source("orders", more="    schema_evolution_mode: rescue\n").replace('    rescued_data_column: ""\n', ""),
                      "  bronze: {from: orders}\n")
        self.world.write_rows("orders/b.json", [{"id": 2, "x": 3}], age=2)
        self.run_fails("needs the column \"_rescued_data\"")

    # ---- queries that change ----

    def test_a_column_added_to_a_query_comes_at_the_end_and_one_left_out_stays(self):
        self.pipeline(source("orders"), "  bronze: {sql: \"SELECT id, name FROM STREAM(orders)\"}\n")
        self.world.write_rows("orders/a.json", [{"id": 1, "name": "a", "n": 1}], age=1)
        self.run_ok()
        self.pipeline(source("orders"), "  bronze: {sql: \"SELECT n * 2 AS twice, id FROM STREAM(orders)\"}\n")
        out = self.world.smelt("plan").out
        self.assertIn("forward", out)
        self.assertIn("column \"twice\" is new", out)
        self.assertIn("column \"name\" stays, and is NULL in new rows", out)
        self.world.write_rows("orders/b.json", [{"id": 2, "name": "b", "n": 2}], age=2)
        self.run_ok()
        self.assertEqual(self.rows("bronze"), [{"id": 1, "name": "a", "twice": None}, {"id": 2, "name": None, "twice": 4}])
        self.assertIn("unchanged", self.world.smelt("plan").out)

    def test_a_wider_type_in_a_query_writes_the_table_again_and_readers_pass_over_it(self):
        query = "  bronze: {partition_by: [day], sql: \"SELECT id::%s AS id, n::%s AS n, day FROM STREAM(orders)\"}\n"
        self.pipeline(source("orders"), query % ("INTEGER", "FLOAT") + "  silver: {sql: SELECT * FROM STREAM(bronze)}\n")
        for day in (1, 2):
            self.world.write_rows(f"orders/{day}.json", [{"id": 10 * day + i, "n": i + 0.5, "day": f"d{day}"} for i in range(3)],
                                  age=day)
        self.run_ok()
        self.pipeline(source("orders"), query % ("BIGINT", "DOUBLE") + "  silver: {sql: SELECT * FROM STREAM(bronze)}\n")
        self.assertIn("column \"id\" changes from INTEGER to BIGINT", self.world.smelt("plan").out)
        self.assertNotIn("rebuild", self.world.smelt("plan").out)
        self.world.write_rows("orders/3.json", [{"id": 3 * 10**9, "n": 0.1, "day": "d1"}], age=3)
        self.run_ok()
        folder = self.world.table_folders()["bronze"]
        self.assertEqual(world.log_versions(folder), [0, 1, 2])
        actions = world.log_actions(folder, 1)
        self.assertEqual(sum("metaData" in a for a in actions), 1)
        self.assertEqual(sum("txn" in a for a in actions), 0)
        self.assertEqual([a["remove"]["dataChange"] for a in actions if "remove" in a], [False, False])
        adds = [a["add"] for a in actions if "add" in a]
        self.assertEqual([a["dataChange"] for a in adds], [False, False])
        self.assertEqual(sorted((a["partitionValues"]["day"], json.loads(a["stats"])["numRecords"],
                                 json.loads(a["stats"])["minValues"], json.loads(a["stats"])["maxValues"]) for a in adds),
                         [("d1", 3, {"id": 10, "n": 0.5}, {"id": 12, "n": 2.5}),
                          ("d2", 3, {"id": 20, "n": 0.5}, {"id": 22, "n": 2.5})])
        self.assertEqual([a["add"]["dataChange"] for a in world.log_actions(folder, 2) if "add" in a], [True])
        for name in ("bronze", "silver"):  # the reader passes over what was only written again
            self.assertEqual(self.columns(name), {"id": "long", "n": "double", "day": "string"})
            self.assertEqual([(r["id"], r["n"], r["day"]) for r in self.rows(name)],
                             [(10, 0.5, "d1"), (11, 1.5, "d1"), (12, 2.5, "d1"), (20, 0.5, "d2"), (21, 1.5, "d2"),
                              (22, 2.5, "d2"), (3 * 10**9, 0.1, "d1")])
        self.ends_well()
        self.assertIn("unchanged", self.world.smelt("plan").out)

    def test_another_type_is_refused_with_both_definitions(self):
        self.pipeline(source("orders"), "  bronze: {sql: SELECT id FROM STREAM(orders)}\n")
        self.world.write_rows("orders/a.json", [{"id": 1}], age=1)
        self.run_ok()
        self.pipeline(source("orders"), "  bronze: {sql: \"SELECT id::VARCHAR AS id FROM STREAM(orders)\"}\n")
        self.world.write_rows("orders/b.json", [{"id": 2}], age=2)
        self.run_fails("column \"id\" is BIGINT in the table and VARCHAR in the query", "(id BIGINT)", "(id VARCHAR)",
                       "--full-refresh")
        self.assertIn("rebuild", self.world.smelt("plan").out)
        self.run_ok("--full-refresh", "bronze", "--yes")
        self.assertEqual(self.rows("bronze"), [{"id": "1"}, {"id": "2"}])


if __name__ == "__main__":
    world.run_tests()
