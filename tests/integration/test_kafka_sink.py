# SPDX-License-Identifier: Apache-2.0
"""test_kafka_sink.py -- rows of tables go to topics of a real broker, once, whatever dies in between.

Topics are read by the client of Confluent, with read_committed.
"""
import glob
import json
import os
import re
import shutil
import signal
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import kafka_lib  # noqa: E402
from confluent_kafka import Producer  # noqa: E402
from kafka_lib import Topic, world  # noqa: E402

PIPELINE = """version: 1
pipeline: {pipeline}
schema: s
storage: ./lake
sources:
  feed: {{type: files, path: landing, format: json, max_files_per_trigger: 1,
         schema: [{{name: id, data_type: BIGINT}}, {{name: kind, data_type: VARCHAR}}]}}
tables:
  events: {{from: feed}}
sinks:
  out:
    type: kafka
    from: {select}
    brokers: {brokers}
    topic: {topic}
    marks_topic: {marks}
    {options}
"""


class SinkTest(unittest.TestCase):
    def setUp(self):
        self.broker = kafka_lib.shared()
        self.name = self.id().split(".")[-1][:60]
        self.begin()

    def begin(self, select="events", options="key: id", name=""):
        self.w = world.World(self.name + name)
        self.topic = Topic(self.broker, partitions=2)
        self.marks = self.topic.name + ".marks"
        self.write(select, options)
        os.makedirs(self.w.path("landing"))

    def write(self, select="events", options="key: id"):
        self.w.write("pipeline.yml", PIPELINE.format(pipeline="p", select=select, brokers=self.broker.plain,
                                                     topic=self.topic.name, marks=self.marks, options=options))

    def arrive(self, *files):
        for k in files:
            self.w.write_rows(f"landing/{k}.json", [{"id": 10 * k + i, "kind": "ab"[i % 2]} for i in range(10)], age=k)

    def run_ok(self, failpoint=None):
        result = self.w.run(failpoint=failpoint)
        self.assertEqual(result.code, 0, result.out + result.err)
        return result

    def run_fails(self, text, code=None):
        result = self.w.run()
        self.assertNotEqual(result.code, 0, result.out)
        self.assertIn(text, result.out + result.err)
        if code is not None:
            self.assertEqual(result.code, code)

    def sent(self):
        return sorted(json.loads(value)["id"] for _, _, _, value, _ in
                      kafka_lib.committed(self.broker, self.topic.name, 2))

    def outbox(self):
        return glob.glob(self.w.path("lake", ".smelt", "outbox", "*"))


