# SPDX-License-Identifier: Apache-2.0
"""chaos_lib.py -- what goes wrong around a pipeline, and what goes into it meanwhile.

    Outside    a broker, the way to it and the way to the S3 server, each with its faults
    FAULTS     name -> (begin, end, statuses and words of a run that ends because of it)
    Feed       messages of known content, in small portions and transactions
"""
import collections
import datetime
import os
import random
import shutil
import subprocess
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
SUPPORT = os.path.join(HERE, "..", "support")
sys.path[:0] = [os.path.join(SUPPORT, "versitygw"), os.path.join(SUPPORT, "toxiproxy"), os.path.join(HERE, "..", "crash")]

import kafka_lib  # noqa: E402
import s3_world  # noqa: E402
from confluent_kafka import KafkaException  # noqa: E402
from fault_proxy import FaultProxy  # noqa: E402
from toxiproxy import Toxiproxy  # noqa: E402

UNREACHABLE, OUT_OF_TIME, DENIED = 8, 9, 10
NO_SPACE = "No space left|is full"


class Outside:
    """smelt ── toxiproxy ── the broker;  smelt ── toxiproxy ── fault proxy ── the S3 server."""

    def __init__(self, folder, seed):
        self.dice = random.Random(seed)
        self.folder, self.way, self.store = folder, None, None
        self.broker = kafka_lib.Broker(folder + ".broker")

    def __enter__(self):
        self.broker.start()
        self.proxy = Toxiproxy(self.folder + ".toxiproxy.log").__enter__()
        self.store = FaultProxy(s3_world.ENDPOINT, self.judge).__enter__()
        where = self.broker.where
        self.kafka = self.proxy.link("kafka", where["KAFKA_BEHIND"], where["KAFKA_PROXY"])
        self.s3 = self.proxy.link("s3", self.store.endpoint.removeprefix("http://"))
        return self

    def __exit__(self, *what):
        self.store.__exit__(*what)
        self.proxy.__exit__(*what)
        self.broker.call("kill")

    def judge(self, method, _path, _number):
        """Of a request to the S3 server."""
        if self.way == "lose":
            return "lose" if method == "PUT" and self.dice.random() < 0.5 else None
        return (403, "ExpiredToken") if self.way == "expire" else None

    def set_way(self, way):
        self.way = way


class SmallDisk:
    """A file system of its own for a folder, which can be filled."""
    MEGABYTES = 256

    def __init__(self, folder):
        os.makedirs(folder)
        self.filler = os.path.join(folder, "filler")
        self.reason = "a mount namespace cannot be made here"  # why it cannot be; None: it can
        if OWN_MOUNTS in os.environ:
            done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self.MEGABYTES}m", "tmpfs", folder],
                                  capture_output=True, text=True)
            self.reason = done.stderr.strip() or None

    def fill(self):
        try:
            with open(self.filler, "ab", buffering=0) as f:
                for size in (1 << 20, 1 << 12):
                    self.write_all(f, bytes(size))
        except OSError:
            pass

    @staticmethod
    def write_all(f, block):
        try:
            while f.write(block) == len(block):
                pass
        except OSError:
            pass

    def empty(self):
        os.unlink(self.filler)


OWN_MOUNTS = "SM_CHAOS_OWN_MOUNTS"


def with_own_mounts():
    """Start this program anew where its mounts go away with it; stay where that cannot be."""
    if OWN_MOUNTS in os.environ or subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode != 0:
        return
    os.environ[OWN_MOUNTS] = "1"
    os.execvp("unshare", ["unshare", "-m", sys.executable, "-B", *sys.argv])


# ---- faults ----

Fault = collections.namedtuple("Fault", "begin end codes words")

BROKER = r"broker|Kafka|topic \""
STORE = r"s3://|127\.0\.0\.1:\d+|object store"
UNREACHED = (UNREACHABLE, OUT_OF_TIME)


def slow(link, dice):
    for stream in ("upstream", "downstream"):
        link.spoil("latency", stream, latency=dice.randint(20, 150), jitter=20)
        link.spoil("bandwidth", stream, rate=dice.randint(100, 400))


def break_in_the_middle(link, dice):
    """Each connection ends after so many bytes."""
    for stream in ("upstream", "downstream"):
        link.spoil("limit_data", stream, bytes=dice.randint(2000, 60000))


def silence(link, _dice):
    """Nothing comes through, and nobody hangs up."""
    for stream in ("upstream", "downstream"):
        link.spoil("timeout", stream, timeout=0)


