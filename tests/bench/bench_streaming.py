# SPDX-License-Identifier: Apache-2.0
# bench_streaming.py -- what a streaming query costs by rows, by the size of its state, and by hours
"""Four questions, each answered in one run:

    stages     rows per second of each kind of stage, beside one DuckDB query over all rows (script)
    state      the same batch of 1,000 rows against a state of many and of few keys
    hours      state and memory over 100 hours of event time behind a watermark of one hour
    medallion  examples/iot with streaming windows as gold, against the script of bench_medallion

    scripts/bench streaming [--only NAME] [--rows N] [--keys N] [--hours N] [--runs N]

The state of a batch is measured inside of one run that cuts its input into batches, from the times in the
control store; the first batch, which loads the state, is shown by itself.
"""
import argparse
import json
import pathlib
import shutil
import sqlite3
import statistics
import tempfile

import duckdb

import bench_medallion as medallion

HEAD = """version: 1
pipeline: bench
storage: ./lake
sources:
  events:
    type: files
    path: in/*.parquet
    format: parquet
    max_files_per_trigger: {files}
    max_bytes_per_trigger: 1TB
    schema:
      - {{name: k, data_type: BIGINT}}
      - {{name: ts, data_type: TIMESTAMP}}
      - {{name: v, data_type: DOUBLE}}
    watermark: {{column: ts, delay: {delay}}}
{more}tables:
  t:
{table}
"""

OTHER = """  others:
    type: files
    path: other/*.parquet
    format: parquet
    schema: [{name: k, data_type: BIGINT}, {name: at, data_type: TIMESTAMP}]
    watermark: {column: at, delay: 1 hour}
"""

WINDOWS = """    sql: SELECT window(ts, '10 minutes') AS w, k, count(*) AS n, sum(v) AS s FROM STREAM(events) GROUP BY ALL"""
DEDUP = """    sql: SELECT * FROM STREAM(events)
    deduplicate: {keys: [k, ts]}"""
SESSIONS = """    sql: SELECT k, session_window(ts, '5 minutes') AS w, count(*) AS n FROM STREAM(events) GROUP BY k, w"""
JOIN = """    sql: |
      SELECT e.k, e.v, o.at FROM STREAM(events) e JOIN STREAM(others) o
        ON e.k = o.k AND o.at BETWEEN e.ts AND e.ts + INTERVAL 1 MINUTE"""

READ = "read_parquet('@DIR@/in/*.parquet')"
STAGES = {
    "windows": (WINDOWS, "", f"""SELECT time_bucket(INTERVAL '10 minutes', ts) AS w, k, count(*) AS n, sum(v) AS s
        FROM {READ} GROUP BY ALL"""),
    "dedup": (DEDUP, "", f"SELECT DISTINCT ON (k, ts) * FROM {READ}"),
    "sessions": (SESSIONS, "", f"""SELECT k, min(ts), max(ts), count(*) FROM (SELECT *, sum(new) OVER (PARTITION BY k
        ORDER BY ts) AS s FROM (SELECT *, (ts - lag(ts) OVER (PARTITION BY k ORDER BY ts) > INTERVAL 5 MINUTE)::INT
        AS new FROM {READ})) GROUP BY k, s"""),
    "join": (JOIN, OTHER, f"""SELECT e.k, e.v, o.at FROM {READ} e JOIN read_parquet('@DIR@/other/*.parquet') o
        ON e.k = o.k AND o.at BETWEEN e.ts AND e.ts + INTERVAL 1 MINUTE"""),
}


def write(folder, table, more="", files=1000, delay="1 hour"):
    (folder / "pipeline.yml").write_text(HEAD.format(table=table, more=more, files=files, delay=delay))


def parquet(path, select):
    path.parent.mkdir(parents=True, exist_ok=True)
    duckdb.sql(f"COPY ({select}) TO '{path}' (FORMAT parquet)")


def script(folder, sql):
    out = folder / "script"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    text = folder / "script.sql"
    text.write_text(f"COPY ({sql}) TO '{out}/t.parquet' (FORMAT parquet)".replace("@DIR@", str(folder)))
    return medallion.timed([medallion.BIN / "bench_run_sql", folder, text, out / "t.parquet", out], folder)


def stages(folder, args):
    print(f"stages: {args.rows:,} rows of Parquet, in one batch; script / smelt", flush=True)
    parquet(folder / "in/a.parquet",
            f"SELECT CAST(hash(i) % 1000 AS BIGINT) AS k, TIMESTAMP '2026-01-01' + to_milliseconds(i * 10) AS ts, random() AS v "
            f"FROM range({args.rows}) r(i)")
    parquet(folder / "other/a.parquet",
            f"SELECT CAST(hash(i + 7) % 1000 AS BIGINT) AS k, TIMESTAMP '2026-01-01' + to_milliseconds(i * 10) AS at "
            f"FROM range({args.rows // 10}) r(i)")
    for name, (table, more, sql) in STAGES.items():
        write(folder, table, more)
        ours, theirs = [], []
        for _ in range(args.runs):
            theirs.append(script(folder, sql))
            ours.append(medallion.run_smelt(folder, True))
        speed = args.rows / medallion.median(ours, "wall")
        print(f"  {name:<9} {speed / 1e6:6.2f} M rows/s   script "
              f"{args.rows / medallion.median(theirs, 'wall') / 1e6:6.2f} M rows/s   wall "
              f"{medallion.median(theirs, 'wall') / medallion.median(ours, 'wall'):.2f}   cpu "
              f"{medallion.median(theirs, 'cpu') / medallion.median(ours, 'cpu'):.2f}   peak "
              f"{medallion.median(ours, 'mb'):.0f} MB ({medallion.median(theirs, 'mb'):.0f})", flush=True)


