# SPDX-License-Identifier: Apache-2.0
"""test_kafka_source.py -- topics of a real broker go into tables, each message once.

Topics are written by the client of Confluent, tables read by delta-rs: neither shares code with us.
"""
import json
import os
import re
import signal
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import confluent_kafka  # noqa: E402
import deltalake  # noqa: E402
import kafka_lib  # noqa: E402
import serve_lib  # noqa: E402
from kafka_lib import Topic, world  # noqa: E402

PIPELINE = """version: 1
pipeline: p
schema: s
storage: ./lake
sources:
  feed:
    type: kafka
    {where}
    value_format: {format}
{options}
tables:
  bronze:
    from: feed
{table}
"""


class KafkaTest(unittest.TestCase):
    def setUp(self):
        self.broker = kafka_lib.shared()
        self.w = world.World(self.id().split(".")[-1][:60])

    def pipeline(self, topic, options="", table="", where=None, form="json"):
        name = topic if isinstance(topic, str) else f"topics: [{topic.name}]"
        lines = "\n".join("    " + line for line in (name + "\n" + options).strip().split("\n"))
        self.w.write("pipeline.yml",
                     PIPELINE.format(where=where or f"brokers: {self.broker.plain}", format=form, options=lines,
                                     table=table))

    def run_ok(self, *args, failpoint=None):
        result = self.w.run(*args, failpoint=failpoint)
        self.assertEqual(result.code, 0, result.out + result.err)
        return result

    def run_fails(self, text, code=None):
        result = self.w.run()
        self.assertNotEqual(result.code, 0, result.out)
        self.assertIn(text, result.out + result.err)
        if code is not None:
            self.assertEqual(result.code, code)
        return result

    def ids(self, table="bronze"):
        try:
            return sorted(row["id"] for row in self.w.rows(table))
        except (KeyError, deltalake.exceptions.TableNotFoundError):
            return []  # it is being made

    def warnings(self):
        return [json.loads(d)["reason"] for d, in
                self.w.store("select details from events where type = 'source_warning' order by id")]


