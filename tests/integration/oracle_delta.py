# SPDX-License-Identifier: Apache-2.0
"""oracle_delta.py PROGRAM [--spark] -- others read what we write as we read it ourselves.

PROGRAM (oracle_delta.c) writes tables of every type and of awkward partition values, appended and
overwritten, past three log checkpoints.  Every version of each is read by us, delta-rs and DuckDB; then
again without the commits before the last checkpoint.  With --spark delta-spark reads, which is slow: the
first, a middle and the last version of each.
"""
import json
import os
import shutil
import subprocess
import sys
import unittest

SOURCE = os.environ["SM_SOURCE"]
ORACLES = os.path.join(SOURCE, "tests", "support", "oracles")
sys.path.insert(0, ORACLES)

import pyarrow.parquet  # noqa: E402
from deltalake import DeltaTable  # noqa: E402

import facts  # noqa: E402

PROGRAM = sys.argv[1]
SPARK = "--spark" in sys.argv
TABLES = ["types", "history", "view", "parts", "days", "moments", "decimals", "flags", "nothing"]


def run(*words):
    done = subprocess.run([PROGRAM, *words], capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"{words}: status {done.returncode}\n{done.stderr[-3000:]}")


def ours(path):
    """Our own reading, as facts."""
    out = path + ".own"
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out)
    run("read", path, out)
    for version in facts.log_versions(path):
        fields = json.loads(DeltaTable(path, version=version).schema().to_json())["fields"]
        rows = pyarrow.parquet.read_table(f"{out}/{version}.parquet").to_pylist()
        yield facts.facts("smelt", {"path": path}, version, fields, [], rows)


def programs():
    if not SPARK:
        yield [sys.executable, "-B", os.path.join(ORACLES, "read_delta_rs.py")]
        yield [sys.executable, "-B", os.path.join(ORACLES, "read_duckdb_delta.py")]
        return
    spark = os.path.join(SOURCE, "build", "deps", "spark", "bin", "python3")
    if not os.path.exists(spark):
        sys.exit("Spark is not there: run scripts/setup --all-tests")
    yield [spark, "-B", os.path.join(SOURCE, "tests", "support", "spark", "read_spark.py")]


def others(paths):
    """The same by the other readers."""
    request, wanted = "", 0
    for path in paths:
        versions = facts.log_versions(path)
        if SPARK:
            versions = sorted({versions[0], versions[len(versions) // 2], versions[-1]})
        wanted += len(versions)
        request += json.dumps({"path": path, "versions": versions}) + "\n"
    for program in programs():
        done = subprocess.run(program, input=request, capture_output=True, text=True)
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        if len(lines) != wanted and not any("error" in line for line in lines):
            raise AssertionError(f"{program}: {len(lines)} of {wanted} answers\n{done.stderr[-2000:]}")
        yield from lines


class Oracle(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = os.path.abspath("tables")
        shutil.rmtree(cls.dir, ignore_errors=True)
        os.makedirs(cls.dir)
        run("write", cls.dir)

    def check(self, *paths):
        faults = []
        mine = {(path, line["version"]): line for path in paths for line in ours(path)}
        for line in others(paths):
            where = f"{line['reader']}, {os.path.basename(line['path'])} at version {line['version']}: "
            if "error" in line:
                faults.append(where + line["error"])
                continue
            own = mine[line["path"], line["version"]]
            if (line["schema"], line["count"], line["digest"]) != (own["schema"], own["count"], own["digest"]):
                faults.append(where + f"{line['count']} rows, ours {own['count']}")
        self.assertEqual(faults, [])

    def test_every_version_of_every_table(self):
        self.check(*[f"{self.dir}/{name}" for name in TABLES])

    def test_commits_before_the_checkpoint_are_not_needed(self):
        copies = []
        for name in ("history", "view", "parts"):
            copy = f"{self.dir}/{name}.cut"
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(f"{self.dir}/{name}", copy)
            with open(f"{copy}/_delta_log/_last_checkpoint", encoding="utf-8") as f:
                last = json.load(f)["version"]
            self.assertGreaterEqual(last, 10)
            for version in range(last):
                os.unlink(f"{copy}/_delta_log/{version:020}.json")
            copies.append(copy)
        self.check(*copies)

    def test_transactions_survive_checkpoints(self):
        table = DeltaTable(f"{self.dir}/history")
        self.assertEqual(table.transaction_version("00000000-0000-4000-8000-000000000001"), 33)

    def test_statistics_hold_for_every_file(self):
        actions = DeltaTable(f"{self.dir}/types").get_add_actions(flatten=True)
        names = actions.schema.names
        files = [dict(zip(names, row)) for row in zip(*[actions.column(n).to_pylist() for n in names])]
        self.assertEqual(sum(f["num_records"] for f in files), 40)
        for f in files:
            rows = pyarrow.parquet.read_table(f"{self.dir}/types/{f['path']}").to_pylist()
            for column in ("id", "c_byte", "c_float", "c_decimal", "c_string", "c_date", "c_timestamp"):
                values = [r[column] for r in rows if r[column] is not None]
                low, high = f[f"min.{column}"], f[f"max.{column}"]
                if high is None:  # a bound that cannot be written is left out
                    self.assertEqual(column, "c_timestamp")
                    continue
                if column == "c_timestamp":
                    values = [v.replace(tzinfo=None) for v in values]
                    low, high = low.replace(tzinfo=None), high.replace(tzinfo=None)
                if column == "c_float":
                    low, high = low - 1e-6, high + 1e-6
                self.assertLessEqual(low, min(values), (f["path"], column))
                self.assertGreaterEqual(high, max(values), (f["path"], column))
                self.assertEqual(f[f"null_count.{column}"], len(rows) - len(values))

    def test_another_writer_goes_on_and_we_read_it(self):
        import pyarrow as pa
        from deltalake import write_deltalake
        path = f"{self.dir}/foreign"
        shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(f"{self.dir}/history", path)
        data = pa.table({"n": pa.array([1000], pa.int64()), "t": pa.array(["theirs"])})
        write_deltalake(path, data, mode="append")
        DeltaTable(path).optimize.compact()
        DeltaTable(path).create_checkpoint()
        for version in range(facts.log_versions(path)[-1]):
            os.unlink(f"{path}/_delta_log/{version:020}.json")
        self.check(path)


if __name__ == "__main__":
    done = unittest.main(argv=[sys.argv[0]], exit=False)
    facts.leave(0 if done.result.wasSuccessful() else 1)
