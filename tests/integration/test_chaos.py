# SPDX-License-Identifier: Apache-2.0
"""test_chaos.py -- Kafka to tables in a bucket and to Kafka again, while everything around goes wrong.

    test_chaos.py [--kills N] [--seed S]    delta-rs reads the tables of the bucket
    test_chaos.py --spark …                  and delta-spark (scripts/setup --all-tests)

A broker, an S3 server and the ways to them are real; a round begins a run of smelt, lets one thing of
FAULTS go wrong for a while and mostly kills it.  What it makes of the messages is calculated here
again, without SQL, from what a careful consumer reads of the topic.  A run that ends by itself has
done its work or says what went wrong.  The seed is printed; it asks for the same faults at the same
moments, but the machine decides what they hit.
"""
import argparse
import collections
import datetime
import json
import os
import random
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import chaos_lib  # noqa: E402
from chaos_lib import FAULTS, Feed, Outside, SmallDisk, Thread  # noqa: E402
from deltalake import DeltaTable  # noqa: E402
import kafka_lib  # noqa: E402
import s3_world  # noqa: E402
import test_readers  # noqa: E402
from test_readers import facts  # noqa: E402
import world  # noqa: E402

PROJECT = s3_world.PROJECT + """    server_side_encryption: AES256
  bus: {type: kafka, brokers: BROKERS}
"""
PIPELINE = """version: 1
pipeline: crash
schema: crash
storage: ./lake
sources:
  readings:
    type: kafka
    connection: bus
    topics: [{topic}]
    value_format: json
    include_metadata: true
    max_offsets_per_trigger: 1500
    on_decode_error: quarantine
    schema:
      - {{name: id, data_type: BIGINT}}
      - {{name: device, data_type: VARCHAR}}
      - {{name: ts, data_type: TIMESTAMP}}
      - {{name: v, data_type: DOUBLE}}
tables:
  bronze: {{layer: bronze, from: readings}}
  silver:
    layer: silver
    sql: SELECT id, device, ts, v FROM STREAM(bronze)
    watermark: {{column: ts, delay: {delay} seconds}}
    deduplicate: {{keys: [id], within_watermark: true}}
    expectations:
      has_device: {{expect: device IS NOT NULL, on_violation: quarantine}}
      is_small: {{expect: v < 120, on_violation: drop}}
  windows:
    layer: gold
    watermark: {{column: ts, delay: {delay} seconds}}
    sql: >
      SELECT window(ts, '10 minutes') AS w, device, count(*) AS n, sum(v) AS total
      FROM STREAM(silver) GROUP BY ALL
  devices:
    layer: gold
    output_mode: update
    unbounded_state: accepted
    sql: SELECT device, count(*) AS n, sum(v) AS total, max(ts) AS last FROM STREAM(silver) GROUP BY device
sinks:
  out: {{type: kafka, from: silver, connection: bus, topic: {out}, marks_topic: {out}.marks, key: id, delivery: exactly_once}}
"""
NAMES = ("bronze", "bronze__quarantine", "silver", "silver__quarantine", "silver__late", "windows", "devices")
STORAGE = {"AWS_ENDPOINT_URL": s3_world.ENDPOINT, "AWS_ACCESS_KEY_ID": "smelt",
           "AWS_SECRET_ACCESS_KEY": "smelt-secret", "AWS_REGION": "us-east-1", "AWS_ALLOW_HTTP": "true"}
PATIENCE = 13  # seconds, in which a run notices that nobody answers
STOPPED = 128 + signal.SIGTERM


# ---- what must come out ----

def text_of(moment):
    return moment.replace(tzinfo=None).isoformat() if isinstance(moment, datetime.datetime) else moment


class Answer:
    """Table -> rows, as multisets of tuples, from the messages of the topic."""

    def __init__(self, messages):
        self.tables = {name: collections.Counter() for name in NAMES}
        self.seen = set()
        for partition, offset, _, value, _ in messages:
            try:
                self.take(partition, offset, json.loads(value))
            except json.JSONDecodeError:
                self.add("bronze__quarantine", partition, offset, value.decode())
        self.group()

    def add(self, table, *row):
        self.tables[table][row] += 1

    def take(self, partition, offset, m):
        row = m["id"], m["device"], m["ts"], m["v"]
        self.add("bronze", partition, offset, *row)
        if m["ts"] < chaos_lib.stamp(chaos_lib.LATE + 1):
            self.add("silver__late", m["id"])
        elif m["id"] not in self.seen:
            self.seen.add(m["id"])
            if m["device"] is None:
                self.add("silver__quarantine", m["id"])
            if m["device"] is not None and m["v"] < 120:
                self.add("silver", *row)

    def group(self):
        windows, devices = {}, {}
        newest = max(row[2] for row in self.tables["silver"])
        for _, device, ts, v in self.tables["silver"]:
            minute = ts[:15] + "0:00"
            last = devices.get(device, (0, 0, ""))
            devices[device] = last[0] + 1, last[1] + v, max(last[2], ts)
            if ts != newest:  # its window is open
                n, total = windows.get((minute, device), (0, 0))
                windows[minute, device] = n + 1, total + v
        for key, row in windows.items():
            self.add("windows", *key, *row)
        for device, row in devices.items():
            self.add("devices", device, *row)


