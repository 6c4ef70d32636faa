# SPDX-License-Identifier: Apache-2.0
"""test_state_growth.py -- columns that come later, or take a wider type, under queries that remember.

Each run is a process of its own, so all that is remembered comes back from its files.
"""
import decimal
import os
import sys
import unittest

import deltalake
import pyarrow
import pyarrow.parquet

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(TESTS, "crash"), os.path.join(TESTS, "support", "oracles")]

import world  # noqa: E402

HEAD = "version: 1\npipeline: p\nschema: s\nstorage: ./lake\n"
BIG = 2**70
ORDERS = """  orders:
    type: files
    path: orders/*.json
    format: json
    rescued_data_column: ""
    schema_evolution_mode: add_new_columns_with_type_widening
    schema_hints: "t TIMESTAMP"
    watermark: {column: t, delay: 1 hour}
"""
PAID = ORDERS.replace("orders", "paid")


def at(minute):
    return f"2026-01-01T{minute // 60:02d}:{minute % 60:02d}:00"


class Growth(unittest.TestCase):
    def setUp(self):
        self.world = world.World(self.id().split(".")[-1])
        self.n = 0

    def pipeline(self, sources, tables):
        self.world.write("pipeline.yml", HEAD + "sources:\n" + sources + "tables:\n" + tables)

    def arrive(self, source, *rows):
        self.n += 1
        self.world.write_rows(f"{source}/{self.n:04d}.json", list(rows))

    def smelt(self, *args, code=0):
        result = self.world.run(*args)
        self.assertEqual(result.code, code, result.out + result.err)
        return result.out + result.err

    def plan(self):
        result = self.world.smelt("plan")
        return result.out + result.err

    def rows(self, table):
        found = deltalake.DeltaTable(self.world.table_folders()[table]).to_pyarrow_table().to_pylist()
        return sorted((tuple(v for k, v in r.items()) for r in found), key=repr)

    def remembered(self, table):
        """The columns of the files of each log."""
        found = {}
        for folder, _, files in os.walk(self.world.path("lake/.smelt/flows/p/" + table)):
            for name in files:
                columns = pyarrow.parquet.read_schema(os.path.join(folder, name)).names
                found.setdefault(os.path.basename(folder), set()).update(columns)
        return found


