# SPDX-License-Identifier: Apache-2.0
"""oracle_merge.py PROGRAM -- rows replaced by key are what a dict says, whatever happens.

PROGRAM (merge_batches.c) takes random upserts and deletes to a table: 200 batches, with keys of two columns
that may be NULL, columns that come later, compactions and appends of another writer between, deaths at every
place where one can die, and faults.  After each batch DuckDB reads the table, at the end delta-rs.
"""
import json
import os
import random
import shutil
import subprocess
import sys
import unittest

SOURCE = os.environ["SM_SOURCE"]
ORACLES = os.path.join(SOURCE, "tests", "support", "oracles")
sys.path.insert(0, ORACLES)

import pyarrow as pa  # noqa: E402
from deltalake import DeltaTable, write_deltalake  # noqa: E402

import facts  # noqa: E402
import read_duckdb_delta  # noqa: E402

PROGRAM = sys.argv[1]
DUCKDB = read_duckdb_delta.CONNECTION


def literal(v):
    return "NULL" if v is None else str(v) if isinstance(v, int) else "'" + v.replace("'", "''") + "'"


def select(names, types, rows):
    """SELECT of literal rows; typed also when there are none."""
    columns = ", ".join(f"CAST(c{i} AS {t}) AS {n}" for i, (n, t) in enumerate(zip(names, types)))
    values = ", ".join("(" + ", ".join(map(literal, row)) + ")" for row in rows)
    nothing = "(" + ", ".join("NULL" for _ in names) + ")"
    head = f"SELECT {columns} FROM (VALUES {values or nothing}) t({', '.join(f'c{i}' for i in range(len(names)))})"
    return head if rows else head + " WHERE false"


