# SPDX-License-Identifier: Apache-2.0
"""world.py -- a project in a folder of its own, run by the real program, and what must hold of it.

World     writes files, runs smelt (perhaps with a failpoint), reads tables and the control store.
faults()  what is wrong with a world that has come to rest: see the list in its text.

Rows are read by delta-rs, which shares no code with smelt, and compared as multisets.
"""
import collections
import glob
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import unittest

import deltalake

SMELT = os.environ["SMELT"]
RUN_SECONDS = 120
MTIME = 1767225600  # of the first file; each next one is a second younger

# What differs between two lives of the same rows in a quarantine table.
NOT_COMPARED = ("_run_id", "_quarantined_at", "_row_id")

Result = collections.namedtuple("Result", "code out err fired")


def environment(failpoint):
    env = dict(os.environ)
    env.pop("SM_FAILPOINT", None)
    if failpoint:
        env["SM_FAILPOINT"] = failpoint
    return env


class World:
    def __init__(self, folder):
        self.folder = os.path.abspath(folder)
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    # ---- files ----

    def write(self, name, text, age=None):
        """Write a file as a careful writer does: under another name, then renamed."""
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + ".tmp", "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())
        if age is not None:
            os.utime(path + ".tmp", (MTIME + age, MTIME + age))
        os.rename(path + ".tmp", path)

    def write_rows(self, name, rows, age=None):
        self.write(name, "".join(json.dumps(row) + "\n" for row in rows), age)

    def save(self, name):
        """Keep the world as it is now outside of its folder; back with restore()."""
        shutil.rmtree(self.folder + "." + name, ignore_errors=True)
        shutil.copytree(self.folder, self.folder + "." + name, symlinks=True)

    def restore(self, name):
        shutil.rmtree(self.folder)
        shutil.copytree(self.folder + "." + name, self.folder, symlinks=True)

    # ---- the program ----

    def start(self, *args, failpoint=None, prefix=()):
        return subprocess.Popen([*prefix, SMELT, *args], cwd=self.folder, env=environment(failpoint),
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)

    def finish(self, process):
        try:
            out, err = process.communicate(timeout=RUN_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(f"smelt did not end in {RUN_SECONDS} s:\n"
                                 f"{err.decode(errors='replace')}") from None
        err = err.decode(errors="replace")
        for line in err.splitlines():
            if "ERROR: AddressSanitizer" in line or "runtime error:" in line or "LeakSanitizer" in line:
                raise AssertionError("a sanitizer reports:\n" + err)
        return Result(process.returncode, out.decode(errors="replace"), err,
                      re.search(r"^smelt: failpoint \S+ fired", err, re.M) is not None)

    def smelt(self, *args, failpoint=None, prefix=()):
        return self.finish(self.start(*args, failpoint=failpoint, prefix=prefix))

    def run(self, *args, failpoint=None):
        return self.smelt("run", "pipeline.yml", *args, failpoint=failpoint)

    # ---- tables ----

    def table_folders(self):
        """Name -> folder of every Delta table below lake/."""
        found = {}
        for base, names, _ in os.walk(self.path("lake")):
            if "_delta_log" in names:
                found[os.path.basename(base)] = base
        return found

    def rows(self, name):
        return deltalake.DeltaTable(self.table_folders()[name]).to_pyarrow_table().to_pylist()

    def tables(self):
        """Name -> the multiset of its rows; a table without a commit is not there."""
        found = {}
        for name, folder in self.table_folders().items():
            if log_versions(folder):
                rows = World.rows(self, name)  # a subclass may have rows of its own
                for row in rows if name.endswith(("__quarantine", "__late")) else ():
                    for key in NOT_COMPARED:
                        row.pop(key, None)
                found[name] = collections.Counter(json.dumps(row, default=str, sort_keys=True) for row in rows)
        return found

    # ---- the control store ----

    def state(self):
        return self.path("lake", ".smelt")

    def control(self):
        return os.path.join(self.state(), "control")

    def store(self, sql, *args):
        with sqlite3.connect(os.path.join(self.control(), "smelt.db")) as db:
            rows = db.execute(sql, args).fetchall()
        db.close()
        return rows

    def counts(self):
        """Flow -> sums over the batches of its current generation, for flows that append."""
        sums = {}
        for flow, text in self.store(
                "select g.flow, b.counters from batches b join generations g on g.id = b.generation_id"
                " where g.state = 'current' and b.start_offsets <> '{}'"):
            one = sums.setdefault(flow, collections.Counter())
            one.update({key: json.loads(text)[key] for key in ("read", "undecodable", "result",
                                                               "dropped", "quarantined", "written")})
        return sums

    def lateness(self):
        """Flow -> what the newest record says of how late its rows came so far."""
        return {flow: text for flow, text in self.store(
            "select g.flow, b.lateness from batches b join generations g on g.id = b.generation_id"
            " where g.state = 'current' and b.lateness is not null"
            " and b.n = (select max(n) from batches where generation_id = g.id)")}


def log_versions(folder):
    names = os.listdir(os.path.join(folder, "_delta_log"))
    return sorted(int(n[:20]) for n in names if re.fullmatch(r"\d{20}\.json", n))


def log_actions(folder, version):
    with open(os.path.join(folder, "_delta_log", f"{version:020d}.json"), encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def log_faults(name, folder, committed):
    """`committed`: (generation, batch) pairs that the store says this table holds."""
    versions = log_versions(folder)
    if versions != list(range(len(versions))):
        yield f"{name}: the versions of the log are {versions}"
    txns = [(a["txn"]["appId"], a["txn"]["version"]) for v in versions
            for a in log_actions(folder, v) if "txn" in a]
    for txn, times in collections.Counter(txns).items():
        if times > 1:
            yield f"{name}: batch {txn} was committed {times} times"
    for app in {app for app, _ in txns}:
        order = [n for a, n in txns if a == app]
        if order != sorted(order):
            yield f"{name}: the batches of {app} were committed in the order {order}"
    if set(txns) != committed:
        yield f"{name}: the log holds {sorted(txns)}, the store says {sorted(committed)}"


def account_faults(world):
    for flow, n, state, text in world.store(
            "select g.flow, b.n, b.state, b.counters from batches b"
            " join generations g on g.id = b.generation_id"):
        c = collections.Counter(json.loads(text or "{}"))
        if state != "done":
            yield f"batch {n} of {flow} is {state}"
        if c["read"] + c["expanded"] != (c["undecodable"] + c["late"] + c["duplicate"] + c["combined"] + c["in_state"]
                                         + c["filtered"]
                                         + c["dropped"] + c["quarantined"] + c["written"]):
            yield f"batch {n} of {flow} does not balance: {text}"


def state_faults(world):
    """What a flow remembers is in the files that the record of its last batch names.  Others may lie there
    until the next batch: a run with nothing to do looks at none."""
    for flow, uuid, text in world.store(
            "select g.flow, g.uuid, b.stages from batches b join generations g on g.id = b.generation_id"
            " where g.state = 'current' and b.stages is not null"
            " and b.n = (select max(n) from batches where generation_id = g.id)"):
        for stage in json.loads(text)["stages"]:
            for log in stage["logs"]:
                for file in log["files"]:
                    name = os.path.join(flow, uuid, log["name"], file["name"])
                    found = glob.glob(os.path.join(world.state(), "flows", "*", name))
                    if [os.path.getsize(path) for path in found] != [file["bytes"]]:
                        yield f"{name} is not as the record of {flow} has it"


def faults(world):
    """Of a world whose last run ended well: no run is left open, every batch is done, numbers have no
    gap, each batch with something to publish is in the log exactly once and in order, rows balance."""
    for number, state in world.store("select number, state from runs where ended_ms = 0"):
        yield f"run {number} is left {state}"
    for uuid, numbers in world.store("select g.uuid, json_group_array(b.n) from generations g"
                                     " join batches b on b.generation_id = g.id group by g.id"):
        numbers = sorted(json.loads(numbers))
        if numbers != list(range(len(numbers))):
            yield f"the batches of {uuid} are {numbers}"
    yield from account_faults(world)
    yield from state_faults(world)
    committed = collections.defaultdict(set)
    for target, uuid, n in world.store("select t.target, g.uuid, t.n from batch_targets t"
                                       " join generations g on g.id = t.generation_id"):
        committed[target].add((uuid, n))
    for name, folder in world.table_folders().items():
        if name.endswith("__quarantine") and log_versions(folder):
            ids = [row["_row_id"] for row in world.rows(name)]
            if len(ids) != len(set(ids)) or None in ids:
                yield f"{name}: its row ids are not unique"
        yield from log_faults(name, folder, committed[name])


def differences(got, want):
    """What two results of World.tables() say otherwise."""
    for name in sorted(set(got) | set(want)):
        if name not in got or name not in want:
            yield f"table {name} is {'missing' if name not in got else 'too much'}"
        elif got[name] != want[name]:
            lost, more = want[name] - got[name], got[name] - want[name]
            yield (f"{name}: {sum(lost.values())} rows lost, {sum(more.values())} too many: "
                   f"{list(lost)[:2]} {list(more)[:2]}")


def killed(result):
    return result.code == -signal.SIGKILL


def run_tests():
    """unittest.main() for ctest: 77 when every test was skipped, its reason last."""
    result = unittest.main(module="__main__", exit=False, verbosity=2).result
    status = 0 if result.wasSuccessful() else 1
    if status == 0 and len(result.skipped) == result.testsRun:
        print(f"skipped: {result.skipped[0][1]}" if result.skipped else "no test ran")
        status = 77 if result.skipped else 1
    leave(status)


def leave(status):
    """End at once: the threads of delta-rs can abort a Python that shuts down in order."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