class Reading(KafkaTest):
    def test_each_message_comes_once_however_often_one_runs(self):
        topic = Topic(self.broker, partitions=3)
        for p in range(3):
            topic.produce([{"id": 10 * p + i, "name": f"n{i}"} for i in range(10)], partition=p)
        self.pipeline(topic)
        self.run_ok()
        self.run_ok()
        self.assertEqual(self.ids(), list(range(30)))
        topic.produce([{"id": 30, "name": "later"}], partition=1)
        self.run_ok()
        self.run_ok()
        self.assertEqual(self.ids(), list(range(31)))
        self.assertEqual(len(self.w.store("select * from batches")), 2)

    def test_what_an_aborted_or_open_transaction_wrote_is_not_read(self):
        topic = Topic(self.broker)
        topic.transaction([{"id": i} for i in range(5)])
        topic.transaction([{"id": i} for i in range(100, 105)], commit=False)
        self.pipeline(topic)
        self.run_ok()  # the range ends in messages that are none, and in control records
        self.assertEqual(self.ids(), [0, 1, 2, 3, 4])
        pending = topic.transaction([{"id": 200}], commit=None)
        topic.produce([{"id": 5}])
        self.run_ok()  # what stands behind an open transaction waits for it
        self.assertEqual(self.ids(), [0, 1, 2, 3, 4])
        pending.commit_transaction(kafka_lib.SECONDS)
        kafka_lib.wait_until(lambda: self.run_ok() and len(self.ids()) == 7)
        self.assertEqual(self.ids(), [0, 1, 2, 3, 4, 5, 200])

    def test_read_uncommitted_reads_them(self):
        topic = Topic(self.broker)
        topic.transaction([{"id": 1}], commit=False)
        self.pipeline(topic, "isolation: read_uncommitted")
        self.run_ok()
        self.assertEqual(self.ids(), [1])

    def test_a_batch_takes_as_much_as_it_may_from_each_partition_by_what_it_has(self):
        topic = Topic(self.broker, partitions=3)
        topic.produce([{"id": i} for i in range(90)], partition=0)
        topic.produce([{"id": 100 + i} for i in range(30)], partition=1)
        topic.produce([{"id": 200}], partition=2)
        self.pipeline(topic, "max_offsets_per_trigger: 40")
        self.run_ok()
        self.assertEqual(len(self.ids()), 121)
        ends = [json.loads(end)["feed"]["topics"][topic.name] for end, in
                self.w.store("select end_offsets from batches order by n")]
        self.assertEqual(ends[0], {"0": 29, "1": 9, "2": 1})
        self.assertGreaterEqual(len(ends), 3)
        self.assertEqual(ends[-1], {"0": 90, "1": 30, "2": 1})

    def lags(self):
        return [json.loads(lag)["feed"] for lag, in self.w.store("select lag from batches order by n")]

    def test_each_batch_tells_what_it_left_and_since_when(self):
        topic = Topic(self.broker, partitions=2)
        hour_ago = int(time.time() - 3600) * 1000
        topic.produce([{"id": i} for i in range(90)], partition=0, timestamp=hour_ago)
        topic.produce([{"id": 100 + i} for i in range(30)], partition=1, timestamp=hour_ago)
        self.pipeline(topic, "max_offsets_per_trigger: 40")
        self.run_ok()
        lags = self.lags()
        self.assertEqual([lag["rows"] for lag in lags], [80, 40, 0])
        for lag in lags[:2]:
            self.assertAlmostEqual(lag["seconds"], 3600, delta=60)
        self.assertEqual(lags[2]["seconds"], 0)
        shown = self.w.smelt("checkpoint", "show", "bronze").out
        self.assertRegex(shown, r"Behind its sources\n  feed +0 rows +0 s\n")

    def test_a_new_partition_is_read_from_its_begin_and_told(self):
        topic = Topic(self.broker)
        topic.produce([{"id": 0}])
        self.pipeline(topic)
        self.run_ok()
        topic.add_partitions(3)
        kafka_lib.wait_until(lambda: self.grows(topic))
        self.run_ok()
        self.assertEqual(self.ids(), [0, 1])
        self.assertEqual(self.warnings(), [f'topic "{topic.name}" has a new partition 2; it is read from its '
                                           "earliest offset, 0"])

    @staticmethod
    def grows(topic):
        try:
            topic.producer = None  # it would know of them a minute later
            topic.produce([{"id": 1}], partition=2)
        except Exception:  # noqa: BLE001  not known there yet
            return False
        return True

    def test_latest_begins_behind_what_is_there_and_takes_its_columns_from_it(self):
        topic = Topic(self.broker)
        topic.produce([{"id": i} for i in range(5)])
        self.pipeline(topic, "starting_offsets: latest")
        self.run_ok()
        topic.produce([{"id": 5}])
        self.run_ok()
        self.assertEqual(self.ids(), [5])

    def test_latest_of_an_empty_topic_asks_for_columns_or_loses_nothing(self):
        topic = Topic(self.broker)
        self.pipeline(topic, "starting_offsets: latest")
        self.run_fails("messages that come before the next run would be passed over")
        self.pipeline(topic, "starting_offsets: latest\nschema: [{name: id, data_type: BIGINT}]")
        self.run_ok()
        topic.produce([{"id": i} for i in range(3)])
        self.run_ok()
        self.assertEqual(self.ids(), [0, 1, 2])

    def test_offsets_by_partition_say_where_the_first_batch_begins(self):
        topic = Topic(self.broker, partitions=2)
        for p in range(2):
            topic.produce([{"id": 10 * p + i} for i in range(5)], partition=p)
        self.pipeline(topic, f"starting_offsets: {{{topic.name}: {{0: 3, 1: -1}}}}")
        self.run_ok()
        self.assertEqual(self.ids(), [3, 4])

    def test_assign_and_a_pattern_choose(self):
        topic, other = Topic(self.broker, partitions=2), Topic(self.broker)
        topic.produce([{"id": 1}], partition=0)
        topic.produce([{"id": 2}], partition=1)
        other.produce([{"id": 3}])
        self.pipeline(f"assign: {{{topic.name}: [1]}}")
        self.run_ok()
        self.assertEqual(self.ids(), [2])
        self.w = world.World("pattern")
        self.pipeline(f'topic_pattern: "{topic.name[:8]}.*|{other.name}"')
        self.run_ok()
        self.assertEqual(self.ids(), [1, 2, 3])

    def test_a_compacted_topic_has_gaps_and_tombstones(self):
        topic = Topic(self.broker, cleanup_policy="compact", segment_ms=100, min_cleanable_dirty_ratio=0.01,
                      max_compaction_lag_ms=100)
        for i in range(20):
            topic.produce([{"id": i}], key=b"same" if i < 19 else b"other")
        topic.produce([None], key=b"other")
        kafka_lib.wait_until(lambda: len(kafka_lib.committed(self.broker, topic.name)) < 10 or
                             topic.produce([{"id": 20}], key=b"more"))
        self.pipeline(topic)
        self.run_ok()
        there = [json.loads(v)["id"] if v else None for _, _, _, v, _ in kafka_lib.committed(self.broker, topic.name)]
        rows = [row["id"] for row in self.w.rows("bronze")]
        self.assertIn(20, rows)
        self.assertLess(len(rows), 21)
        self.assertTrue(set(there) <= set(rows), (there, rows))