class Program:
    """One life of the program."""

    def __init__(self, table, keys, partition="", failpoint=None):
        env = dict(os.environ)
        env.pop("SM_FAILPOINT", None)
        if failpoint:
            env["SM_FAILPOINT"] = failpoint
        self.process = subprocess.Popen([PROGRAM, table, keys, partition], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
        line = self.process.stdout.readline()
        self.last = int(line.split()[1]) if line else None

    def batch(self, line):
        """The numbers that the program prints, or None when it died."""
        try:
            self.process.stdin.write(json.dumps(line) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return None
        answer = self.process.stdout.readline()
        return [int(word) for word in answer.split()] if answer else None

    def end(self):
        """(exit status, standard error)"""
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        err = self.process.stderr.read()
        self.process.stdout.close()
        self.process.stderr.close()
        return self.process.wait(), err


class Model:
    """What the table must hold: (g, k) -> (v, w)."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.rows = {}

    def key(self):
        r = self.random
        return (r.choice([None, "a", "b", "c c", "d/%"]), r.choice([None, *range(30)]))

    def batch(self, n):
        """A batch, and the rows after it."""
        r, after = self.random, dict(self.rows)
        touched = [self.key() for _ in range(r.choice([0, 1, 3, 20, 60]))]
        given = sorted(set(touched), key=repr)
        r.shuffle(given)
        given = given[:r.randint(0, len(given))]
        wide = n % 7 >= 3  # some batches do not have the last column
        names, types = ["g", "k", "v", "w"][:4 if wide else 3], ["VARCHAR", "BIGINT", "VARCHAR", "BIGINT"]
        rows = [[g, k, r.choice([None, f"v{n}", "x" * 40]), n][:4 if wide else 3] for g, k in given]
        for key in touched:
            after.pop(key, None)
        for row in rows:
            after[(row[0], row[1])] = (row[2], row[3] if wide else None)
        line = {"touched": select(["g", "k"], types[:2], touched), "rows": select(names, types, rows)}
        return line, after, len(rows)


def as_dict(test, rows):
    out = {(g, k): (v, w) for g, k, v, w in rows}
    test.assertEqual(len(out), len(rows), "a key is there twice")
    return out


def by_duckdb(test, table):
    columns = {row[0] for row in DUCKDB.execute(f"DESCRIBE SELECT * FROM delta_scan('{table}')").fetchall()}
    w = "w" if "w" in columns else "NULL"
    return as_dict(test, DUCKDB.execute(f"SELECT g, k, v, {w} FROM delta_scan('{table}')").fetchall())


def by_delta_rs(test, table):
    rows = DeltaTable(table).to_pyarrow_table().to_pylist()
    return as_dict(test, [(r["g"], r["k"], r["v"], r.get("w")) for r in rows])


def fresh(name):
    table = os.path.abspath(name)
    shutil.rmtree(table, ignore_errors=True)
    if os.path.exists(table + ".decided"):
        os.unlink(table + ".decided")
    return table


class Merge(unittest.TestCase):
    def interfere(self, n, table, model):
        """Another writer between two batches: compacts, or adds a row."""
        if n % 40 == 17:
            DeltaTable(table).optimize.compact()
        if n % 40 == 29:
            key = ("foreign", n)
            data = pa.table({"g": ["foreign"], "k": pa.array([n], pa.int64()), "v": ["theirs"],
                             "w": pa.array([None], pa.int64())})
            write_deltalake(table, data, mode="append")
            model.rows[key] = ("theirs", None)

    def run_batches(self, name, partition, count):
        table, model = fresh(name), Model(name)
        program = Program(table, "g,k", partition)
        for n in range(count):
            line, model.rows, rows = model.batch(n)
            answer = program.batch(line)
            self.assertIsNotNone(answer, program.process.poll())
            self.assertEqual((answer[0], answer[2]), (n, rows))
            self.assertEqual(by_duckdb(self, table), model.rows, f"after batch {n}")
            self.interfere(n, table, model)
            if n % 50 == 33:
                self.assertEqual(program.end(), (0, ""))
                program = Program(table, "g,k", partition)
                self.assertLessEqual(program.last, n)  # a batch without effect is not in the table
                program = self.catch_up(program, table, partition, n)
        self.assertEqual(program.end(), (0, ""))
        self.assertEqual(by_delta_rs(self, table), model.rows)
        return table

    def catch_up(self, program, table, partition, n):
        """The program counts from what the table holds: empty batches are told to it again."""
        nothing = {"touched": select(["g", "k"], ["VARCHAR", "BIGINT"], []),
                   "rows": select(["g", "k", "v"], ["VARCHAR", "BIGINT", "VARCHAR"], [])}
        for _ in range(program.last, n):
            self.assertIsNotNone(program.batch(nothing))
        return program

    def test_two_hundred_batches(self):
        table = self.run_batches("plain", "", 200)
        self.assertEqual(DeltaTable(table).history(1)[0]["operation"], "MERGE")

    def test_partitions_by_a_key(self):
        self.run_batches("by_key", "g", 60)

    def test_partitions_by_another_column(self):
        self.run_batches("by_value", "v", 60)

    def life(self, table, lines, failpoint):
        """Batches until the end or death.  (what it printed last, status, standard error)"""
        program = Program(table, "g,k", "g", failpoint)
        if program.last is not None:
            for n in range(program.last + 1, len(lines)):
                if program.batch(lines[n]) is None:
                    break
        return program.end()

    def check_fault(self, lines, states, failpoint):
        table = fresh("fault")
        status, err = self.life(table, lines, failpoint)
        self.assertIn("failpoint", err, failpoint)
        self.assertNotEqual(status, 0, failpoint)
        if os.path.exists(os.path.join(table, "_delta_log", f"{0:020}.json")):
            self.assertIn(by_duckdb(self, table), states, failpoint)
        self.assertEqual(self.life(table, lines, None), (0, ""), failpoint)
        self.assertEqual(by_duckdb(self, table), states[-1], failpoint)

    def test_dies_and_fails_everywhere(self):
        model, lines, states = Model("fault"), [], []
        while len(lines) < 5:
            line, after, rows = model.batch(len(lines))
            if rows > 0:  # what has no effect cannot be found in the table
                lines.append(line)
                model.rows = after
                states.append(after)
        for point in ("delta.after_file", "flow.after_decided", "delta.after_link", "delta.between_targets",
                      "flow.after_publish"):
            for nth in (1, 4):
                self.check_fault(lines, states, f"{point}:{nth}:kill")
        for fault in ("fs.fsync:4:EIO", "fs.fsync_dir:5:EIO", "fs.link:3:ENOSPC", "fs.write:4:ENOSPC",
                      "delta.after_file:3:ENOSPC"):
            self.check_fault(lines, states, fault)


if __name__ == "__main__":
    done = unittest.main(argv=[sys.argv[0]], exit=False)
    facts.leave(0 if done.result.wasSuccessful() else 1)
