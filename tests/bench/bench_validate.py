# SPDX-License-Identifier: Apache-2.0
# bench_validate.py -- smelt validate of a pipeline of 1,000 tables
"""Generate a pipeline of bronze, silver and gold tables, validate it, print times and memory.

    scripts/bench validate [--tables N] [--runs N]

Half of the tables are silver with a rule; each reads the one before by STREAM, so that all are bound.
The goal is a second for 1,000.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

SILVER = """  silver_{n:04}:
    sql: |
      SELECT device_id, event_timestamp, temperature, battery FROM STREAM(bronze_{n:04})
    expectations:
      has_device: {{expect: device_id IS NOT NULL, on_violation: drop}}
"""
GOLD = """  gold_{n:04}:
    type: materialized_view
    sql: |
      SELECT device_id, count(*) AS readings, avg(temperature) AS mean
      FROM silver_{n:04} GROUP BY device_id
"""
HEAD = """version: 1
pipeline: many
schema: many
storage: ./lake
sources:
  readings:
    type: files
    path: landing/*.json
    format: json
    schema:
      - {name: device_id, data_type: VARCHAR}
      - {name: event_timestamp, data_type: TIMESTAMP}
      - {name: temperature, data_type: DOUBLE}
      - {name: battery, data_type: INTEGER}
tables:
"""


def pipeline(tables):
    """A quarter each of bronze and gold, half silver: the second silver reads the first."""
    parts = []
    for n in range((tables + 3) // 4):
        parts.append(f"  bronze_{n:04}:\n    from: readings\n")
        parts.append(SILVER.format(n=n))
        second = SILVER.format(n=n).replace("  silver_", "  clean_", 1).replace("bronze_", "silver_")
        parts.append(second)
        parts.append(GOLD.format(n=n))
    return HEAD + "".join(parts[:tables])


def timed(folder):
    began = time.monotonic()
    process = subprocess.Popen([os.environ["SMELT"], "validate"], cwd=folder, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"smelt validate ended with {process.returncode}")
    return time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tables", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="smelt-bench-") as name:
        folder = pathlib.Path(name)
        (folder / "pipeline.yml").write_text(pipeline(args.tables), encoding="utf-8")
        runs = [timed(folder) for _ in range(args.runs)]
    print(f"validate: {args.tables:,} tables, {args.runs} runs; median [least … most]")
    cells = []
    for name, unit, values in zip(("wall", "cpu", "peak"), ("s", "s", "MB"), zip(*runs)):
        cells.append(f"{name} {statistics.median(values):.3f} {unit} [{min(values):.3f} … {max(values):.3f}]")
    print("  smelt      " + "   ".join(cells))


if __name__ == "__main__":
    main()