class Loss(KafkaTest):
    def lose(self, options=""):
        topic = Topic(self.broker)
        topic.produce([{"id": i} for i in range(10)])
        self.pipeline(topic, options)
        self.run_ok()
        topic.produce([{"id": i} for i in range(10, 20)])
        topic.remove_before(15)
        return topic

    def test_unread_offsets_that_retention_took_stop_the_flow_by_name(self):
        topic = self.lose()
        self.run_fails(f'topic "{topic.name}", partition 0: offsets 10 to 14 were removed before they were read')
        self.assertEqual(self.ids(), list(range(10)))

    def test_or_are_told_and_passed_over(self):
        topic = self.lose("fail_on_data_loss: false")
        self.run_ok()
        self.run_ok()
        self.assertEqual(self.ids(), [*range(10), *range(15, 20)])
        self.assertEqual(self.warnings(), [f'topic "{topic.name}", partition 0: offsets 10 to 14 were removed before '
                                           "they were read; reading goes on at 15"])
        self.assertEqual([json.loads(d)["lost"] for d, in
                          self.w.store("select details from events where type = 'source_warning'")], [5])

    def test_a_topic_that_was_made_anew_and_has_grown_past_the_old_one_is_told(self):
        topic = Topic(self.broker)
        topic.produce([{"id": i} for i in range(10)])
        self.pipeline(topic)
        self.run_ok()
        topic.produce([{"id": 10}])
        self.run_ok()
        topic.make_anew()
        topic.produce([{"id": i} for i in range(100, 130)])
        self.run_fails("partition 0 was read up to offset 11, and has another message now where one that was read "
                       "stood, at offset 0: the topic was made anew")
        self.run_fails("the topic was made anew")
        self.assertEqual(self.ids(), list(range(11)))
        self.pipeline(topic, "fail_on_data_loss: false")
        self.run_ok()
        topic.produce([{"id": 130}])
        self.run_ok()
        self.assertEqual(self.ids(), [*range(11), *range(100, 131)])
        self.assertIn("the topic was made anew; reading goes on at 0", self.warnings()[0])

    def test_a_topic_that_is_not_there_is_named(self):
        self.pipeline("topics: [nobody-made-this]")
        self.run_fails("nobody-made-this")