def of_link(name, words):
    def link(o):
        return getattr(o, name)
    return {
        f"{name} cut": Fault(lambda o: link(o).cut(), lambda o: link(o).mend(), UNREACHED, words),
        f"{name} slowed": Fault(lambda o: slow(link(o), o.dice), lambda o: link(o).mend(), UNREACHED, words),
        f"{name} silent": Fault(lambda o: silence(link(o), o.dice), lambda o: link(o).mend(), UNREACHED, words),
        f"{name} broken in the middle": Fault(lambda o: break_in_the_middle(link(o), o.dice),
                                              lambda o: link(o).mend(), UNREACHED, words)}


FAULTS = {
    "broker killed": Fault(lambda o: o.broker.call("kill"), lambda o: o.broker.start(), UNREACHED, BROKER),
    **of_link("kafka", BROKER),
    **of_link("s3", STORE),
    "answers of puts lost": Fault(lambda o: o.set_way("lose"), lambda o: o.set_way(None), UNREACHED, STORE),
    "credentials expired": Fault(lambda o: o.set_way("expire"), lambda o: o.set_way(None), (DENIED,),
                                 "the session token has expired: get new credentials"),
    "disk full": Fault(lambda o: o.disk.fill(), lambda o: o.disk.empty(), (UNREACHABLE,), NO_SPACE),
}


# ---- messages ----

START = 1767225600  # 2026-01-01
DAY = 86400
LATE = START - 30 * DAY
SENTINEL = 10 * DAY  # behind all others, so that what is before it is final


class Feed:
    """Message i of `total`; event time goes from one day to the next, a little out of order.  Some are no
    records, some come twice, some without a device; those of aborted transactions must not be seen."""
    PARTITIONS = 3

    def __init__(self, broker, total, seed):
        self.topic = kafka_lib.Topic(broker, partitions=self.PARTITIONS)
        self.dice = random.Random(seed)
        self.total, self.sent, self.aborted, self.open = total, 0, 0, None
        self.delay = DAY // 6

    def event_time(self, i):
        if i % 97 == 11 and i > self.total // 3:
            return LATE
        return START + i * DAY // self.total - i % 5

    def message(self, i):
        if i % 61 == 3:
            return f'{{"id": {i}, "device": '.encode()
        i = i - 4 if i % 13 == 5 and i % 97 not in (11, 15) else i
        return {"id": i, "device": None if i % 29 == 7 else f"d{i * 7 % 20}", "ts": stamp(self.event_time(i)),
                "v": i * 37 % 1000 / 8}

    def portion(self, n):
        values = [self.message(i) for i in range(self.sent, min(self.sent + n, self.total))]
        self.sent += len(values)
        return values

    def send(self, n):
        """In portions of some dozens, each to one partition; a few as a transaction."""
        while n > 0 and self.sent < self.total:
            k = min(n, self.dice.randint(20, 80))
            n -= k
            partition = self.dice.randrange(self.PARTITIONS)
            way = self.dice.random()
            if way < 0.1:
                self.topic.transaction(self.unwanted(k), partition, commit=False)
            if way < 0.2:
                self.topic.transaction(self.portion(k), partition)
            else:
                self.topic.produce(self.portion(k), partition)

    def unwanted(self, n):
        self.aborted += n
        return [{"id": -1 - i, "device": "aborted", "ts": stamp(START)} for i in range(n)]

    def leave_open(self):
        """A transaction, until close_open() aborts it."""
        self.open = self.topic.transaction(self.unwanted(20), self.dice.randrange(self.PARTITIONS), commit=None)

    def close_open(self):
        try:
            if self.open is not None:
                self.open.abort_transaction(kafka_lib.SECONDS)
        except KafkaException:  # the broker has done so already
            pass
        self.open = None

    def finish(self):
        self.send(self.total)
        self.topic.produce([{"id": self.total, "device": "d0", "ts": stamp(START + SENTINEL), "v": 0.0}])


def stamp(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).replace(tzinfo=None).isoformat()


class Thread(threading.Thread):
    """One whose failure is not lost."""

    def __init__(self, work):
        super().__init__(daemon=True)
        self.work, self.failure = work, None
        self.start()

    def run(self):
        try:
            self.work()
        except Exception as error:  # noqa: BLE001  join_all() tells it
            self.failure = error

    def finish(self):
        self.join(300)
        assert not self.is_alive(), "the producer does not end"
        if self.failure is not None:
            raise self.failure