def batches(folder):
    """(n, milliseconds, state record) of each batch, oldest first."""
    with sqlite3.connect(f"file:{folder}/lake/.smelt/control/smelt.db?mode=ro", uri=True) as db:
        return [(n, done - began, json.loads(stages) if stages else {}) for n, began, done, stages in db.execute(
            "SELECT n, started_ms, done_ms, stages FROM batches ORDER BY n")]


def state(folder, args):
    medians = {}
    for name, table in (("windows", WINDOWS), ("dedup", DEDUP)):
        for keys in (args.keys // 100, args.keys):
            for part in ("in", "lake"):
                shutil.rmtree(folder / part, ignore_errors=True)
            write(folder, table, files=1)
            parquet(folder / "in/0000.parquet", f"SELECT i AS k, TIMESTAMP '2026-01-01' AS ts, 1.0::DOUBLE AS v "
                                                f"FROM range({keys}) r(i)")
            medallion.run_smelt(folder, True)
            for i in range(1, 21):
                parquet(folder / f"in/{i:04}.parquet",
                        f"SELECT CAST(hash(i * 7919 + {i}) % {keys} AS BIGINT) AS k, TIMESTAMP '2026-01-01' + INTERVAL 1 MINUTE AS ts,"
                        f" 1.0::DOUBLE AS v FROM range(1000) r(i)")
            peak = medallion.run_smelt(folder, False)["mb"]
            times = [ms for n, ms, _ in batches(folder) if n > 0 and ms is not None]
            medians[name, keys] = statistics.median(times[1:])
            print(f"  {name:<8} {keys:>9,} keys: a batch of 1,000 rows {medians[name, keys]:6.0f} ms, the first, which "
                  f"loads the state, {times[0]:6.0f} ms, peak {peak:.0f} MB", flush=True)
        print(f"  {name}: {args.keys:,} / {args.keys // 100:,} keys "
              f"{medians[name, args.keys] / medians[name, args.keys // 100]:.2f}", flush=True)


def hours(folder, args):
    for part in ("in", "lake"):
        shutil.rmtree(folder / part, ignore_errors=True)
    write(folder, WINDOWS, files=1)
    print(f"hours: {args.hours} hours of event time, 20,000 rows each, a watermark of 1 hour", flush=True)
    segments = 5
    for segment in range(segments):
        for hour in range(segment * args.hours // segments, (segment + 1) * args.hours // segments):
            parquet(folder / f"in/{hour:04}.parquet",
                    f"SELECT CAST(hash(i) % 500 AS BIGINT) AS k, TIMESTAMP '2026-01-01' + to_hours({hour}) + "
                    f"to_milliseconds(i * 180) AS ts, 1.0::DOUBLE AS v FROM range(20000) r(i)")
        run = medallion.run_smelt(folder, False)
        rows, files = state_rows(folder)
        print(f"  after {(segment + 1) * args.hours // segments:>4} hours: {rows:>7,} rows in {files} state files, peak "
              f"{run['mb']:.0f} MB, {run['wall'] / (args.hours // segments) * 1000:.0f} ms a batch", flush=True)


def state_rows(folder):
    """Rows and number of the state files that the newest record names."""
    def files(record):
        if isinstance(record, dict):
            if "rows" in record and "name" in record:
                yield record["rows"]
            for value in record.values():
                yield from files(value)
        elif isinstance(record, list):
            for value in record:
                yield from files(value)
    found = list(files(batches(folder)[-1][2]))
    return sum(found), len(found)


GOLD = """    sql: |
      SELECT window(event_timestamp, '10 minutes') AS w, device_id, count(*) AS readings,
             avg(temperature) AS avg_temperature, min(battery) AS min_battery
      FROM STREAM(readings_silver) GROUP BY ALL
    watermark: {column: event_timestamp, delay: 10 minutes}
"""


def streaming_gold(text):
    """examples/iot with its view in gold as a streaming table."""
    begin = text.index("  readings_10m:")
    return text[:begin] + "  readings_10m:\n    layer: gold\n" + GOLD


def gold(folder, args):
    folder = folder / "medallion"
    folder.mkdir()
    text = (medallion.SOURCE / "examples/iot/pipeline.yml").read_text()
    (folder / "pipeline.yml").write_text(streaming_gold(text))
    medallion.generate(folder, args.rows, 20)
    print(f"medallion with streaming windows: {args.rows:,} events", flush=True)
    medallion.compare(folder, args.runs)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", choices=["stages", "state", "hours", "medallion"])
    parser.add_argument("--rows", type=int, default=2000000)
    parser.add_argument("--keys", type=int, default=5000000)
    parser.add_argument("--hours", type=int, default=100)
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    parts = {"stages": stages, "state": state, "hours": hours, "medallion": gold}
    for name, part in parts.items():
        if args.only in (None, name):
            with tempfile.TemporaryDirectory(prefix="smelt-bench-") as folder:
                part(pathlib.Path(folder).resolve(), args)


if __name__ == "__main__":
    main()