class Values(KafkaTest):
    def test_a_value_that_is_no_record_is_kept_with_its_place(self):
        topic = Topic(self.broker)
        topic.produce([{"id": 1}, '{"id": ', "", b'{"id": 2, "s": "\xff"}', '{"id":\n 3}', '{"s": "a\nb"}', None, "[1]"])
        self.pipeline(topic, "schema_hints: id BIGINT, s VARCHAR")
        self.run_ok()
        self.assertEqual(sorted((row["id"] for row in self.w.rows("bronze")), key=str), [1, 3, None])
        kept = {row["_source"]["offset"]: row for row in self.w.rows("bronze__quarantine")}
        self.assertEqual(sorted(kept), [1, 2, 3, 5, 7])
        self.assertEqual(kept[1]["_raw"], '{"id": ')
        self.assertEqual((kept[1]["_source"]["topic"], kept[1]["_source"]["partition"]), (topic.name, 0))
        self.assertIn("the value is empty", kept[2]["_reason"])
        self.assertEqual(kept[7]["_reason"], "the value is an array, and a record is one object")
        self.assertIn(f"{topic.name}/0 offset 7\n", self.w.smelt("quarantine", "show", "bronze").out)
        self.assertEqual(kept[3]["_raw"], '{"id": 2, "s": "\ufffd"}')

    def test_fail_and_drop_do_what_they_say(self):
        topic = Topic(self.broker)
        topic.produce([{"id": 1}, "none", {"id": 2}])
        self.pipeline(topic, "on_decode_error: fail")
        self.run_fails(f"1 undecodable messages, the first is offset 1 of {topic.name}/0")
        self.pipeline(topic, "on_decode_error: drop")
        self.run_ok()
        self.assertEqual(self.ids(), [1, 2])

    def test_a_new_field_becomes_a_column_and_a_misfit_is_rescued(self):
        topic = Topic(self.broker)
        topic.produce([{"id": 1}])
        self.pipeline(topic)
        self.run_ok()
        topic.produce([{"id": 2, "more": {"x": 1.5}}, {"id": "many", "more": None}])
        self.run_ok()
        rows = {json.dumps(row, sort_keys=True) for row in self.w.rows("bronze")}
        self.assertEqual(rows, {
            '{"_rescued_data": null, "id": 1, "more": null}',
            '{"_rescued_data": null, "id": 2, "more": {"x": 1.5}}',
            '{"_rescued_data": "{\\"id\\":\\"many\\"}", "id": null, "more": null}'})

    def test_text_has_the_columns_of_spark(self):
        topic = Topic(self.broker, partitions=2, retention_ms=-1)
        topic.produce(["a", None], partition=1, key=b"k", headers=[("h", b"1"), ("none", None)], timestamp=1700000000123)
        topic.produce([b"\xff"], partition=1)
        self.pipeline(topic, "include_headers: true", form="text")
        self.run_ok()
        rows = sorted(self.w.rows("bronze"), key=lambda row: row["offset"])
        self.assertEqual([(r["key"], r["value"], r["topic"], r["partition"], r["offset"], r["timestamp_type"])
                          for r in rows], [("k", "a", topic.name, 1, 0, 0), ("k", None, topic.name, 1, 1, 0)])
        self.assertEqual(rows[0]["timestamp"].isoformat()[:23], "2023-11-14T22:13:20.123")
        self.assertEqual(rows[0]["headers"], [{"key": "h", "value": "1"}, {"key": "none", "value": None}])
        self.assertEqual([row["_source"]["offset"] for row in self.w.rows("bronze__quarantine")], [2])

    def test_bytes_are_bytes(self):
        topic = Topic(self.broker)
        topic.produce([b"\xff\x00", b"0123456789abcdef"], key=b"\xfe")
        self.pipeline(topic, "include_headers: true", form="bytes")
        self.run_ok()
        rows = sorted(self.w.rows("bronze"), key=lambda row: row["offset"])
        self.assertEqual([(r["key"], r["value"], r["headers"]) for r in rows],
                         [(b"\xfe", b"\xff\x00", None), (b"\xfe", b"0123456789abcdef", None)])

    def test_metadata_tells_the_message_of_a_row(self):
        topic = Topic(self.broker)
        topic.produce([{"id": 7}], key=b"a key that is longer than twelve")
        self.pipeline(topic, "include_metadata: true")
        self.run_ok()
        row, = self.w.rows("bronze")
        self.assertEqual((row["_metadata"]["topic"], row["_metadata"]["partition"], row["_metadata"]["offset"],
                          row["_metadata"]["key"]), (topic.name, 0, 0, b"a key that is longer than twelve"))
        self.assertIsNotNone(row["_ingested_at"])


