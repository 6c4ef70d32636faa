# SPDX-License-Identifier: Apache-2.0
# bench_latency.py -- one event through three tables of a continuous run, beside the disk's fsync
"""Time single events from the moment their file appears to the commit of the third table.

    scripts/bench latency [--events N] [--pause MS]

A continuous run holds bronze, silver (a rule) and gold.  Each event is a file of one record, renamed into
place; it has arrived when the Delta log of gold has one more commit.  Between two events the same disk is
asked for an fsync of 4 KiB, so both are measured under the same load.  The budget is 3 hops of
6 ms and 6 fsyncs each.
"""
import argparse
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

PIPELINE = """version: 1
pipeline: p
schema: s
storage: ./lake
sources:
  events:
    type: files
    path: landing
    format: json
    schema: [{name: id, data_type: BIGINT}, {name: value, data_type: DOUBLE}]
tables:
  bronze: {layer: bronze, from: events}
  silver:
    layer: silver
    sql: SELECT id, value FROM STREAM(bronze)
    expectations: {plausible: {expect: value >= 0, on_violation: drop}}
  gold: {layer: gold, sql: "SELECT id, value, value * 2 AS twice FROM STREAM(silver)"}
"""
HOPS, HOP_MS, HOP_FSYNCS, PATIENCE = 3, 6, 6, 10


def start(folder):
    process = subprocess.Popen([os.environ["SMELT"], "run", "--continuous"], cwd=folder, stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if line.startswith("Caught up"):
            return process
    sys.exit("the run ended before it had caught up")


def commits(folder):
    try:
        return sum(name.endswith(".json") for name in os.listdir(folder / "lake/s/gold/_delta_log"))
    except FileNotFoundError:
        return 0


def one_event(folder, n):
    """Milliseconds from the rename to the commit of gold."""
    before = commits(folder)
    (folder / "event").write_text(json.dumps({"id": n, "value": 0.5}) + "\n")
    began = time.monotonic()
    os.rename(folder / "event", folder / f"landing/{n:06}.json")
    while commits(folder) == before:
        if time.monotonic() - began > PATIENCE:
            sys.exit(f"event {n} did not arrive in {PATIENCE} s")
        time.sleep(0.0002)
    return (time.monotonic() - began) * 1000


def one_fsync(folder):
    path = folder / "probe"
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.write(fd, b"x" * 4096)
    began = time.monotonic()
    os.fsync(fd)
    took = (time.monotonic() - began) * 1000
    os.close(fd)
    return took


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--events", type=int, default=300)
    args.add_argument("--pause", type=float, default=20, metavar="MS")
    args = args.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="smelt-latency-", dir=os.environ.get("TMPDIR")))
    (folder / "landing").mkdir()
    (folder / "pipeline.yml").write_text(PIPELINE)
    process = start(folder)
    events, fsyncs = [], []
    try:
        one_event(folder, 0)  # makes the tables
        for n in range(1, args.events + 1):
            events.append(one_event(folder, n))
            fsyncs.append(one_fsync(folder))
            time.sleep(args.pause / 1000)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()
    shutil.rmtree(folder)
    cuts = statistics.quantiles(events, n=100)
    disk = statistics.median(fsyncs)
    budget = HOPS * (HOP_MS + HOP_FSYNCS * disk)
    print(f"event to gold, {HOPS} hops   p50 {cuts[49]:6.1f} ms   p90 {cuts[89]:6.1f} ms   p99 {cuts[98]:6.1f} ms")
    print(f"fsync of the same disk   p50 {disk:6.2f} ms")
    print(f"budget 3 x (6 ms + 6 fsyncs)  {budget:6.1f} ms: p50 is {cuts[49] / budget:.2f} of it")


main()
