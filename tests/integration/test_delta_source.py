# SPDX-License-Identifier: Apache-2.0
"""test_delta_source.py SMELT [--spark] -- tables that others write are read row for row.

spark_tables.tar.gz holds tables as only delta-spark writes them and the rows that Spark read from each
(tests/support/spark/write_tables.py); with --spark they are written anew.  The other tables are
delta-rs's, written while a pipeline follows them.
"""
import datetime
import json
import os
import shlex
import shutil
import subprocess
import sys
import tarfile
import unittest

import duckdb
import pyarrow
import pyarrow.parquet
from deltalake import DeltaTable, write_deltalake

SOURCE = os.environ["SM_SOURCE"]
sys.path.insert(0, os.path.join(SOURCE, "tests", "support", "oracles"))

import facts  # noqa: E402

SMELT = os.path.abspath(sys.argv[1])
SPARK = "--spark" in sys.argv
TABLES = ["deletions", "runs", "v2_json", "v2_parquet", "parts", "mapped_name", "mapped_id", "widened", "times"]


def smelt(folder, *words, fails=False):
    done = subprocess.run([SMELT, *words], cwd=folder, capture_output=True, text=True)
    if (done.returncode != 0) != fails or done.returncode < 0 or "Sanitizer" in done.stderr:
        raise AssertionError(f"{words}: status {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout + done.stderr


def plain(value):
    """Values in one spelling: instants are in UTC on both sides."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in sorted(value.items())}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, datetime.datetime):
        return value.replace(tzinfo=None).isoformat()
    return repr(value)


def rows_of(table):
    return sorted(json.dumps(plain(row)) for row in table.to_pylist())


def made(folder, *sources, tables):
    os.makedirs(folder)
    with open(f"{folder}/pipeline.yml", "w", encoding="utf-8") as f:
        f.write("version: 1\npipeline: foreign\nschema: out\nstorage: ./lake\nsources:\n")
        f.writelines(f"  {line}\n" for line in sources)
        f.write("tables:\n")
        f.writelines(f"  {line}\n" for line in tables)


def edit(folder, old, new):
    with open(f"{folder}/pipeline.yml", encoding="utf-8") as f:
        text = f.read()
    assert old in text, old
    with open(f"{folder}/pipeline.yml", "w", encoding="utf-8") as f:
        f.write(text.replace(old, new))


class BySpark(unittest.TestCase):
    """Tables that delta-spark wrote."""

    @classmethod
    def setUpClass(cls):
        cls.folder = os.path.abspath("spark")
        shutil.rmtree(cls.folder, ignore_errors=True)
        if not SPARK:
            with tarfile.open(f"{SOURCE}/tests/integration/spark_tables.tar.gz") as tar:
                tar.extractall(cls.folder)
            return
        python = f"{SOURCE}/build/deps/spark/bin/python3"
        if not os.path.exists(python):
            sys.exit("Spark is not there: run scripts/setup --all-tests")
        writer = f"{SOURCE}/tests/support/spark/write_tables.py"
        done = subprocess.run([python, "-B", writer, cls.folder], env={**os.environ, "TZ": "UTC"},
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(done.stderr[-3000:])

    def test_every_row_as_a_stream_and_as_it_is_now(self):
        project = f"{self.folder}/all"
        columns = {name: '* EXCLUDE ("with space"), "with space" AS with_space'
                   for name in ("mapped_name", "mapped_id")}
        tables = []
        for name in TABLES:
            chosen = columns.get(name, "*")
            tables += [f"s_{name}: {{sql: 'SELECT {chosen} FROM STREAM({name})'}}",
                       f"p_{name}: {{type: materialized_view, sql: 'SELECT {chosen} FROM {name}'}}"]
        made(project, *[f"{name}: {{type: delta, path: ../{name}}}" for name in TABLES], tables=tables)
        smelt(project, "run")
        for name in TABLES:
            expected = rows_of(pyarrow.parquet.read_table(f"{self.folder}/expected/{name}"))
            for kind in "sp":
                with self.subTest(table=name, kind=kind):
                    table = DeltaTable(f"{project}/lake/out/{kind}_{name}").to_pyarrow_table()
                    self.assertEqual(rows_of(table), expected)

    def test_a_delete_stops_the_reader_unless_it_may_be_passed_over(self):
        project = f"{self.folder}/follow"
        made(project, "c: {type: delta, path: ../changes, starting_version: 1}", tables=["t: {from: c}"])
        said = smelt(project, "run", fails=True)
        self.assertIn("version 3 (DELETE) removed rows that may have been read", said)
        self.assertIn("`skip_change_commits: true`", said)
        edit(project, "starting_version: 1", "starting_version: 1, skip_change_commits: true")
        smelt(project, "run")
        ids = sorted(DeltaTable(f"{project}/lake/out/t").to_pyarrow_table()["id"].to_pylist())
        self.assertEqual(ids, list(range(40)))

    def test_a_feature_that_is_not_read_is_named(self):
        project = f"{self.folder}/variant"
        made(project, "v: {type: delta, path: ../variants}", tables=["t: {from: v}"])
        said = smelt(project, "validate", fails=True)
        self.assertIn('needs the Delta reader feature "variantType', said)
        self.assertIn("give readers a copy without VARIANT columns", said)

    def test_a_bucket_is_refused(self):
        project = f"{self.folder}/bucket"
        made(project, "v: {type: delta, path: 's3://lake/table'}", tables=["t: {from: v}"])
        self.assertIn("tables of others in a bucket are not supported yet", smelt(project, "validate", fails=True))

    def test_a_damaged_deletion_vector_is_told(self):
        copy = f"{self.folder}/damaged"
        shutil.copytree(f"{self.folder}/runs", copy)
        vector = next(name for name in os.listdir(copy) if name.startswith("deletion_vector_"))
        with open(f"{copy}/{vector}", "r+b") as f:
            f.seek(100)
            byte = f.read(1)[0]
            f.seek(100)
            f.write(bytes([byte ^ 1]))
        project = f"{self.folder}/damage"
        made(project, "v: {type: delta, path: ../damaged}", tables=["t: {from: v}"])
        self.assertIn("the deletion vector does not fit its checksum", smelt(project, "run", fails=True))


@unittest.skipIf(SPARK, "delta-rs writes the same in the default suite")
class ByDeltaRs(unittest.TestCase):
    """A table of delta-rs grows while a pipeline follows it."""

    def setUp(self):
        self.folder = os.path.abspath(f"rs/{self._testMethodName}")
        shutil.rmtree(self.folder, ignore_errors=True)
        self.table = f"{self.folder}/table"
        self.project = f"{self.folder}/project"

    def write(self, sql, **options):
        write_deltalake(self.table, duckdb.sql(sql).to_arrow_table(), mode="append", **options)

    def follow(self, options="", *more):
        made(self.project, f"x: {{type: delta, path: ../table{options}}}", *more, tables=["t: {from: x}"])

    def ids(self):
        return sorted(DeltaTable(f"{self.project}/lake/out/t").to_pyarrow_table()["id"].to_pylist())

    def test_each_run_reads_what_came(self):
        self.write("SELECT i AS id, 'p/' || i % 2 AS p FROM range(10) t(i)", partition_by=["p"])
        self.follow(", max_files_per_trigger: 1")
        smelt(self.project, "run")
        self.assertEqual(self.ids(), list(range(10)))
        for n in range(1, 4):
            self.write(f"SELECT i AS id, 'q %' AS p FROM range({10 * n}, {10 * n + 10}) t(i)")
        smelt(self.project, "run")
        self.assertEqual(self.ids(), list(range(40)))
        DeltaTable(self.table).optimize.compact()
        smelt(self.project, "run")
        self.assertEqual(self.ids(), list(range(40)))

    def lags(self):
        doc = json.loads(smelt(self.project, "checkpoint", "show", "t", "--json"))
        return [batch["lag"]["x"] for batch in reversed(doc["batches"])]

    def test_each_batch_tells_how_many_rows_it_left(self):
        for n in range(3):
            self.write(f"SELECT i AS id FROM range({10 * n}, {10 * n + 10}) t(i)")
        self.follow(", max_files_per_trigger: 1")
        smelt(self.project, "run")
        for n in range(3, 6):
            self.write(f"SELECT i AS id FROM range({10 * n}, {10 * n + 5}) t(i)")
        smelt(self.project, "run")
        lags = self.lags()
        self.assertEqual([lag["rows"] for lag in lags], [20, 10, 0, 10, 5, 0])
        self.assertEqual([lag["files"] for lag in lags], [2, 1, 0, 2, 1, 0])
        self.assertEqual([lag["versions"] for lag in lags], [1, 1, 0, 2, 1, 0])
        self.assertTrue(all((lag["bytes"] > 0) == (lag["files"] > 0) for lag in lags))
        self.assertTrue(all(0 <= lag["seconds"] < 60 for lag in lags))

    def test_a_new_column_is_taken_in(self):
        self.write("SELECT 1::BIGINT AS id")
        self.follow()
        smelt(self.project, "run")
        self.write("SELECT 2::BIGINT AS id, {'x': 'new'} AS s", schema_mode="merge")
        smelt(self.project, "run")
        rows = DeltaTable(f"{self.project}/lake/out/t").to_pyarrow_table().to_pylist()
        self.assertEqual(sorted(rows, key=lambda row: row["id"]), [{"id": 1, "s": None}, {"id": 2, "s": {"x": "new"}}])

    def test_a_new_column_is_told_or_passed_over_as_the_source_says(self):
        self.write("SELECT 1::BIGINT AS id")
        self.follow(", schema_evolution_mode: fail_on_new_columns")
        smelt(self.project, "run")
        self.write("SELECT 2::BIGINT AS id, 'new' AS s", schema_mode="merge")
        self.assertIn('column "s" appeared in the table', smelt(self.project, "run", fails=True))
        edit(self.project, "fail_on_new_columns", "none")
        smelt(self.project, "run")
        self.assertEqual(DeltaTable(f"{self.project}/lake/out/t").to_pyarrow_table().column_names, ["id"])
        self.assertEqual(self.ids(), [1, 2])

    def test_a_lost_column_and_another_table_are_told(self):
        self.write("SELECT 1::BIGINT AS id, 'a' AS s")
        self.follow()
        smelt(self.project, "run")
        only_id = duckdb.sql("SELECT 2::BIGINT AS id").to_arrow_table()
        write_deltalake(self.table, only_id, mode="overwrite", schema_mode="overwrite")
        self.assertIn("(WRITE) removed rows", smelt(self.project, "run", fails=True))
        edit(self.project, "../table", "../table, skip_change_commits: true")
        self.write("SELECT 3::BIGINT AS id")
        self.assertIn('the table has no column "s" any more', smelt(self.project, "run", fails=True))
        shutil.rmtree(self.table)
        for n in range(5):
            self.write(f"SELECT {n}::BIGINT AS id, 'a' AS s")
        self.assertIn("was replaced: it has id", smelt(self.project, "run", fails=True))

    def test_a_table_that_vanished_is_told(self):
        self.write("SELECT 1::BIGINT AS id")
        self.follow()
        smelt(self.project, "run")
        shutil.rmtree(self.table)
        self.assertIn("there is no Delta table in", smelt(self.project, "run", fails=True))

    def test_a_rebuild_takes_the_columns_that_the_table_has_now(self):
        for n, rebuild in enumerate((["run", "--full-refresh", "t", "--yes"], ["checkpoint", "reset", "t", "--yes"])):
            with self.subTest(rebuild=rebuild):
                for folder in (self.table, self.project):
                    shutil.rmtree(folder, ignore_errors=True)
                self.write("SELECT 1::BIGINT AS id, 'a' AS s, 1::INTEGER AS kind")
                self.follow(", skip_change_commits: true")
                edit(self.project, "{from: x}", "{sql: 'SELECT id FROM STREAM(x)'}")
                smelt(self.project, "run")
                other = duckdb.sql("SELECT 2::BIGINT AS id, 'b' AS kind").to_arrow_table()
                write_deltalake(self.table, other, mode="overwrite", schema_mode="overwrite")
                self.write("SELECT 3::BIGINT AS id, 'c' AS kind")
                self.assertIn('no column "s" any more', smelt(self.project, "run", fails=True))
                smelt(self.project, *rebuild)
                smelt(self.project, "run")
                self.assertEqual(self.ids(), [2, 3] if n == 0 else [1, 2, 3])
                self.assertIn("others gone", smelt(self.project, "events"))

    def test_begins_where_the_source_says(self):
        for n in range(4):
            self.write(f"SELECT {n}::BIGINT AS id")
            os.utime(f"{self.table}/_delta_log/{n:020}.json", (1800000000 + n, 1800000000 + n))
        self.follow(", starting_version: 2")
        smelt(self.project, "run")
        self.assertEqual(self.ids(), [2, 3])
        shutil.rmtree(self.project)
        self.follow(", starting_timestamp: '2027-01-15T08:00:01Z'")  # 1800000001
        smelt(self.project, "run")
        self.assertEqual(self.ids(), [1, 2, 3])
        shutil.rmtree(self.project)
        self.follow(", starting_version: 4")
        smelt(self.project, "run")
        self.write("SELECT 4::BIGINT AS id")
        smelt(self.project, "run")
        self.assertEqual(self.ids(), [4])

    def test_a_log_that_was_cleaned_up_under_the_reader_is_told(self):
        self.write("SELECT 0::BIGINT AS id")
        self.follow()
        smelt(self.project, "run")
        for n in range(1, 4):
            self.write(f"SELECT {n}::BIGINT AS id")
        DeltaTable(self.table).create_checkpoint()
        for n in range(3):
            os.unlink(f"{self.table}/_delta_log/{n:020}.json")
        said = smelt(self.project, "run", fails=True)
        self.assertIn("version 1 of the table's log is gone: it was cleaned up before it was read", said)
        smelt(self.project, "run", "--full-refresh", "t", "--yes")
        self.assertEqual(self.ids(), [0, 1, 2, 3])

    def test_a_path_that_leaves_the_table_is_refused(self):
        self.write("SELECT 0::BIGINT AS id")
        log = f"{self.table}/_delta_log/{0:020}.json"
        with open(log, encoding="utf-8") as f:
            lines = f.read()
        for path in ("%2e%2e/other.parquet", "/etc/passwd", "file:///etc/passwd"):
            with self.subTest(path=path), open(log, "w", encoding="utf-8") as f:
                action = {"add": {"path": path, "partitionValues": {}, "size": 1, "modificationTime": 1, "dataChange": True}}
                f.write(lines.rstrip() + "\n" + json.dumps(action) + "\n")
                f.flush()
                shutil.rmtree(self.project, ignore_errors=True)
                self.follow()
                self.assertIn("lies outside of the table", smelt(self.project, "run", fails=True))

    def test_the_page_of_the_guide_does_what_it_says(self):
        with open(f"{SOURCE}/docs/guide/delta.md", encoding="utf-8") as f:
            page = f.read()
        os.makedirs(self.project)
        with open(f"{self.project}/pipeline.yml", "w", encoding="utf-8") as f:
            f.write(page.split("```yaml\n")[1].split("```")[0])
        for name, sql in (("orders", "SELECT 1 AS id, 150 AS price, 7 AS customer UNION ALL SELECT 2, 50, 7"),
                          ("customers", "SELECT 7 AS id, 'Ada' AS name")):
            os.makedirs(f"{self.project}/warehouse", exist_ok=True)
            write_deltalake(f"{self.project}/warehouse/{name}", duckdb.sql(sql).to_arrow_table())
        said = [smelt(self.project, *shlex.split(line)[1:])
                for line in page.split("```sh\n")[1].split("```")[0].strip().split("\n")]
        self.assertIn("Ada", said[2])
        self.assertIn("2", said[3].split())

    def test_it_is_one_dataset_like_any_other(self):
        self.write("SELECT 1::BIGINT AS id, 2.5::DOUBLE AS price")
        made(self.project, "x: {type: delta, path: ../table}", tables=["t: {sql: 'SELECT id, price * 2 AS twice FROM STREAM(x)'}"])
        self.assertIn("t", smelt(self.project, "plan"))
        with open(f"{self.project}/pipeline_test.yml", "w", encoding="utf-8") as f:
            f.write("version: 1\ntests:\n  - name: twice\n    table: t\n    given: {x: [{id: 7, price: 1.5}]}\n"
                    "    expect: {rows: [{id: 7, twice: 3}]}\n")
        shutil.rmtree(self.table)  # a test looks at nothing outside
        self.assertIn("1 passed", smelt(self.project, "test"))
        self.write("SELECT 1::BIGINT AS id, 2.5::DOUBLE AS price")
        smelt(self.project, "run")
        self.assertIn("2.5", smelt(self.project, "query", "SELECT price FROM x"))


if __name__ == "__main__":
    done = unittest.main(argv=sys.argv[:1], exit=False)
    facts.leave(0 if done.result.wasSuccessful() else 1)
