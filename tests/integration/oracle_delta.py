# SPDX-License-Identifier: Apache-2.0
"""oracle_delta.py PROGRAM -- delta-rs and DuckDB read what we write as we read it ourselves.

PROGRAM (oracle_delta.c) writes tables of every type and of awkward partition values, appended and
overwritten, past three log checkpoints.  Every version of each is read by all three; then again
without the commits before the last checkpoint.
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


def others(path):
    """The same by the other readers."""
    request = json.dumps({"path": path, "versions": facts.log_versions(path)}) + "\n"
    for program in ("read_delta_rs.py", "read_duckdb_delta.py"):
        done = subprocess.run([sys.executable, "-B", os.path.join(ORACLES, program)], input=request,
                              capture_output=True, text=True)
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        if not lines:
            raise AssertionError(f"{program}: status {done.returncode}\n{done.stderr[-2000:]}")
        yield from lines


class Oracle(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = os.path.abspath("tables")
        shutil.rmtree(cls.dir, ignore_errors=True)
        os.makedirs(cls.dir)
        run("write", cls.dir)

    def check(self, path):
        faults = []
        mine = {line["version"]: line for line in ours(path)}
        for line in others(path):
            if "error" in line:
                faults.append(f"{line['reader']}: {line['error']}")
                continue
            own = mine[line["version"]]
            if (line["schema"], line["count"], line["digest"]) != (own["schema"], own["count"], own["digest"]):
                faults.append(f"{line['reader']}, version {line['version']}: {line['count']} rows, ours {own['count']}")
        self.assertEqual(faults, [], path)

    def test_every_version_of_every_table(self):
        for name in TABLES:
            with self.subTest(table=name):
                self.check(f"{self.dir}/{name}")

    def test_commits_before_the_checkpoint_are_not_needed(self):
        for name in ("history", "view", "parts"):
            with self.subTest(table=name):
                copy = f"{self.dir}/{name}.cut"
                shutil.rmtree(copy, ignore_errors=True)
                shutil.copytree(f"{self.dir}/{name}", copy)
                with open(f"{copy}/_delta_log/_last_checkpoint", encoding="utf-8") as f:
                    last = json.load(f)["version"]
                self.assertGreaterEqual(last, 10)
                for version in range(last):
                    os.unlink(f"{copy}/_delta_log/{version:020}.json")
                self.check(copy)

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
