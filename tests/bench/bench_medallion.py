# SPDX-License-Identifier: Apache-2.0
# bench_medallion.py -- examples/iot over 2,000,000 events, against a hand-written DuckDB script
"""Generate NDJSON, run smelt and the script in turn, print times, memory and ratios.

    scripts/bench medallion [--rows N] [--files N] [--runs N] [--skip-history]

Also: a run with nothing new, a run with one more file of 10,000 events, and the time of such a
run when the tables have 10, 100 and 1,000 commits of history.  Ratios are script / smelt: above 1
smelt is faster or smaller.  CPU time and peak memory are the kernel's, of the whole process.
"""
import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(os.environ["SM_SOURCE"])
SMELT = os.environ["SMELT"]
BIN = pathlib.Path(SMELT).parent


def timed(command, cwd):
    """Wall and CPU seconds and peak memory in MB of one process."""
    out = tempfile.TemporaryFile()
    began = time.monotonic()
    process = subprocess.Popen(command, cwd=cwd, stdout=out, stderr=subprocess.STDOUT)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        out.seek(0)
        sys.exit(f"{command} ended with {process.returncode}:\n{out.read().decode()}")
    return {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "mb": usage.ru_maxrss / 1024}


def generate(folder, rows, files, first=0):
    (folder / "landing/readings").mkdir(parents=True, exist_ok=True)
    subprocess.run([BIN / "gen_readings", folder / "landing/readings", str(rows), str(files),
                    str(first)], check=True)


def run_smelt(folder, fresh):
    if fresh:
        shutil.rmtree(folder / "lake", ignore_errors=True)
    return timed([SMELT, "run", "-q", "pipeline.yml"], folder)


def run_script(folder):
    out = folder / "script"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    script = folder / "script.sql"
    script.write_text((SOURCE / "tests/bench/medallion.sql").read_text().replace("@DIR@", str(folder)))
    files = [out / name for name in ("bronze.parquet", "silver.parquet", "gold.parquet", "rules.csv")]
    return timed([BIN / "bench_run_sql", folder, script, *files, out], folder)


def row(name, runs):
    cells = []
    for key, unit in (("wall", "s"), ("cpu", "s"), ("mb", "MB")):
        values = sorted(r[key] for r in runs)
        cells.append(f"{statistics.median(values):9.3f} {unit} [{values[0]:.3f} … {values[-1]:.3f}]")
    print(f"  {name:<10} wall {cells[0]}   cpu {cells[1]}   peak {cells[2]}", flush=True)


def median(runs, key):
    return statistics.median(r[key] for r in runs)


def compare(folder, runs):
    ours, script = [], []
    run_script(folder), run_smelt(folder, True)  # warm the page cache
    for _ in range(runs):
        script.append(run_script(folder))
        ours.append(run_smelt(folder, True))
    row("script", script)
    row("smelt", ours)
    print(f"  script / smelt: wall {median(script, 'wall') / median(ours, 'wall'):.2f}"
          f"   cpu {median(script, 'cpu') / median(ours, 'cpu'):.2f}"
          f"   memory: smelt / script {median(ours, 'mb') / median(script, 'mb'):.2f}", flush=True)


def increments(folder, rows, runs):
    idle = [run_smelt(folder, False) for _ in range(runs)]
    print("nothing new:")
    row("smelt", idle)
    more = []
    for i in range(runs):
        generate(folder, 10000, 1, rows + i * 10000)
        more.append(run_smelt(folder, False))
    print("one more file of 10,000 events:")
    row("smelt", more)


def history(folder, upto, rows):
    """The time of one more small batch, as the tables' history grows; bronze and silver."""
    print("one more file of 10,000 events, bronze and silver, by commits of history:")
    marks, times = [m for m in (10, 100, 1000) if m <= upto], {}
    for n in range(1, upto + 3):
        generate(folder, 10000, 1, rows + n * 10000)
        took = timed([SMELT, "run", "-q", "--select", "readings_bronze readings_silver",
                      "pipeline.yml"], folder)
        for mark in marks:
            if mark - 2 <= n <= mark + 2:
                times.setdefault(mark, []).append(took)
    for mark in marks:
        row(f"{mark} commits", times[mark])
    for mark in marks[1:]:
        print(f"  {mark} / {marks[0]} commits: wall "
              f"{median(times[mark], 'wall') / median(times[marks[0]], 'wall'):.2f}"
              f"   cpu {median(times[mark], 'cpu') / median(times[marks[0]], 'cpu'):.2f}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=2000000)
    parser.add_argument("--files", type=int, default=20)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--history", type=int, default=1000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="smelt-bench-") as name:
        folder = pathlib.Path(name).resolve()
        shutil.copy(SOURCE / "examples/iot/pipeline.yml", folder / "pipeline.yml")
        generate(folder, args.rows, args.files)
        size = sum(f.stat().st_size for f in (folder / "landing/readings").iterdir())
        print(f"medallion: {args.rows:,} events, {size / 1e6:.0f} MB in {args.files} files, "
              f"{args.runs} runs each, in turn; median [least … most]", flush=True)
        compare(folder, args.runs)
        increments(folder, args.rows, args.runs)
        if args.history >= 10:
            other = folder / "history"
            other.mkdir()
            shutil.copy(SOURCE / "examples/iot/pipeline.yml", other / "pipeline.yml")
            history(other, args.history, 0)


if __name__ == "__main__":
    main()
