# SPDX-License-Identifier: Apache-2.0
"""kafka_lib.py -- a broker that a test may use, and a client of it that is not ours.

The broker of a suite is started by the ctest fixture `kafka` in the folder $SM_KAFKA; a test that
kills one starts its own.  Each test has topics of its own.
"""
import json
import os
import subprocess
import sys
import time
import uuid

sys.path.insert(0, os.path.join(os.environ["SM_SOURCE"], "tests", "crash"))
import world  # noqa: E402
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition  # noqa: E402
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic  # noqa: E402

SCRIPT = os.path.join(os.environ["SM_SOURCE"], "tests", "support", "kafka", "broker")
SECONDS = 90


class Broker:
    def __init__(self, folder):
        self.folder = os.path.abspath(folder)
        self.where = {}

    def call(self, what):
        done = subprocess.run([SCRIPT, what, self.folder], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=120)
        if done.returncode != 0:
            raise AssertionError(done.stdout)
        return done.stdout

    def start(self):
        self.call("start")
        return self.look()

    def look(self):
        """At a broker that runs already."""
        path = os.path.join(self.folder, "where")
        if not os.path.exists(path):
            raise AssertionError(f"there is no broker in {self.folder}: run the test by ctest, or {SCRIPT} start")
        with open(path, encoding="utf-8") as f:
            self.where = dict(line.strip().split("=", 1) for line in f)
        return self

    @property
    def plain(self):
        return self.where["KAFKA_PLAIN"]


def shared():
    return Broker(os.environ["SM_KAFKA"]).look()


def client(broker, more=()):
    """What every client of the tests is made with: it does not talk on stderr."""
    return {"bootstrap.servers": broker.plain, "log_level": 0, **dict(more)}


class Topic:
    """One topic: made, written to, changed."""

    def __init__(self, broker, partitions=1, **config):
        self.broker, self.name = broker, "t" + uuid.uuid4().hex[:12]
        self.admin = AdminClient(client(broker))
        new = NewTopic(self.name, partitions, 1, config={k.replace("_", "."): str(v) for k, v in config.items()})
        self.wait(self.admin.create_topics([new]))
        self.producer = None

    @staticmethod
    def wait(futures):
        for future in futures.values():
            future.result(SECONDS)

    def produce(self, values, partition=0, key=None, headers=None, timestamp=0):
        """Values as bytes, text, or anything that JSON can say; None is a tombstone."""
        if self.producer is None:
            self.producer = Producer(client(self.broker, {"linger.ms": 5}))
        send(self.producer, self.name, values, partition, key, headers, timestamp)
        assert self.producer.flush(SECONDS) == 0

    def transaction(self, values, partition=0, commit=True):
        p = Producer(client(self.broker, {"transactional.id": uuid.uuid4().hex}))
        p.init_transactions(SECONDS)
        p.begin_transaction()
        send(p, self.name, values, partition, None, None, 0)
        p.flush(SECONDS)
        if commit is None:
            return p  # it stays open
        (p.commit_transaction if commit else p.abort_transaction)(SECONDS)
        return None

    def add_partitions(self, total):
        self.wait(self.admin.create_partitions([NewPartitions(self.name, total)]))

    def remove_before(self, offset, partition=0):
        """What retention does, now."""
        self.wait(self.admin.delete_records([TopicPartition(self.name, partition, offset)]))

    def remove(self):
        self.wait(self.admin.delete_topics([self.name]))

    def make_anew(self):
        self.remove()
        self.producer = None
        wait_until(self.is_made)

    def is_made(self):
        try:
            self.wait(self.admin.create_topics([NewTopic(self.name, 1, 1)]))
        except KafkaException:  # the old one is still there
            return False
        return True


def as_bytes(value):
    if value is None or isinstance(value, bytes):
        return value
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


def send(producer, topic, values, partition, key, headers, timestamp):
    for value in values:
        producer.produce(topic, value=as_bytes(value), key=key, partition=partition, headers=headers,
                         timestamp=timestamp)
        producer.poll(0)


def committed(broker, topic, partitions=1):
    """All that a careful consumer reads of a topic: (partition, offset, key, value, headers)."""
    c = Consumer(client(broker, {"group.id": uuid.uuid4().hex, "isolation.level": "read_committed",
                                 "enable.partition.eof": True, "auto.offset.reset": "earliest",
                                 "enable.auto.commit": False}))
    c.assign([TopicPartition(topic, p, 0) for p in range(partitions)])
    rows, open_ = [], set(range(partitions))
    until = time.monotonic() + SECONDS
    while open_ and time.monotonic() < until:
        m = c.poll(1.0)
        if m is None:
            continue
        if m.error():
            open_.discard(m.partition())
            continue
        rows.append((m.partition(), m.offset(), m.key(), m.value(), m.headers()))
    c.close()
    assert not open_, "the topic did not end"
    return rows


def wait_until(look, seconds=SECONDS):
    until = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.02)
