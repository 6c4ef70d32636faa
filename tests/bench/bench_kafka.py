# SPDX-License-Identifier: Apache-2.0
# bench_kafka.py -- a topic into a bronze table, beside a client that only counts its messages
"""Fill a topic, then read it in turn by smelt into a table, and by a bare client of librdkafka.

    scripts/bench kafka [--rows N] [--partitions N] [--runs N] [--format json|text]

The broker runs on the same machine, so all share its cores.  The goal is 0.4 of the rows/s of counting.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import uuid

SOURCE = pathlib.Path(os.environ["SM_SOURCE"])
SMELT = os.environ["SMELT"]
BROKER = SOURCE / "tests" / "support" / "kafka" / "broker"

PIPELINE = """version: 1
pipeline: p
storage: ./lake
sources:
  feed: {{type: kafka, brokers: "{brokers}", topics: [{topic}], value_format: {format}}}
tables:
  bronze: {{from: feed}}
"""


def fill(brokers, topic, rows, partitions):
    from confluent_kafka import Producer
    from confluent_kafka.admin import AdminClient, NewTopic
    admin = AdminClient({"bootstrap.servers": brokers})
    for future in admin.create_topics([NewTopic(topic, partitions, 1)]).values():
        future.result(30)
    p = Producer({"bootstrap.servers": brokers, "linger.ms": 20, "compression.type": "lz4",
                  "queue.buffering.max.messages": 1000000})
    for i in range(rows):
        value = json.dumps({"device_id": f"d{i % 1000:05}", "event_timestamp": f"2026-01-31T12:{i // 60 % 60:02}:{i % 60:02}Z",
                            "temperature": i % 70 + 0.25, "battery": i % 100})
        while True:
            try:
                p.produce(topic, value, partition=i % partitions)
                break
            except BufferError:
                p.poll(0.1)
        p.poll(0)
    p.flush(120)


def timed(command, cwd):
    began = time.monotonic()
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command} ended with {process.returncode}:\n{out.decode()}")
    return time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def show(name, rows, runs):
    wall = statistics.median(run[0] for run in runs)
    cpu = statistics.median(run[1] for run in runs)
    print(f"{name:18} {wall:6.2f} s  {cpu:6.2f} s CPU  {runs[0][2]:6.0f} MB  {rows / wall:10,.0f} rows/s")
    return rows / wall


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--rows", type=int, default=1000000)
    args.add_argument("--partitions", type=int, default=4)
    args.add_argument("--runs", type=int, default=3)
    args.add_argument("--format", default="json")
    args = args.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench_kafka.") as folder:
        where = subprocess.run([BROKER, "start", folder + "/broker"], check=True, stdout=subprocess.PIPE, text=True).stdout
        try:
            brokers = dict(line.split("=", 1) for line in where.split())["KAFKA_PLAIN"]
            topic = "b" + uuid.uuid4().hex[:8]
            fill(brokers, topic, args.rows, args.partitions)
            counting, reading = [], []
            for i in range(args.runs):
                counting.append(timed([os.path.join(os.path.dirname(SMELT), "kafka_count"), brokers, topic,
                                       str(args.partitions)], folder))
                world = pathlib.Path(folder, f"run{i}")
                world.mkdir()
                (world / "pipeline.yml").write_text(PIPELINE.format(brokers=brokers, topic=topic, format=args.format))
                reading.append(timed([SMELT, "run", "pipeline.yml"], world))
            peer = show("librdkafka counts", args.rows, counting)
            ours = show("smelt to bronze", args.rows, reading)
            print(f"ratio {ours / peer:.2f} (goal 0.4)")
        finally:
            subprocess.run([BROKER, "kill", folder + "/broker"], check=True)


if __name__ == "__main__":
    main()