class Sending(SinkTest):
    def test_new_rows_of_a_table_are_messages_with_their_key_once(self):
        self.arrive(0)
        self.run_ok()
        self.run_ok()
        rows = kafka_lib.committed(self.broker, self.topic.name, 2)
        self.assertEqual({key: json.loads(value) for _, _, key, value, _ in rows},
                         {str(i).encode(): {"id": i, "kind": "ab"[i % 2]} for i in range(10)})
        self.assertEqual(len(rows), 10)
        self.arrive(1)
        self.run_ok()
        self.assertEqual(self.sent(), list(range(20)))
        self.assertEqual(self.outbox(), [])

    def test_a_select_chooses_and_a_key_may_be_null(self):
        self.begin("SELECT id, CASE WHEN id > 5 THEN kind END AS k, [id, 1] AS l FROM STREAM(events) WHERE id <> 3",
                   "key: k", name="2")
        self.arrive(0)
        self.run_ok()
        rows = kafka_lib.committed(self.broker, self.topic.name, 2)
        self.assertEqual({json.loads(v)["id"]: (key, json.loads(v)["l"]) for _, _, key, v, _ in rows},
                         {i: ((b"a", b"b")[i % 2] if i > 5 else None, [i, 1]) for i in range(10) if i != 3})

    def headers_of(self, column):
        """Of each message by its id; nothing of them is in its value."""
        self.begin(f"SELECT id, {column} AS h FROM STREAM(events)", "headers: h", name=str(len(column)))
        self.arrive(0)
        self.run_ok()
        rows = [(json.loads(value), headers) for _, _, _, value, headers in
                kafka_lib.committed(self.broker, self.topic.name, 2)]
        self.assertEqual(sorted(tuple(row) for row, _ in rows), [("id",)] * 10)
        return {row["id"]: headers for row, headers in rows}

    def test_a_column_has_the_headers_of_messages(self):
        got = self.headers_of("MAP {'kind':kind, 'none':NULL}")
        self.assertEqual(got[3], [("kind", b"b"), ("none", None)])
        got = self.headers_of("{kind:kind, number:id, deep:{x:1}}")
        self.assertEqual(got[4], [("kind", b"a"), ("number", b"4"), ("deep", b'{"x":1}')])
        got = self.headers_of("CASE WHEN id > 1 THEN '{\"k\":\"' || id || '\"}' END")
        self.assertEqual((got[0], got[7]), (None, [("k", b"7")]))
        got = self.headers_of("[{'key':'twice', 'value':'\\xFF\\x00'::BLOB}, {'key':'twice', 'value':NULL}]")
        self.assertEqual(got[0], [("twice", b"\xff\x00"), ("twice", None)])
        got = self.headers_of("[{'key':'text', 'value':'ü' || kind}]")
        self.assertEqual(got[1], [("text", "üb".encode())])

    def test_headers_that_are_none_are_named_before_anything_is_decided(self):
        self.begin("SELECT id, kind AS h FROM STREAM(events)", "headers: h", name="2")
        self.arrive(0)
        self.run_fails('column "h" of {"id":0}: headers are an object of names and texts')
        self.write("SELECT id, kind FROM STREAM(events)", "key: id")
        self.run_ok()
        self.assertEqual(self.sent(), list(range(10)))

    def test_a_topic_that_is_not_there_is_named_and_nothing_is_lost(self):
        self.topic.remove()
        self.arrive(0)
        self.run_fails(f'sink "out": there is no topic "{self.topic.name}": make it first')
        kafka_lib.wait_until(self.made_again)
        self.run_ok()
        self.assertEqual(self.sent(), list(range(10)))

    def made_again(self):
        try:
            self.topic.wait(self.topic.admin.create_topics([kafka_lib.NewTopic(self.topic.name, 2, 1)]))
        except Exception:  # noqa: BLE001  it is still going
            return False
        return True

    def test_plan_and_status_show_what_a_sink_promises(self):
        self.arrive(0)
        self.assertIn("exactly once", self.w.smelt("plan").out)
        self.run_ok()
        self.write(options="delivery: at_least_once")
        plan = json.loads(self.w.smelt("plan", "--json").out)
        row, = [row for row in plan["changes"] if row["table"] == "out"]
        self.assertEqual(row["delivery"], "at_least_once")
        status = json.loads(self.w.smelt("status", "--json").out)
        self.assertEqual([t["kind"] for t in status["tables"] if t["name"] == "out"], ["sink"])
        self.assertIn("sink (kafka)", self.w.smelt("ls").out)

    def test_what_was_sent_is_not_sent_again_by_a_rebuild_but_by_a_reset(self):
        self.arrive(0)
        self.run_ok()
        refused = self.w.smelt("run", "--full-refresh", "events", "--yes")
        self.assertEqual(refused.code, 7, refused.err)
        self.assertIn("say --keep-downstream to let it go on behind the rebuild with what it has sent", refused.err)
        kept = self.w.smelt("run", "--full-refresh", "events", "--keep-downstream", "--yes")
        self.assertEqual(kept.code, 0, kept.err)
        self.assertEqual(self.sent(), list(range(10)))
        self.assertEqual(self.w.smelt("checkpoint", "reset", "out", "--yes").code, 0)
        self.run_ok()
        self.assertEqual(self.sent(), sorted(2 * list(range(10))))
        self.assertIn("`smelt checkpoint reset out` lets", self.w.smelt("checkpoint", "adopt", "out", "--yes").err)
        refused = self.w.smelt("run", "--full-refresh", "out", "--yes")
        self.assertEqual(refused.code, 2, refused.err)
        self.assertIn('--full-refresh rebuilds tables, and "out" is a sink: `smelt checkpoint reset out`', refused.err)
        self.assertIn("its rows have gone", self.w.smelt("preview", "out").err)

    def test_what_a_sink_cannot_do_is_told_with_its_place(self):
        for select, options, text in (
                ("feed", "key: id", 'sink "out" reads source "feed"'),
                ("events", "key: nobody", 'sink "out" has no column "nobody"'),
                ("SELECT kind, count(*) AS n FROM STREAM(events) GROUP BY ALL", "key: kind", "pipeline.yml:"),
                ("SELECT id FROM events", "key: id", "reads no stream"),
                ("events", "delivery: twice", "delivery"),
                ("events", "headers: {a: b}", "is the name of a column"),
                ("events", "headers: nobody", 'sink "out" has no column "nobody"'),
                ("events", "headers: id", "is BIGINT, which has no headers"),
                ("SELECT MAP {'a':kind} AS h FROM STREAM(events)", "headers: h", "a message has no column"),
                ("events", "options: {transactional.id: x}", "transactional.id")):
            self.write(select, options)
            result = self.w.smelt("validate")
            self.assertNotEqual(result.code, 0, (select, options))
            self.assertIn(text, result.out + result.err)