class Joins(Growth):
    ON = "ON o.id = p.id AND p.t BETWEEN o.t AND o.t + INTERVAL 1 DAY"

    def test_a_new_column_is_null_in_rows_that_waited(self):
        self.pipeline(ORDERS + PAID, f"""  joined:
    sql: SELECT o.*, p.amount FROM STREAM(orders) o JOIN STREAM(paid) p {self.ON}
""")
        self.arrive("orders", {"id": 1, "t": at(1)}, {"id": 2, "t": at(2)})
        self.arrive("paid", {"id": 2, "t": at(3), "amount": 20})
        self.smelt()
        self.arrive("orders", {"id": 3, "t": at(4), "note": "three"})
        self.smelt()
        self.arrive("paid", {"id": 1, "t": at(5), "amount": 10}, {"id": 3, "t": at(5), "amount": 30})
        self.smelt()
        self.assertEqual([(r[0], r[-2:]) for r in self.rows("joined")], [(1, (10, None)), (2, (20, None)), (3, (30, "three"))])

    def test_a_wider_type_goes_on_with_what_waited_over_many_batches(self):
        self.pipeline(ORDERS + PAID, f"""  joined:
    sql: SELECT o.id, o.n, p.amount FROM STREAM(orders) o LEFT JOIN STREAM(paid) p {self.ON}
""")
        self.arrive("paid", {"id": 0, "t": at(0), "amount": 0})
        for i in range(1, 10):
            self.arrive("orders", {"id": i, "t": at(i), "n": i})
            self.smelt()
        for i in range(10, 20):  # the sixteenth file takes in those of both types
            self.arrive("orders", {"id": i, "t": at(i), "n": BIG + i})
            self.smelt()
        self.arrive("paid", *[{"id": i, "t": at(30), "amount": i} for i in range(1, 20) if i != 4])
        self.smelt()
        wanted = [(i, decimal.Decimal(i if i < 10 else BIG + i), i) for i in range(1, 20) if i != 4]
        self.assertEqual(sorted(self.rows("joined")), wanted)
        self.arrive("orders", {"id": 90, "t": "2026-01-03T12:00:00", "n": 90})
        self.arrive("paid", {"id": 91, "t": "2026-01-03T12:00:00", "amount": 1})
        self.smelt()
        self.assertIn((4, decimal.Decimal(4), None), self.rows("joined"))

    def test_only_columns_that_the_query_reads_are_kept_and_others_may_grow(self):
        self.pipeline(ORDERS + PAID, f"""  joined:
    sql: SELECT o.id, p.amount FROM STREAM(orders) o JOIN STREAM(paid) p {self.ON}
""")
        self.arrive("orders", {"id": 1, "t": at(1), "text": "x" * 100})
        self.arrive("paid", {"id": 9, "t": at(1), "amount": 1, "way": "card"})
        self.smelt()
        self.arrive("orders", {"id": 2, "t": at(2), "more": 1.5})
        self.smelt()
        self.assertEqual(self.remembered("joined"), {
            "join_1_l": {"c0", "c1", "_smelt_e", "_smelt_t", "_smelt_id", "_n"},
            "join_1_r": {"c0", "c1", "c2", "_smelt_e", "_smelt_t", "_smelt_id", "_n"}})
        self.arrive("paid", *[{"id": i, "t": at(3), "amount": i} for i in (1, 2)])
        self.smelt()
        self.assertEqual(self.rows("joined"), [(1, 1), (2, 2)])

    def test_a_column_that_was_not_kept_is_refused_and_a_new_one_is_not(self):
        sql = f"SELECT o.id, p.amount%s FROM STREAM(orders) o JOIN STREAM(paid) p {self.ON}"
        self.pipeline(ORDERS + PAID, f"  joined:\n    sql: {sql % ''}\n")
        self.arrive("orders", {"id": 1, "t": at(1), "text": "x"})
        self.arrive("paid", {"id": 9, "t": at(1), "amount": 1})
        self.smelt()
        self.pipeline(ORDERS + PAID, f"  joined:\n    sql: {sql % ', o.text'}\n")
        for told in (self.plan(), self.smelt(code=7)):
            self.assertIn('needs column "text", which was not kept as the query did not read it', told)
            self.assertIn("join_1", told)
            self.assertIn("full-refresh", told)
        self.assertEqual(self.rows("joined"), [])
        self.pipeline(ORDERS + PAID, f"  joined:\n    sql: {sql % ''}\n")
        self.arrive("paid", {"id": 1, "t": at(2), "amount": 5})
        self.smelt()
        self.assertEqual(self.rows("joined"), [(1, 5)])
        self.pipeline(ORDERS + PAID, f"  joined:\n    sql: {sql % ', o.text'}\n")
        self.smelt("--full-refresh", "joined", "--yes")
        self.assertEqual(self.rows("joined"), [(1, 5, "x")])

    def test_another_type_is_refused_by_plan_and_run_and_nothing_is_changed(self):
        sql = "SELECT o.id, o.v FROM (SELECT id, t, %s AS v FROM STREAM(orders)) o JOIN STREAM(paid) p " + self.ON
        self.pipeline(ORDERS + PAID, f"  joined:\n    sql: {sql % 'n'}\n")
        self.arrive("orders", {"id": 1, "t": at(1), "n": 1})
        self.arrive("paid", {"id": 9, "t": at(1)})
        self.smelt()
        before = self.remembered("joined")
        self.pipeline(ORDERS + PAID, f"  joined:\n    sql: {sql % 'n::VARCHAR'}\n")
        for told in (self.plan(), self.smelt(code=7)):
            self.assertIn('has "v" as VARCHAR, which was BIGINT before', told)
            self.assertIn("join_1", told)
            self.assertIn("full-refresh", told)
        self.assertEqual(self.remembered("joined"), before)


def source(name, columns, delay=""):
    columns = ", ".join("{name: %s, data_type: %s}" % tuple(c.split()) for c in columns.split(", "))
    return f"  {name}: {{type: files, path: {name}, format: json, schema: [{columns}]{delay}}}\n"


