# SPDX-License-Identifier: Apache-2.0
# bench_idle.py -- what a server that waits costs: memory and CPU of 20 idle pipelines
"""Start `smelt serve` over pipelines that have nothing to do, and look at its process for a while.

    scripts/bench idle [--pipelines N] [--seconds S]

Half of the pipelines wait for files, half for an interval of an hour: no trigger is due, and the budget is 60 MB
and half a per cent of one processor.  Then once more with an interval of 30 seconds, for what runs cost that find
nothing.  One page's stream is open, as in a browser that somebody left.
"""
import argparse
import http.client
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

PIPELINE = """version: 1
pipeline: p{n}
storage: ./lake
trigger: {trigger}
sources:
  s: {{type: files, path: data/{n}/*.json, format: json, schema: [{{name: id, data_type: BIGINT}}]}}
tables:
  p{n}_bronze: {{from: s}}
  p{n}_silver: {{sql: "SELECT id FROM STREAM(p{n}_bronze)", expectations: {{positive: id > 0}}}}
"""
MEMORY_MB, CPU_PERCENT = 60, 0.5


def project(folder, n, interval):
    (folder / "smelt.yml").write_text("version: 1\n")
    for i in range(n):
        trigger = f"{{interval: {interval}}}" if i % 2 else "{when: [{file_arrival: s}]}"
        (folder / "data" / str(i)).mkdir(parents=True)
        (folder / "data" / str(i) / "0.json").write_text('{"id": 1}\n')
        (folder / f"p{i}.yml").write_text(PIPELINE.format(n=i, trigger=trigger))


def start(folder):
    process = subprocess.Popen([os.environ["SMELT"], "serve", "--listen", "127.0.0.1:0"], cwd=folder,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if "the page is at" in line:
            return process, int(line.split()[-1].rstrip("/").rsplit(":", 1)[1])
    raise SystemExit("the server did not start")


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid):
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def look(args, interval):
    """Megabytes, and per cent of a processor."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="smelt-idle-"))
    project(folder, args.pipelines, interval)
    process, port = start(folder)
    try:
        token = (folder / "lake/.smelt/control/admin-token").read_text().strip()
        stream = http.client.HTTPConnection("127.0.0.1", port)
        stream.request("GET", "/api/v1/stream", headers={"Authorization": "Bearer " + token})
        stream.getresponse()
        time.sleep(args.settle)
        before, began = cpu_seconds(process.pid), time.monotonic()
        time.sleep(args.seconds)
        return memory_mb(process.pid), 100 * (cpu_seconds(process.pid) - before) / (time.monotonic() - began)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pipelines", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--settle", type=float, default=20)
    args = parser.parse_args()
    memory, cpu = look(args, "1h")
    print(f"{args.pipelines} pipelines, no trigger due: {memory:.1f} MB (budget {MEMORY_MB}), "
          f"{cpu:.2f} % CPU (budget {CPU_PERCENT})", flush=True)
    _, busy = look(args, "30s")
    print(f"half of them run every 30 s and find nothing: {busy:.2f} % CPU")
    raise SystemExit(memory > MEMORY_MB or cpu > CPU_PERCENT)


if __name__ == "__main__":
    main()