class Guide(SinkTest):
    """docs/guide/kafka.md: its files run as they stand, but for addresses and names of topics."""

    def blocks(self):
        with open(os.path.join(os.environ["SM_SOURCE"], "docs", "guide", "kafka.md"), encoding="utf-8") as f:
            self.page = f.read()
        return re.findall(r"```yaml\n(.*?)```", self.page, re.S)

    def test_its_pipeline_reads_and_sends(self):
        source, sink, project = self.blocks()
        orders, big = Topic(self.broker), Topic(self.broker)
        orders.produce([{"id": i, "total": 30 * i} for i in range(10)])
        text = (source + sink).replace("localhost:9092", self.broker.plain)
        text = text.replace("topics: [orders]", f"topics: [{orders.name}]").replace("topic: big-orders", f"topic: {big.name}")
        self.w.write("pipeline.yml", text)
        commands = re.search(r"```console\n(.*?)```", self.page, re.S).group(1)
        self.assertEqual(commands.count("$ smelt "), 2)
        for line in commands.strip().splitlines():
            result = self.w.smelt(*line.split()[2:])
            self.assertEqual(result.code, 0, result.out + result.err)
        sent = [(key, json.loads(value)) for _, _, key, value, _ in kafka_lib.committed(self.broker, big.name)]
        self.assertEqual(sorted(sent, key=str), sorted(((str(i).encode(), {"id": i, "total": 30 * i}) for i in range(4, 10)), key=str))
        os.environ["KAFKA_PASSWORD"] = "smelt-secret"
        project = project.replace("broker-1:9093,broker-2:9093", self.broker.where["KAFKA_TLS"])
        self.w.write("smelt.yml", project.replace("ca.pem", self.broker.where["KAFKA_CA"]))
        self.w.write("pipeline.yml", text.replace(f"brokers: {self.broker.plain}", "connection: bus"))
        orders.produce([{"id": 10, "total": 300}])
        self.run_ok()
        self.assertEqual(len(kafka_lib.committed(self.broker, big.name)), 7)

    def test_it_lists_the_options_that_are_taken(self):
        self.blocks()
        listed = re.findall(r"`([a-z.]+)`", self.page[self.page.index("These are taken"):])
        with open(os.path.join(os.environ["SM_SOURCE"], "runtime", "io", "kafka_conf.c"), encoding="utf-8") as f:
            code = f.read()
        taken = re.findall(r'^    "([a-z.]+)",$', code[code.index("allowed[]"):code.index("NULL,")], re.M)
        self.assertEqual(listed, taken)