class Sides(Growth):
    """A side of a join that is more than the rows of one input."""

    def table(self, sources, sql, options="    unbounded_state: accepted\n"):
        self.pipeline(sources, f"  joined:\n{options}    sql: {sql}\n")

    def refuses(self, what):
        for told in (self.plan(), self.smelt(code=7)):
            self.assertIn(what, told)
            self.assertIn("full-refresh", told)

    def test_the_first_of_three_streams_takes_a_column_that_the_second_has(self):
        grows = '  a: {type: files, path: a, format: json, rescued_data_column: "", schema_hints: "id BIGINT"}\n'
        self.table(grows + source("b", "id BIGINT, v BIGINT") + source("c", "id BIGINT, w BIGINT"),
                   "SELECT a.*, b.v AS bv, c.w FROM STREAM(a) AS a JOIN STREAM(b) AS b ON a.id = b.id JOIN STREAM(c) AS c ON a.id = c.id")
        self.arrive("a", {"id": 1})
        self.arrive("b", {"id": 1, "v": 111}, {"id": 2, "v": 222})
        self.arrive("c", {"id": 9, "w": 9})
        self.smelt()
        self.arrive("a", {"id": 2, "v": 5})
        self.smelt()
        self.arrive("c", {"id": 1, "w": 1}, {"id": 2, "w": 2})
        self.smelt()
        found = deltalake.DeltaTable(self.world.table_folders()["joined"]).to_pyarrow_table().to_pylist()
        self.assertEqual(sorted((r["id"], r["v"], r["bv"], r["w"]) for r in found), [(1, None, 111, 1), (2, 5, 222, 2)])

    def test_four_streams_join_on_columns_of_the_first(self):
        self.table("".join(source(n, "id BIGINT, v BIGINT") for n in "abcd"),
                   "SELECT a.id, a.v AS av, b.v AS bv, c.v AS cv, d.v AS dv FROM STREAM(a) AS a JOIN STREAM(b) AS b ON a.id = b.id "
                   "JOIN STREAM(c) AS c ON a.id = c.id JOIN STREAM(d) AS d ON a.id = d.id AND b.v < d.v")
        for i, name in enumerate("abcd"):
            self.arrive(name, {"id": 100 + i, "v": i})
        for i, name in enumerate("bdac"):
            self.arrive(name, {"id": 1, "v": i})
            self.smelt()
        self.assertEqual(self.rows("joined"), [(1, 2, 0, 3, 1)])

    def test_a_column_more_of_a_subquery_is_not_taken_for_a_new_one(self):
        sql = "SELECT x.id, b.k%s FROM %s AS x JOIN STREAM(b) AS b ON x.id = b.id"
        sources = source("a", "id BIGINT, amount BIGINT") + source("b", "id BIGINT, k BIGINT")
        self.table(sources, sql % ("", "(SELECT id FROM STREAM(a))"))
        self.arrive("a", {"id": 1, "amount": 77})
        self.arrive("b", {"id": 9, "k": 9})
        self.smelt()
        self.table(sources, sql % (", x.amount", "(SELECT id, amount FROM STREAM(a))"))
        self.refuses('needs column "amount", which the query of that side did not give before')
        self.table(sources, "WITH y AS (SELECT id, amount FROM STREAM(a)) " + sql % (", x.amount", "y"))
        self.refuses('needs column "amount", which the query of that side did not give before')
        self.assertEqual(self.rows("joined"), [])

    def test_a_column_more_of_what_with_names_is_not_taken_for_a_new_one(self):
        sql = "WITH x AS (SELECT %s FROM STREAM(a)) SELECT x.*, b.k FROM x JOIN STREAM(b) AS b ON x.id = b.id"
        sources = source("a", "id BIGINT, amount BIGINT") + source("b", "id BIGINT, k BIGINT")
        self.table(sources, sql % "id")
        self.arrive("a", {"id": 1, "amount": 77})
        self.arrive("b", {"id": 9, "k": 9})
        self.smelt()
        self.table(sources, sql % "id, amount")
        self.refuses('needs column "amount", which the query of that side did not give before')

    def test_a_column_of_three_streams_that_nobody_read_is_refused(self):
        sql = ("SELECT a.id, c.w%s FROM STREAM(a) AS a JOIN STREAM(b) AS b ON a.id = b.id AND b.tb BETWEEN a.t AND a.t + INTERVAL 1 MINUTE "
               "JOIN STREAM(c) AS c ON a.id = c.id AND c.tc BETWEEN a.t AND a.t + INTERVAL 2 HOUR")
        sources = "".join(source(n, f"id BIGINT, {v} BIGINT, {t} TIMESTAMP", f", watermark: {{column: {t}, delay: 1 minute}}")
                          for n, v, t in (("a", "u", "t"), ("b", "v", "tb"), ("c", "w", "tc")))
        self.table(sources, sql % "", "    watermark_policy: max\n")
        self.arrive("a", {"id": 1, "u": 1, "t": at(1)})
        self.arrive("b", {"id": 1, "v": 5, "tb": at(1)})
        self.arrive("c", {"id": 9, "w": 9, "tc": at(1)})
        self.smelt()
        self.arrive("c", {"id": 8, "w": 8, "tc": at(60)})  # the first join has forgotten its rows
        self.smelt()
        self.arrive("c", {"id": 8, "w": 8, "tc": at(61)})
        self.smelt()
        self.table(sources, sql % ", b.v", "    watermark_policy: max\n")
        self.arrive("c", {"id": 1, "w": 1, "tc": at(61)})
        self.refuses('"join_2" of flow "joined" needs column "b.v", which was not kept')

    def test_another_column_of_using_is_another_condition(self):
        sql = "SELECT a.v, b.w FROM STREAM(a) AS a JOIN STREAM(b) AS b USING (%s)"
        sources = source("a", "id BIGINT, k BIGINT, v BIGINT") + source("b", "id BIGINT, k BIGINT, w BIGINT")
        self.table(sources, sql % "id" + " WHERE a.k > 0")
        self.arrive("a", {"id": 1, "k": 1, "v": 1})
        self.arrive("b", {"id": 9, "k": 9, "w": 1})
        self.smelt()
        self.table(sources, sql % "id, k" + " WHERE a.k > 0")
        self.refuses("has other keys, aggregates or another output mode than before")


