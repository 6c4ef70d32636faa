# SPDX-License-Identifier: Apache-2.0
# bench_discovery -- one new file beside 1,000,000 known ones
"""bench_discovery.py [--files N] [--folders N] [--keep FOLDER]

A stream that has seen N files gets one more.  Measured in turn, with wall time, CPU time and peak memory:

    smelt        a run that finds, reads and commits the new file; then one that finds nothing
    duckdb       a script: glob() of the folder against the known paths in a table, no rows read
    find         only the names, as a floor

The files are hard links to a few, so that a million of them need no gigabytes.
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

LINKS = 50000  # to one file; ext4 allows 65,000

PIPELINE = """version: 1
pipeline: many
storage: ./lake
sources:
  src:
    type: files
    path: in{deep}
    format: json
    include_existing_files: false
    schema: [{{name: a, data_type: BIGINT}}]
tables:
  t: {{from: src}}
"""

PEER = """
import duckdb, sys
db = duckdb.connect(sys.argv[1])
db.execute("SET enable_progress_bar = false")
db.execute("CREATE TABLE IF NOT EXISTS known (path VARCHAR)")
new = db.execute("INSERT INTO known SELECT file FROM glob(?) g WHERE NOT EXISTS "
                 "(SELECT 1 FROM known k WHERE k.path = g.file) RETURNING path", [sys.argv[2]]).fetchall()
print(len(new))
"""


def measured(words, cwd):
    """(wall s, CPU s, peak MB, output) of a program that must end well."""
    began = time.monotonic()
    process = subprocess.Popen(words, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    wall = time.monotonic() - began
    if status != 0:
        sys.exit(f"{words}: status {status}\n{out}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, out


def show(name, what, m):
    print(f"{name:8} {what:34} {m[0]:7.2f} s wall {m[1]:7.2f} s CPU {m[2]:7.0f} MB", flush=True)


def fill(folder, files, folders):
    for d in range(folders):
        os.makedirs(folder / f"d{d:05}" if folders > 1 else folder, exist_ok=True)
    base = None
    for i in range(files):
        where = folder / f"d{i % folders:05}" if folders > 1 else folder
        name = where / f"reading-{i * 2654435761 % 2**32:08x}-{i:08}.json"
        if i % LINKS == 0:
            base = name
            name.write_text('{"a": 1}\n')
        else:
            os.link(base, name)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--files", type=int, default=1000000)
    options.add_argument("--folders", type=int, default=1)
    options.add_argument("--keep")
    options = options.parse_args()
    root = pathlib.Path(options.keep or tempfile.mkdtemp(prefix="bench_discovery."))
    root.mkdir(exist_ok=True)
    smelt = os.environ["SMELT"]
    glob = "in/*.json" if options.folders == 1 else "in/*/*.json"
    try:
        if not (root / "in").exists():
            fill(root / "in", options.files, options.folders)
        print(f"{options.files} files in {options.folders} folders")
        shutil.rmtree(root / "lake", ignore_errors=True)
        (root / "pipeline.yml").write_text(PIPELINE.format(deep="" if options.folders == 1 else "/*/*.json"))
        peer = root / "known.duckdb"
        peer.unlink(missing_ok=True)
        show("smelt", "the first look, all marked as seen", measured([smelt, "run"], root))
        show("duckdb", "the first look", measured([sys.executable, "-c", PEER, str(peer), glob], root))
        for turn in range(3):
            new = root / "in" / ("" if options.folders == 1 else "d00000") / f"new{turn}-{time.time_ns()}.json"
            new.write_text('{"a": 1}\n')
            ours = measured([smelt, "run"], root)
            show("smelt", "one new file: found, read, committed", ours)
            theirs = measured([sys.executable, "-c", PEER, str(peer), glob], root)
            show("duckdb", f"one new file: found ({theirs[3].strip()})", theirs)
            show("smelt", "nothing new", measured([smelt, "run"], root))
            show("find", "the names", measured(["find", "in", "-type", "f"], root))
            print(f"ratio: {theirs[0] / ours[0]:.2f} x the speed of the script; CPU {theirs[1] / ours[1]:.2f} x; "
                  f"{ours[2]:.0f} MB of at most 300")
    finally:
        if not options.keep:
            shutil.rmtree(root)


main()