class Crashes(SinkTest):
    # The third batch of the second run is that of the sink.
    POINTS = ("kafka.after_send:1", "kafka.after_commit:1", "source.after_read:3", "flow.before_decided:3",
              "flow.after_decided:3", "flow.after_publish:3", "flow.after_done:3")

    def test_killed_at_any_point_each_row_is_there_once(self):
        for i, point in enumerate(self.POINTS):
            self.begin(name=str(i))
            if i % 2 == 0:
                self.arrive(0)
                self.run_ok()
            self.arrive(0, 1, 2) if i % 2 else self.arrive(1, 2)
            result = self.w.run(failpoint=point.replace("3", "4" if i % 2 else "3") + ":kill")
            self.assertEqual(result.code, -signal.SIGKILL, point)
            self.run_ok()
            self.assertEqual(self.sent(), list(range(30)), point)
            self.assertEqual(self.outbox(), [], point)

    def test_at_least_once_loses_none(self):
        for i, point in enumerate(("kafka.after_send:1", "kafka.after_commit:1", "flow.after_publish:4")):
            self.begin(options="delivery: at_least_once", name=str(i))
            self.arrive(0, 1, 2)
            self.assertEqual(self.w.run(failpoint=point + ":kill").code, -signal.SIGKILL, point)
            self.run_ok()
            self.assertEqual(sorted(set(self.sent())), list(range(30)), point)

    def test_a_mark_behind_an_open_transaction_of_another_sink_is_found(self):
        self.arrive(0)
        process = self.w.start("run", "--continuous", failpoint="kafka.after_commit:2:kill")
        kafka_lib.wait_until(lambda: len(self.sent()) == 10)
        other = Producer(kafka_lib.client(self.broker, {"transactional.id": self.topic.name,
                                                        "transaction.timeout.ms": 4000}))
        other.init_transactions(kafka_lib.SECONDS)
        other.begin_transaction()
        other.produce(self.marks, key=b"other", value=b"{}")
        self.assertEqual(other.flush(kafka_lib.SECONDS), 0)
        self.arrive(1)
        self.assertEqual(self.w.finish(process).code, -signal.SIGKILL)
        self.run_ok()  # until the brokers have ended the transaction of the other
        self.assertEqual(self.sent(), list(range(20)))

    def test_messages_that_were_decided_and_are_not_here_are_missed(self):
        for i, options in enumerate(("delivery: at_least_once", "delivery: exactly_once")):
            self.begin(options=options, name=str(i))
            self.arrive(0)
            self.assertEqual(self.w.run(failpoint="flow.after_decided:2:kill").code, -signal.SIGKILL)
            box, = self.outbox()
            os.rename(box, self.w.path("box"))
            self.run_fails("what it has to send is not there", 11)
            os.rename(self.w.path("box"), box)
            self.run_ok()
            self.assertEqual(self.sent(), list(range(10)), options)

    def test_a_reset_and_then_a_crash_send_all_again_once(self):
        for i, options in enumerate(("delivery: at_least_once", "delivery: exactly_once")):
            self.begin(options=options, name=str(i))
            for k in range(3):
                self.arrive(k)
                self.run_ok()
            self.assertEqual(self.w.smelt("checkpoint", "reset", "out", "--yes").code, 0)
            self.assertEqual(self.w.run(failpoint="flow.after_decided:1:kill").code, -signal.SIGKILL)
            self.run_ok()
            self.assertEqual(self.sent(), sorted(2 * list(range(30))), options)

    def test_an_error_between_sending_and_the_mark_sends_nothing_twice(self):
        self.arrive(0)
        self.run_ok()
        process = self.w.start("run", "--continuous")
        try:
            generation, = self.w.store("select uuid from generations where flow = 'out'")[0]
            other = Producer(kafka_lib.client(self.broker, {"transactional.id": generation}))
            self.arrive(1)
            kafka_lib.wait_until(lambda: len(self.sent()) == 20)
            other.init_transactions(kafka_lib.SECONDS)  # shuts the running one out
            self.arrive(2)
            kafka_lib.wait_until(lambda: len(self.sent()) >= 30 or process.poll() is not None)
        finally:
            process.terminate()
            self.w.finish(process)
        self.run_ok()
        self.assertEqual(self.sent(), list(range(30)))

    def test_a_lost_control_store_is_refused_and_an_older_one_too(self):
        self.arrive(0)
        self.run_ok()
        shutil.copytree(self.w.control(), self.w.path("older"))
        self.arrive(1)
        self.run_ok()
        shutil.move(self.w.control(), self.w.path("newer"))
        shutil.copytree(self.w.path("older"), self.w.control())
        self.arrive(2)
        self.run_fails("older", 11)
        self.assertEqual(self.sent(), list(range(20)))
        shutil.rmtree(self.w.control())
        self.run_fails("checkpoint that is not here", 11)
        self.assertEqual(self.sent(), list(range(20)))
        shutil.rmtree(self.w.control())
        shutil.move(self.w.path("newer"), self.w.control())
        self.run_ok()
        self.assertEqual(self.sent(), list(range(30)))

    def test_after_a_lost_control_store_the_sink_says_what_lets_it_send_again(self):
        self.arrive(0)
        self.run_ok()
        shutil.rmtree(self.w.control())
        self.run_fails("checkpoint adopt events", 11)
        self.assertEqual(self.w.smelt("checkpoint", "adopt", "events", "--yes").code, 0)
        self.run_fails("this sink has sent rows under a checkpoint that is not here; nothing was sent. Bring the control "
                       f'store and its marks, in topic "{self.marks}", of the same moment together, or let the sink '
                       "send all rows again with `smelt checkpoint reset out`", 11)
        self.assertEqual(self.w.smelt("checkpoint", "reset", "out", "--yes").code, 0)
        self.run_ok()
        self.assertEqual(self.sent(), sorted(2 * list(range(10))))

    def test_a_broker_that_dies_meanwhile_is_waited_for(self):
        broker = kafka_lib.Broker(self.w.folder + ".broker").start()
        try:
            self.broker = broker
            self.begin(name="own", options="key: id\nretry: {max_attempts: 100, backoff: 1s, backoff_max: 2s}")
            self.arrive(0)
            process = self.w.start("run", "--continuous")
            try:
                kafka_lib.wait_until(lambda: len(self.sent()) == 10)
                broker.call("kill")
                self.arrive(1)
                time.sleep(1)
                broker.start()
                kafka_lib.wait_until(lambda: len(self.sent()) == 20 or process.poll() is not None, 120)
            finally:
                process.terminate()
                result = self.w.finish(process)
            self.assertEqual(self.sent(), list(range(20)), result.err)
        finally:
            broker.call("kill")


if __name__ == "__main__":
    unittest.main(verbosity=2)
