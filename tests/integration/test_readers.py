# SPDX-License-Identifier: Apache-2.0
"""test_readers.py -- other Delta readers see what smelt wrote: every type, every version.

    test_readers.py            delta-rs and DuckDB's delta extension
    test_readers.py --spark    and delta-spark (scripts/setup --all-tests)

A pipeline with a column of every type, partitioned by awkward texts, is run in 24 batches of one
file, so that checkpoints fall at 10 and 20.  What each version must hold is calculated here, row by
row, without SQL.  The same again after the JSON commits before the last checkpoint are deleted.
"""
import datetime
import decimal
import json
import os
import shutil
import subprocess
import sys
import unittest

SOURCE = os.environ["SM_SOURCE"]
SUPPORT = os.path.join(SOURCE, "tests", "support")
sys.path.insert(0, os.path.join(SUPPORT, "oracles"))

import facts  # noqa: E402

FILES, ROWS = 24, 40
PARTS = ["plain", "a/b", "x=1", "50%", "with space", "ü", "a:b", "", None, "__HIVE_DEFAULT_PARTITION__?"]

PIPELINE = """version: 1
pipeline: types
schema: types
storage: ./lake
sources:
  numbers:
    type: files
    path: landing/*.json
    format: json
    schema: [{name: i, data_type: BIGINT}, {name: part, data_type: VARCHAR}]
    max_files_per_trigger: 1
tables:
  all_types:
    partition_by: [part, day]
    sql: |
      SELECT i, part, DATE '1969-12-25' + (i // 40)::INTEGER AS day,
             CASE WHEN i % 7 > 0 THEN (i % 100)::TINYINT END AS c_byte,
             CASE WHEN i % 7 > 0 THEN (i % 10000 - 5000)::SMALLINT END AS c_short,
             CASE WHEN i % 7 > 0 THEN (i - 500)::INTEGER END AS c_integer,
             CASE WHEN i % 7 > 0 THEN (i * 0.25)::FLOAT END AS c_float,
             CASE WHEN i % 7 > 0 THEN CASE i % 5 WHEN 0 THEN 'nan'::DOUBLE ELSE i::DOUBLE * 0.1::DOUBLE END END AS c_double,
             CASE WHEN i % 7 > 0 THEN (i - 400)::DECIMAL(18, 2) / 4 END::DECIMAL(18, 2) AS c_decimal,
             CASE WHEN i % 7 > 0 THEN (i::DECIMAL(38, 0) * 100000000000000000000)::DECIMAL(38, 0) END AS c_wide,
             CASE WHEN i % 7 > 0 THEN i % 2 = 0 END AS c_boolean,
             CASE WHEN i % 7 > 0 THEN 'ü"\\' || i END AS c_string,
             CASE WHEN i % 7 > 0 THEN encode('b' || i) END AS c_binary,
             CASE WHEN i % 7 > 0 THEN DATE '1969-12-25' + i::INTEGER END AS c_date,
             CASE WHEN i % 7 > 0 THEN TIMESTAMP '1969-12-31 23:00:00.123456' + to_hours(i) END AS c_timestamp,
             CASE WHEN i % 7 > 0 THEN [i, NULL, -i] END AS c_list,
             CASE WHEN i % 7 > 0 THEN {'a': i::INTEGER, 'b': {'c': ['x' || i]}} END AS c_struct,
             CASE WHEN i % 7 > 0 THEN MAP {'k' || i: i, 'n': NULL} END AS c_map,
             NULL::BIGINT AS c_nulls,
             CASE WHEN i % 7 > 0 THEN i::UBIGINT END AS c_ubigint
      FROM STREAM(numbers)
  by_part:
    type: materialized_view
    sql: SELECT part, count(*) AS rows, sum(i) AS total FROM all_types GROUP BY part
"""