class Groupings(Growth):
    def test_windows_go_on_when_what_they_sum_is_wider(self):
        self.pipeline(ORDERS, """  sums:
    sql: |
      SELECT window(t, '1 hour') AS w, k, sum(n) AS s, min(n) AS lo, max(n) AS hi, avg(n) AS mean, first(n) AS a, last(n) AS z,
        arg_max(k, n) AS best, count(n) AS c
      FROM STREAM(orders) GROUP BY ALL
""")
        self.arrive("orders", {"t": at(1), "k": 1, "n": 5}, {"t": at(2), "k": 1, "n": 3})
        self.smelt()
        self.arrive("orders", {"t": at(3), "k": 1, "n": BIG, "note": "new"})
        self.smelt()
        self.arrive("orders", {"t": at(4), "k": 1, "n": 7}, {"t": at(4), "k": BIG, "n": 7})
        self.smelt()
        self.arrive("orders", {"t": at(600), "k": 1, "n": 1})
        self.smelt()
        got = sorted((tuple(r[1:]) for r in self.rows("sums")), key=lambda r: r[0])
        self.assertEqual(got, [(1, BIG + 15, 3, BIG, (BIG + 15) / 4, 5, 7, 1, 4), (BIG, 7, 7, 7, 7.0, 7, 7, BIG, 1)])

    def test_rows_that_are_kept_and_sessions_go_on(self):
        self.pipeline(ORDERS, """  middles:
    sql: SELECT window(t, '1 hour') AS w, median(n)::DOUBLE AS m, count(DISTINCT n) AS d FROM STREAM(orders) GROUP BY w
  visits:
    sql: SELECT k, session_window(t, '30 minutes') AS v, sum(n) AS s FROM STREAM(orders) GROUP BY ALL
""")
        self.arrive("orders", {"t": at(1), "k": "a", "n": 5}, {"t": at(20), "k": "a", "n": 3})
        self.smelt()
        self.arrive("orders", {"t": at(40), "k": "a", "n": BIG})
        self.smelt()
        self.arrive("orders", {"t": at(600), "k": "a", "n": 1})
        self.smelt()
        self.assertEqual([r[1:] for r in self.rows("middles")], [(5, 3)])
        self.assertEqual([(r[0], r[2]) for r in self.rows("visits")], [("a", BIG + 8)])

    def test_groups_that_are_updated_and_a_limit_go_on(self):
        self.pipeline(ORDERS, """  totals:
    output_mode: update
    unbounded_state: accepted
    sql: SELECT k, sum(n) AS s FROM STREAM(orders) GROUP BY k
  look:
    sql: SELECT * FROM STREAM(orders) LIMIT 3
""")
        self.arrive("orders", {"t": at(1), "k": 1, "n": 5}, {"t": at(2), "k": 2, "n": 3})
        self.smelt()
        self.arrive("orders", {"t": at(3), "k": 1, "n": BIG, "note": "x"}, {"t": at(3), "k": 2, "n": 1})
        self.smelt()
        self.assertEqual(self.rows("totals"), [(1, BIG + 5), (2, 4)])
        self.assertEqual(len(self.rows("look")), 3)

    def test_another_type_of_a_key_is_refused_by_its_name(self):
        table = """  totals:
    output_mode: update
    unbounded_state: accepted
    sql: SELECT k, sum(n) AS s FROM (SELECT %s AS k, n FROM STREAM(orders)) GROUP BY k
"""
        self.pipeline(ORDERS, table % "k")
        self.arrive("orders", {"t": at(1), "k": 1, "n": 5})
        self.smelt()
        self.pipeline(ORDERS, table % "k::VARCHAR")
        for told in (self.plan(), self.smelt(code=7)):
            self.assertIn('has "k" as VARCHAR, which was BIGINT before', told)
            self.assertIn("aggregate_1", told)
            self.assertIn("full-refresh", told)