PICK = {
    "bronze": lambda r: (r["_metadata"]["partition"], r["_metadata"]["offset"], r["id"], r["device"], r["ts"], r["v"]),
    "bronze__quarantine": lambda r: (r["_source"]["partition"], r["_source"]["offset"], r["_raw"]),
    "silver": lambda r: (r["id"], r["device"], r["ts"], r["v"]),
    "silver__quarantine": lambda r: (r["id"],),
    "silver__late": lambda r: (json.loads(r["_row"])["id"],),
    "windows": lambda r: (text_of(r["w"]["start"]), r["device"], r["n"], r["total"]),
    "devices": lambda r: (r["device"], r["n"], r["total"], r["last"]),
}


def sent_row(m):
    return m["id"], m["device"], text_of(datetime.datetime.fromisoformat(m["ts"])), m["v"]


def read(name):
    """A table as delta-rs reads it of the bucket."""
    rows = DeltaTable(f"s3://chaos/lake/crash/{name}", storage_options=STORAGE).to_pyarrow_table().to_pylist()
    return collections.Counter(tuple(text_of(x) for x in PICK[name](row)) for row in rows)


def read_by_spark():
    """What delta-spark and delta-rs say otherwise of the tables in the bucket."""
    os.environ.update(STORAGE)
    answers = []
    for scheme, program in (("s3", test_readers.DELTA_RS), ("s3a", test_readers.spark())):
        answers += test_readers.ask(program, [{"path": f"{scheme}://chaos/lake/crash/{name}"} for name in NAMES])
    for answer in answers:
        answer["path"] = answer["path"].replace("s3a:", "s3:")
    print(f"delta-spark read {[a.get('count') for a in answers if a['reader'] == 'spark']} rows of {NAMES}")
    if len(answers) != 2 * len(NAMES):
        yield f"{len(answers)} answers of readers"
    yield from facts.compare(answers)


# ---- the rounds ----