def part_of(i):
    return PARTS[i // 20 % len(PARTS)]


def expected_row(i):
    part = part_of(i)
    day = datetime.date(1969, 12, 25) + datetime.timedelta(days=i // 40)
    row = [i, part or None, day.isoformat()]  # Delta keeps an empty partition text as null
    if i % 7 == 0:
        return row + [None] * 17
    cents = decimal.Decimal(i - 400) / 4
    moment = datetime.datetime(1969, 12, 31, 23, 0, 0, 123456) + datetime.timedelta(hours=i)
    return row + [
        i % 100, i % 10000 - 5000, i - 500, i * 0.25, "nan" if i % 5 == 0 else i * 0.1,
        format(cents.quantize(decimal.Decimal("0.01"), decimal.ROUND_HALF_UP), "f"),
        str(i * 10**20), i % 2 == 0, f'ü"\\{i}', f"b{i}".encode().hex(),
        (datetime.date(1969, 12, 25) + datetime.timedelta(days=i)).isoformat(),
        moment.isoformat(timespec="microseconds") + "Z",
        [i, None, -i], [i, [[f"x{i}"]]], [[f"k{i}", i], ["n", None]], None, str(i)]


def expected_digest(rows):
    return facts.digest(sorted(rows, key=json.dumps))


def write_file(number):
    os.makedirs("landing", exist_ok=True)
    with open(f"landing/{number:03}.json", "w", encoding="utf-8") as f:
        for i in range(number * ROWS, (number + 1) * ROWS):
            f.write(json.dumps({"i": i, "part": part_of(i)}) + "\n")


def smelt(*words):
    done = subprocess.run([os.environ["SMELT"], *words], capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"smelt {' '.join(words)}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def ask(program, requests):
    done = subprocess.run(program, input="".join(json.dumps(r) + "\n" for r in requests),
                          capture_output=True, text=True)
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode != 0 or not answers:
        raise AssertionError(f"{program}: status {done.returncode}\n{done.stderr[-2000:]}")
    return answers


DELTA_RS = [sys.executable, "-B", os.path.join(SUPPORT, "oracles", "read_delta_rs.py")]


def spark():
    python = os.path.join(SOURCE, "build", "deps", "spark", "bin", "python3")
    if not os.path.exists(python):
        sys.exit("Spark is not there: run scripts/setup --all-tests")
    return [python, "-B", os.path.join(SUPPORT, "spark", "read_spark.py")]


def readers():
    yield DELTA_RS
    yield [sys.executable, "-B", os.path.join(SUPPORT, "oracles", "read_duckdb_delta.py")]
    if "--spark" in sys.argv:
        yield spark()


class Readers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for name in ("lake", "landing"):
            shutil.rmtree(name, ignore_errors=True)
        with open("pipeline.yml", "w", encoding="utf-8") as f:
            f.write(PIPELINE)
        for number in range(FILES):
            write_file(number)
        smelt("run", "pipeline.yml")
        cls.types = os.path.abspath("lake/types/all_types")
        cls.parts = os.path.abspath("lake/types/by_part")

    def check(self, requests, wanted):
        """Every reader gives, per version, the digest that `wanted` holds."""
        for program in readers():
            answers = ask(program, requests)
            self.assertEqual([a for a in answers if "error" in a], [])
            self.assertEqual({a["version"]: a["digest"] for a in answers}, wanted, program)

    def test_every_version_in_every_type(self):
        versions = facts.log_versions(self.types)
        self.assertEqual(versions, list(range(len(versions))))
        first = len(versions) - FILES  # the table may be made by a commit of its own
        wanted = {v: expected_digest([expected_row(i) for i in range((v - first + 1) * ROWS)]) for v in versions}
        self.check([{"path": self.types, "versions": versions}], wanted)

    def test_readers_agree_on_a_materialized_view(self):
        answers = [a for program in readers() for a in ask(program, [{"path": self.parts, "rows": True}])]
        self.assertEqual(list(facts.compare(answers)), [])
        self.assertEqual(sum(row[1] for row in answers[0]["rows"]), FILES * ROWS)

    def test_commits_before_the_checkpoint_are_not_needed(self):
        copy = os.path.abspath("lake/copy")
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.types, copy)
        with open(f"{copy}/_delta_log/_last_checkpoint", encoding="utf-8") as f:
            checkpoint = json.load(f)["version"]
        self.assertGreaterEqual(checkpoint, 20)
        for version in range(checkpoint):
            os.unlink(f"{copy}/_delta_log/{version:020}.json")
        versions = [v for v in facts.log_versions(copy)]
        first = len(facts.log_versions(self.types)) - FILES
        wanted = {v: expected_digest([expected_row(i) for i in range((v - first + 1) * ROWS)]) for v in versions}
        self.check([{"path": copy, "versions": versions}], wanted)

    def test_statistics_tell_the_truth(self):
        from deltalake import DeltaTable
        actions = DeltaTable(self.types).get_add_actions(flatten=True)
        files = [dict(zip(actions.schema.names, row)) for row in
                 zip(*[actions.column(n).to_pylist() for n in actions.schema.names])]
        self.assertEqual(sum(f["num_records"] for f in files), FILES * ROWS)
        self.assertEqual(min(f["min.i"] for f in files), 0)
        self.assertEqual(max(f["max.i"] for f in files), FILES * ROWS - 1)
        for f in files:
            self.assertLessEqual(f["min.i"], f["max.i"])
            self.assertEqual(f["null_count.c_nulls"], f["num_records"])


if __name__ == "__main__":
    done = unittest.main(argv=[sys.argv[0]], exit=False)
    facts.leave(0 if done.result.wasSuccessful() else 1)
