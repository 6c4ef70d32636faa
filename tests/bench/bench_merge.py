# SPDX-License-Identifier: Apache-2.0
# bench_merge.py -- batches that replace rows by key, against INSERT OR REPLACE and Parquet in DuckDB
"""Load a table, then replace rows by key in batches; the same by a DuckDB script.

    scripts/bench merge [--files N] [--rows N] [--batches N] [--keys N] [--runs N]

The table is loaded in N files of N rows; each batch replaces keys of the newest rows ("newest"), or one in
fifty of them anywhere ("anywhere"), which writes nearly every file again.  The script keeps the rows in a table with a primary key, which is not durable, and writes all of
it as Parquet: once, after the last batch, and (second row) after every batch, which is what readers of our
table see.  Ratios are script / smelt: above 1 smelt is faster or smaller.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

BIN = pathlib.Path(os.environ["SMELT"]).parent


def timed(command, text=""):
    """Wall and CPU seconds and peak memory in MB of one process."""
    with tempfile.TemporaryFile("w+") as given, tempfile.TemporaryFile("w+") as out:
        given.write(text)
        given.seek(0)
        began = time.monotonic()
        process = subprocess.Popen(command, stdin=given, stdout=out, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            out.seek(0)
            sys.exit(f"{command} ended with {process.returncode}:\n{out.read()}")
    return {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "mb": usage.ru_maxrss / 1024}


def rows_of(keys, n):
    return (f"SELECT k, 'device ' || k % 1000 AS device, hash(k + {n}) % 100000 AS value, "
            f"TIMESTAMP '2026-01-01' + to_seconds(k) AS seen FROM ({keys})")


def batches(args, anywhere):
    """SELECTs of keys, one per batch: the load, then the changes."""
    total = args.files * args.rows
    for i in range(args.files):
        yield f"SELECT range AS k FROM range({i * args.rows}, {(i + 1) * args.rows})"
    for n in range(args.batches):
        yield (f"SELECT DISTINCT CASE WHEN {anywhere} AND range % 50 = 0 THEN (hash(range + {n}) % {total})::BIGINT "
               f"ELSE {total} - 1 - range END AS k FROM range({args.keys})")


def run_smelt(folder, args, anywhere):
    shutil.rmtree(folder / "table", ignore_errors=True)
    lines = [json.dumps({"touched": keys, "rows": rows_of(keys, n)}) for n, keys in enumerate(batches(args, anywhere))]
    return timed([BIN / "merge_batches", folder / "table", "k"], "\n".join(lines) + "\n")


def run_script(folder, args, anywhere, each):
    script, out = folder / "script.sql", folder / "script.parquet"
    copy = f"COPY t TO '{out}' (FORMAT parquet);"
    text = ["CREATE TABLE t (k BIGINT PRIMARY KEY, device VARCHAR, value UBIGINT, seen TIMESTAMP);"]
    for n, keys in enumerate(batches(args, anywhere)):
        text.append(f"INSERT OR REPLACE INTO t {rows_of(keys, n)};")
        if each and n >= args.files:
            text.append(copy)
    script.write_text("\n".join(text + [copy]))
    return timed([BIN / "bench_run_sql", folder, script, out, folder])


def median(runs, key):
    return statistics.median(r[key] for r in runs)


def row(name, runs, ours=None):
    cells = f"  {name:<20} wall {median(runs, 'wall'):8.3f} s   cpu {median(runs, 'cpu'):8.3f} s   " \
            f"peak {median(runs, 'mb'):6.0f} MB"
    if ours is not None:
        cells += f"   script / smelt: wall {median(runs, 'wall') / median(ours, 'wall'):.2f}" \
                 f"   cpu {median(runs, 'cpu') / median(ours, 'cpu'):.2f}" \
                 f"   memory {median(runs, 'mb') / median(ours, 'mb'):.2f}"
    print(cells, flush=True)


def compare(folder, args, anywhere):
    ours, once, each = [], [], []
    for _ in range(args.runs):
        ours.append(run_smelt(folder, args, anywhere))
        once.append(run_script(folder, args, anywhere, False))
        each.append(run_script(folder, args, anywhere, True))
    row("smelt", ours)
    row("script, once", once, ours)
    row("script, every batch", each, ours)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=int, default=20)
    parser.add_argument("--rows", type=int, default=100000)
    parser.add_argument("--batches", type=int, default=20)
    parser.add_argument("--keys", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="smelt-bench-") as name:
        folder = pathlib.Path(name).resolve()
        print(f"merge: {args.files} files of {args.rows:,} rows, then {args.batches} batches of {args.keys:,} "
              f"keys, {args.runs} runs each, in turn; medians", flush=True)
        for anywhere in (False, True):
            print("anywhere:" if anywhere else "newest:", flush=True)
            compare(folder, args, anywhere)


if __name__ == "__main__":
    main()
