# SPDX-License-Identifier: Apache-2.0
"""test_arrival.py -- the order of rows is that of their files and lines, however large a batch is.

300,000 rows in several files as one batch on several threads, and file by file: what depends on the order in which rows
arrive has to be the same.
"""
import json
import os
import sys
import unittest

import deltalake

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(TESTS, "crash")]

import world  # noqa: E402

FILES, ROWS, KEYS = 6, 50_000, 1_000
PIPELINE = """version: 1
pipeline: p
storage: ./lake
engine: {{threads: 4}}
sources:
  events:
    type: files
    path: events/*.csv
    format: csv
    schema: [{{name: n, data_type: BIGINT}}, {{name: k, data_type: BIGINT}}, {{name: t, data_type: TIMESTAMP}}]
    max_files_per_trigger: {files}
    watermark: {{column: t, delay: 1 hour}}
tables:
  firsts:
    sql: |
      SELECT window(t, '1 day') AS w, k, first(n) AS a, last(n) AS z FROM STREAM(events) GROUP BY ALL
    output_mode: update
  kept:
    sql: |
      SELECT window(t, '1 day') AS w, k, first(n) AS a, median(n) AS m, list(n) AS l, list(n ORDER BY k) AS o,
        arbitrary(n) AS one, mode(n) AS most, json_group_array(n)::VARCHAR AS ns, json_group_object(n, k)::VARCHAR AS pairs,
        json_group_structure(json_object('c' || n % 7, k))::VARCHAR AS shape
      FROM STREAM(events) WHERE k < 20 GROUP BY ALL
    output_mode: update
  once:
    from: events
    deduplicate: {{keys: [k], within_watermark: true}}
  look:
    sql: SELECT n FROM STREAM(events) LIMIT 100000
  look_once:
    sql: SELECT n FROM (SELECT n, k FROM distinct_events) LIMIT 400
  distinct_events:
    type: view
    sql: SELECT n, k, t FROM STREAM(events)
    deduplicate: {{keys: [k], within_watermark: true}}
"""


class Arrival(unittest.TestCase):
    def result(self, files):
        w = world.World(f"files_{files}")
        w.write("pipeline.yml", PIPELINE.format(files=files))
        for f in range(FILES):
            rows = range(f * ROWS, (f + 1) * ROWS)
            # n goes down, so that the first row is by no accident the least one
            w.write(f"events/{f}.csv", "n,k,t\n" + "".join(
                f"{10_000_000 - i},{i * 7919 % KEYS},2026-01-01 00:00:00\n" for i in rows), age=f)
        result = w.run()
        self.assertEqual(result.code, 0, result.out + result.err)
        found = {}
        for table in ("firsts", "kept", "once", "look", "look_once"):
            rows = deltalake.DeltaTable(w.table_folders()[table]).to_pyarrow_table().to_pylist()
            found[table] = sorted((tuple(r.values()) for r in rows), key=repr)
        return found

    def test_one_large_batch_gives_what_its_files_give_one_by_one(self):
        small, large = self.result(1), self.result(FILES)
        for table, rows in small.items():
            self.assertEqual(len(rows), len(large[table]), table)
            for x, y in zip(rows, large[table]):
                self.assertEqual(x, y, table)
        for _, k, first, _, rows, _, one, most, array, pairs, _ in large["kept"]:
            self.assertEqual((one, most), (first, first))  # each n is there once
            self.assertEqual(json.loads(array), rows)
            self.assertEqual(json.loads(pairs), {str(n): k for n in rows})
        self.assertEqual({n for n, in small["look"]}, {10_000_000 - i for i in range(100_000)})


if __name__ == "__main__":
    world.run_tests()