class Chaos:
    def __init__(self, outside, args):
        self.o, self.args = outside, args
        self.dice = random.Random(args.seed)
        self.w = s3_world.S3World("chaos", PROJECT.replace("BROKERS", outside.broker.where["KAFKA_PROXY"]).replace(
            s3_world.ENDPOINT, "http://" + outside.s3.address))
        self.disk = outside.disk = SmallDisk(self.w.path("lake"))
        self.faults = [name for name in FAULTS if name != "disk full" or self.disk.reason is None]
        rounds = max(len(self.faults), args.kills + args.kills // 3)
        self.portion = 400
        self.feed = Feed(outside.broker, rounds * self.portion, args.seed)
        self.out = kafka_lib.Topic(outside.broker, partitions=2)
        self.w.write("pipeline.yml", PIPELINE.format(topic=self.feed.topic.name, out=self.out.name,
                                                     delay=self.feed.delay))
        self.kills, self.ends, self.met, self.said = 0, collections.Counter(), collections.Counter(), {}

    def quiet_run(self, failpoint=None):
        began = time.monotonic()
        result = self.w.run(failpoint=failpoint)
        assert result.code == 0, f"nothing was wrong, and a run ended with {result.code}:\n{result.out}{result.err}"
        self.usual = time.monotonic() - began
        return result

    def learn(self):
        """The first run is left alone, and tells how often it passes which failpoint."""
        self.feed.send(self.portion)
        self.quiet_run()
        self.feed.send(self.portion)
        result = self.quiet_run("count")
        self.passes = [(line.split()[1], int(line.split()[2])) for line in result.err.splitlines()
                       if line.startswith("failpoint ") and line.split()[2] != "0"]

    def failpoint(self):
        if self.dice.random() < 0.5:
            return None
        point, n = self.dice.choice(self.passes)
        return f"{point}:{self.dice.randint(1, n)}:kill"

    @staticmethod
    def wait(process, seconds):
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            pass

    def round(self, name):
        fault = FAULTS[name]
        self.feed.send(self.portion // 2)
        if self.dice.random() < 0.15:
            self.feed.leave_open()
        if self.dice.random() < 0.1:
            self.w.forget_images()
        more = Thread(lambda: self.feed.send(self.portion // 2))
        continuous = self.dice.random() < 0.3
        process = self.w.start("run", "pipeline.yml", *["--continuous"] * continuous, failpoint=self.failpoint())
        self.wait(process, self.dice.random() * 0.4 * self.usual)
        fault.begin(self.o)
        try:
            fate = self.killed if self.dice.random() < 0.75 else self.left
            fate(process, lambda: fault.end(self.o), continuous)
        except BaseException:
            process.kill()
            raise
        result = self.w.finish(process)
        more.finish()
        self.feed.close_open()
        self.judge(name, fault, continuous, result)

    def killed(self, process, end, _continuous):
        """While something is wrong, or a little later."""
        over, killed = self.dice.random() * 0.8 * self.usual, self.dice.random() * 0.7 * self.usual
        self.wait(process, min(over, killed))
        if killed <= over:
            process.kill()
        end()
        self.wait(process, killed - over if killed > over else 0)
        process.kill()

    def left(self, process, end, continuous):
        """To its own end, which may be because of the fault; one that goes on is stopped."""
        self.wait(process, PATIENCE if self.dice.random() < 0.4 else self.dice.random() * self.usual)
        end()
        if continuous:
            self.wait(process, self.usual)
            process.terminate()

    def judge(self, name, fault, continuous, result):
        self.met[name] += 1
        text = result.out + result.err
        self.ends["killed at a failpoint" if result.fired else result.code] += 1
        self.kills += result.code == -signal.SIGKILL
        if result.code in (0, -signal.SIGKILL) or continuous and result.code == STOPPED:
            return
        assert result.code in fault.codes and re.search(fault.words, text), \
            f"{name}, and a run ended with {result.code}:\n{text}"
        self.said.setdefault(name, [line.strip() for line in text.splitlines() if re.search(fault.words, line)][0])

    def go(self):
        began = time.monotonic()
        self.learn()
        deck = []
        while self.kills < self.args.kills or deck:
            deck = deck or self.dice.sample(self.faults, len(self.faults))
            self.round(deck.pop())
        self.feed.finish()
        self.quiet_run()
        self.seconds = time.monotonic() - began

    # ---- what came out ----

    def found(self):
        answer = Answer(kafka_lib.committed(self.o.broker, self.feed.topic.name, self.feed.PARTITIONS))
        read_rows = sum(map(sum, (answer.tables["bronze"].values(), answer.tables["bronze__quarantine"].values())))
        if read_rows != self.feed.sent + 1:
            yield f"{self.feed.sent + 1} messages were sent, {read_rows} are in the topic"
        yield from world.differences({name: read(name) for name in answer.tables}, answer.tables)
        yield from world.faults(self.w)
        out = collections.Counter((key, *sent_row(json.loads(value))) for _, _, key, value, _ in
                                  kafka_lib.committed(self.o.broker, self.out.name, 2))
        want = collections.Counter((str(row[0]).encode(), *row) for row in answer.tables["silver"])
        yield from world.differences({"the topic": out}, {"the topic": want})
        if set(self.o.store.encryption) != {"AES256"}:
            yield f"objects were put with the encryption {dict(self.o.store.encryption)}"

    def report(self):
        print(f"{self.seconds:.0f} s, {self.feed.sent + 1} messages, {self.feed.aborted} of aborted transactions, "
              f"{self.kills} runs killed, {sum(self.ends.values())} in all: {dict(self.ends)}")
        for name in FAULTS:
            print(f"  {name}: {self.met[name] or 'skipped: ' + str(self.disk.reason)}"
                  f"{'; a run said: ' + self.said[name] if name in self.said else ''}")
        print(f"{sum(self.o.store.encryption.values())} objects put, encryption {dict(self.o.store.encryption)}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--spark", action="store_true")
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"))
    args = parser.parse_args()
    if "--seed" not in sys.argv:
        sys.argv += ["--seed", str(args.seed)]
    chaos_lib.with_own_mounts()
    print(f"seed {args.seed}", flush=True)
    with Outside(os.path.abspath("chaos"), args.seed) as outside:
        chaos = Chaos(outside, args)
        chaos.go()
        chaos.report()
        found = list(chaos.found()) + list(read_by_spark() if args.spark else ())
    print("\n".join(found) if found else "all tables and the topic hold what they must")
    world.leave(1 if found else 0)


if __name__ == "__main__":
    main()