class Duplicates(Growth):
    def test_keys_go_on_when_they_are_wider(self):
        self.pipeline(ORDERS, """  once:
    from: orders
    deduplicate: {keys: [id], within_watermark: true}
""")
        self.arrive("orders", {"t": at(1), "id": 1})
        self.smelt()
        self.arrive("orders", {"t": at(2), "id": BIG, "note": "new"}, {"t": at(2), "id": 1})
        self.smelt()
        self.arrive("orders", {"t": at(3), "id": BIG}, {"t": at(3), "id": 1}, {"t": at(3), "id": 2})
        self.smelt()
        self.assertEqual(sorted(r[0] if isinstance(r[0], decimal.Decimal) else r[1] for r in self.rows("once")), [1, 2, BIG])

    def test_a_whole_row_is_a_key_also_with_a_column_more(self):
        tables = """  once:
    from: orders
    deduplicate: {}
    unbounded_state: accepted
  distinct:
    sql: SELECT DISTINCT * FROM STREAM(orders)
    output_mode: update
    unbounded_state: accepted
"""
        self.pipeline(ORDERS, tables)
        self.arrive("orders", {"t": at(1), "id": 1}, {"t": at(1), "id": 2})
        self.smelt()
        self.arrive("orders", {"t": at(1), "id": 1}, {"t": at(1), "id": 2, "note": "new"})
        self.smelt()
        self.arrive("orders", {"t": at(1), "id": 1, "note": None}, {"t": at(1), "id": 2, "note": "new"})
        self.smelt()
        for table in ("once", "distinct"):
            got = deltalake.DeltaTable(self.world.table_folders()[table]).to_pyarrow_table().to_pylist()
            self.assertEqual(sorted(((r["id"], r["note"]) for r in got), key=repr), [(1, None), (2, "new"), (2, None)], table)

    def test_a_key_that_the_query_has_more_of_is_refused(self):
        table = """  once:
    sql: SELECT %s FROM STREAM(orders)
    deduplicate: {}
    unbounded_state: accepted
"""
        self.pipeline(ORDERS, table % "id")
        self.arrive("orders", {"t": at(1), "id": 1, "k": 1})
        self.smelt()
        self.pipeline(ORDERS, table % "id, k")
        for told in (self.plan(), self.smelt(code=7)):
            self.assertIn('has column "k" in its key, which it had not before', told)
            self.assertIn("full-refresh", told)


if __name__ == "__main__":
    world.run_tests()