class Serving(KafkaTest):
    def serve(self):
        server = serve_lib.Server(self.w.folder, "pipeline.yml")
        self.addCleanup(server.__exit__)
        return server

    def test_a_server_goes_to_brokers_that_smelt_yml_lets_it_and_reads_what_comes(self):
        topic = Topic(self.broker)
        topic.produce([{"id": 0}])
        self.pipeline(topic)
        with open(self.w.path("pipeline.yml"), encoding="utf-8") as f:
            text = f.read()
        self.w.write("pipeline.yml", text.replace("storage:", "trigger: continuous\nstorage:"))
        server = self.serve()
        server.until("SM0907", "127.0.0.1")
        self.assertEqual(server.process.wait(serve_lib.PATIENCE), 3)
        self.w.write("smelt.yml", f'version: 1\nserver: {{egress: ["{self.broker.plain}"]}}\n')
        server = self.serve()
        kafka_lib.wait_until(lambda: self.ids() == [0])
        topic.produce([{"id": 1}])
        kafka_lib.wait_until(lambda: self.ids() == [0, 1])
        self.assertEqual(server.end(), 0)


class Template(KafkaTest):
    def test_a_new_project_reads_the_topic_that_it_is_told(self):
        topic = Topic(self.broker)
        topic.produce([{"id": 1}])
        self.assertEqual(self.w.smelt("init", "new", "--template", "kafka").code, 0)
        for name, old, new in (("smelt.yml", "localhost:9092", self.broker.plain),
                               ("pipeline.yml", "topics: [events]", f"topics: [{topic.name}]")):
            with open(self.w.path("new", name), encoding="utf-8") as f:
                text = f.read()
            self.assertIn(old, text)
            self.w.write("new/" + name, text.replace(old, new))
        with open(self.w.path("new", "README.md"), encoding="utf-8") as f:
            commands = re.findall(r"^    (smelt [a-z_ ]*[a-z_])   ", f.read(), re.M)
        self.assertEqual(len(commands), 4)
        for command in commands:
            result = self.w.smelt("-C", "new", *command.split()[1:])
            self.assertEqual(result.code, 0, result.out + result.err)
        self.assertIn("_rescued_data", result.out)


class Crashes(KafkaTest):
    POINTS = ("source.after_read:1", "source.after_read:2", "delta.after_file:2", "flow.after_decided:2",
              "delta.after_link:2", "flow.after_publish:1", "flow.after_done:1")

    def test_killed_at_any_point_each_message_is_there_once(self):
        topic = Topic(self.broker, partitions=2)
        for p in range(2):
            topic.produce([{"id": 100 * p + i} for i in range(30)], partition=p)
        topic.transaction([{"id": 1000}], commit=False)
        self.pipeline(topic, "max_offsets_per_trigger: 25")
        fired = 0
        for point in self.POINTS:
            self.w = world.World("killed")
            self.pipeline(topic, "max_offsets_per_trigger: 25")
            fired += self.w.run(failpoint=point + ":kill").code == -signal.SIGKILL
            self.run_ok()
            self.assertEqual(self.ids(), [*range(30), *range(100, 130)], point)
            self.assertEqual(list(world.faults(self.w)), [], point)
        self.assertEqual(fired, len(self.POINTS))

    def test_a_continuous_run_goes_on_when_the_broker_was_killed(self):
        broker = kafka_lib.Broker(self.w.folder + ".broker").start()
        try:
            self.broker = broker
            topic = Topic(broker)
            topic.produce([{"id": 0}])
            self.pipeline(topic, table="retry: {max_attempts: 50, backoff: 1s, backoff_max: 1s}\n")
            process = self.w.start("run", "--continuous")
            try:
                kafka_lib.wait_until(lambda: self.ids() == [0])
                broker.call("kill")
                broker.start()
                topic.producer = None
                topic.produce([{"id": 1}])
                kafka_lib.wait_until(lambda: self.ids() == [0, 1])
            finally:
                process.terminate()
                result = self.w.finish(process)
            self.assertEqual(result.code, 143, result.err)
        finally:
            broker.call("kill")


class Security(KafkaTest):
    def connect(self, where, **keys):
        lines = "".join(f"    {k}: {json.dumps(v)}\n" for k, v in keys.items())
        self.w.write("smelt.yml", "version: 1\nsecrets:\n  word: {file: secret.txt}\n"
                                  "  key: {environment: KAFKA_TEST_KEY}\n"
                                  f"connections:\n  bus:\n    type: kafka\n    brokers: {self.broker.where[where]}\n{lines}")
        self.w.write("secret.txt", "smelt-secret\n")

    def topic(self):
        topic = Topic(self.broker)
        topic.produce([{"id": 1}])
        self.pipeline(topic, where="connection: bus")

    def test_sasl_plain_and_tls_let_in_who_has_the_secret(self):
        for where, more in (("KAFKA_SASL", {"security_protocol": "sasl_plaintext"}),
                            ("KAFKA_TLS", {"security_protocol": "sasl_ssl", "ca_file": self.broker.where["KAFKA_CA"]})):
            self.w = world.World(where)
            self.topic()
            self.connect(where, sasl_mechanism="PLAIN", username="smelt", password="${secret.word}", **more)
            self.run_ok()
            self.assertEqual(self.ids(), [1])
        plan = self.w.smelt("plan", "--json").out + self.w.smelt("show", "feed", "--json").out
        self.assertNotIn("smelt-secret", plan)

    def test_a_client_shows_its_certificate(self):
        self.topic()
        os.environ["KAFKA_TEST_KEY"] = self.broker.where["KAFKA_CLIENT_KEY"]
        self.connect("KAFKA_MTLS", security_protocol="ssl", ca_file=self.broker.where["KAFKA_CA"], key="${secret.key}",
                     certificate=self.broker.where["KAFKA_CLIENT_CERTIFICATE"])
        self.run_ok()
        self.assertEqual(self.ids(), [1])

    def test_a_wrong_secret_is_told_at_once(self):
        self.topic()
        self.connect("KAFKA_SASL", security_protocol="sasl_plaintext", sasl_mechanism="PLAIN", username="smelt",
                     password="${secret.word}")
        self.w.write("secret.txt", "wrong\n")
        result = self.run_fails("uthentication failed")
        self.assertNotIn("wrong", result.out + result.err)

    def test_scram_of_an_old_library_says_so(self):
        self.topic()
        self.connect("KAFKA_SASL", security_protocol="sasl_plaintext", sasl_mechanism="SCRAM-SHA-256", username="smelt",
                     password="${secret.word}")
        result = self.w.run()
        if result.code == 0:
            self.assertEqual(self.ids(), [1])
        else:
            self.assertIn("librdkafka before 2.6.1", result.out + result.err)

    def test_scram_of_a_newer_library_logs_in(self):
        self.topic()
        self.connect("KAFKA_SASL", security_protocol="sasl_plaintext", sasl_mechanism="SCRAM-SHA-512", username="smelt",
                     password="${secret.word}")
        wheel = os.path.join(os.path.dirname(os.path.dirname(confluent_kafka.__file__)), "confluent_kafka.libs")
        library, = [name for name in os.listdir(wheel) if name.startswith("librdkafka")]
        os.makedirs(self.w.path("newer"))
        os.symlink(os.path.join(wheel, library), self.w.path("newer", "librdkafka.so.1"))
        os.environ["LD_LIBRARY_PATH"] = self.w.path("newer") + ":" + wheel
        try:
            self.run_ok()
        finally:
            del os.environ["LD_LIBRARY_PATH"]
        self.assertEqual(self.ids(), [1])

    def test_without_the_library_the_error_says_what_to_install(self):
        self.topic()
        self.connect("KAFKA_PLAIN")
        self.w.write("none/librdkafka.so.1", "")
        self.w.write("none/librdkafka.so", "")
        os.environ["LD_LIBRARY_PATH"] = self.w.path("none")
        try:
            self.run_fails("install librdkafka1")
        finally:
            del os.environ["LD_LIBRARY_PATH"]


if __name__ == "__main__":
    world.run_tests()
