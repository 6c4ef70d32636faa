# SPDX-License-Identifier: Apache-2.0
"""Tables in a bucket: they hold what local ones hold, to the row, whatever kind of flow writes them.

The kinds are those of the crash tests; each is run over a folder and over a bucket.
"""
import collections
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "crash"), os.path.join(HERE, "..", "support", "versitygw")]

import deltalake  # noqa: E402
import kinds  # noqa: E402
import s3_world  # noqa: E402
from fault_proxy import FaultProxy  # noqa: E402
import world  # noqa: E402

STORAGE = {"AWS_ENDPOINT_URL": s3_world.ENDPOINT, "AWS_ACCESS_KEY_ID": "smelt",
           "AWS_SECRET_ACCESS_KEY": "smelt-secret", "AWS_REGION": "us-east-1", "AWS_ALLOW_HTTP": "true"}
DEFAULT = ("chain", "full refresh", "materialized view", "quarantine", "type widening", "aggregate update")


def live(kind, w):
    """The kind's whole life in one world; a second run finds nothing new."""
    kind.before(w)
    kind.arrive(w)
    for command in (kind.command, ()):
        result = w.run(*command)
        assert result.code == 0, result.err + result.out
    return w.tables()


def without_lives(tables):
    """Two worlds have generations of their own."""
    return {name: collections.Counter(
        {json.dumps({k: v for k, v in json.loads(row).items() if k != "_generation"}): n
         for row, n in rows.items()}) for name, rows in tables.items()}


class Kinds(unittest.TestCase):
    """Filled in below: one test for each kind."""

    def same(self, kind):
        name = kind.name.replace(" ", "_")
        want = live(kind, world.World("local_" + name))
        w = s3_world.S3World("s3_" + name)
        got = live(kind, w)
        self.assertEqual(list(world.differences(without_lives(got), without_lives(want))), [])
        self.assertEqual(list(world.faults(w)), [])
        self.assertTrue(got)


def add_kinds():
    for kind in kinds.KINDS:
        if kind.name in DEFAULT or "--all" in sys.argv:
            setattr(Kinds, "test_" + kind.name.replace(" ", "_") + "_is_the_same_in_a_bucket",
                    lambda self, kind=kind: self.same(kind))
    if "--all" in sys.argv:
        sys.argv.remove("--all")


class Bucket(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.w = s3_world.S3World("bucket")
        cls.w.write("pipeline.yml", kinds.chain(files=1))
        kinds.put_readings(cls.w, 0, 12)
        kinds.run_before(cls.w)

    def test_others_read_the_tables_in_the_bucket(self):
        table = deltalake.DeltaTable("s3://bucket/lake/crash/bronze", storage_options=STORAGE)
        self.assertEqual(table.to_pyarrow_table().num_rows, len(self.w.rows("bronze")))
        self.assertEqual(table.version(), 11)

    def test_a_log_checkpoint_is_in_the_bucket(self):
        names = os.listdir(self.w.table_folders()["bronze"] + "/_delta_log")
        self.assertIn("00000000000000000010.checkpoint.parquet", names)
        self.assertIn("_last_checkpoint", names)
        self.assertFalse([n for n in names if n.startswith(".")])

    def test_what_this_machine_has_not_is_fetched(self):
        self.w.forget_images()
        result = self.w.smelt("query", "SELECT count(*) AS n FROM silver", "--json")
        self.assertEqual(result.code, 0, result.err)
        self.assertIn(str(len(self.w.rows("silver"))), result.out)
        for command in (("status",), ("preview", "silver"), ("quarantine", "list")):
            self.assertEqual(self.w.smelt(*command).code, 0, command)

    def test_the_place_that_people_see_is_the_bucket(self):
        result = self.w.smelt("show", "silver", "--json")
        self.assertEqual(json.loads(result.out)["path"], "s3://bucket/lake/crash/silver", result.out)

    def test_no_secret_is_anywhere(self):
        for base, _, names in os.walk(self.w.folder):
            for name in names:
                with open(os.path.join(base, name), "rb") as f:
                    self.assertNotIn(b"smelt-secret", f.read(), os.path.join(base, name))


class Environment(unittest.TestCase):
    """Without a connection the environment says who asks, as for any other tool."""

    def setUp(self):
        self.w = s3_world.S3World("environment", project="version: 1\nname: crash\n")
        self.w.write("pipeline.yml", kinds.chain(files=9))
        kinds.put_readings(self.w, 0, 1)
        self.was = dict(os.environ)

    def tearDown(self):
        os.environ.clear()
        os.environ.update(self.was)

    def test_nobody_asks(self):
        result = self.w.run()
        self.assertNotEqual(result.code, 0)
        self.assertIn("nothing says who asks for s3://environment", result.out + result.err)

    def test_the_environment_says_it(self):
        os.environ.update(AWS_ACCESS_KEY_ID="smelt", AWS_SECRET_ACCESS_KEY="smelt-secret",
                          AWS_ENDPOINT_URL_S3=s3_world.ENDPOINT)
        result = self.w.run()
        self.assertEqual(result.code, 0, result.out + result.err)
        self.assertIn("silver", self.w.tables())

    def test_a_wrong_key_is_named_as_such(self):
        os.environ.update(AWS_ACCESS_KEY_ID="smelt", AWS_SECRET_ACCESS_KEY="wrong",
                          AWS_ENDPOINT_URL_S3=s3_world.ENDPOINT)
        result = self.w.run()
        self.assertNotEqual(result.code, 0)
        self.assertIn("the secret_access_key is not the one of that key", result.out + result.err)
        self.assertNotIn("wrong", result.out + result.err)


def odd(number):
    return number % 3 == 1


class Faults(unittest.TestCase):
    """What goes wrong on the way is borne, or told in words that help."""

    def run_behind(self, name, judge, more=""):
        with FaultProxy(s3_world.ENDPOINT, judge) as proxy:
            self.encryption = proxy.encryption
            w = s3_world.S3World(name, s3_world.PROJECT.replace(s3_world.ENDPOINT, proxy.endpoint) + more)
            w.write("pipeline.yml", kinds.chain(files=1))
            kinds.put_readings(w, 0, 2)
            return w, w.run(), [act for _, _, act in proxy.asked]

    def assert_whole(self, w, result):
        self.assertEqual(result.code, 0, result.out + result.err)
        self.assertEqual(list(world.faults(w)), [])
        self.assertEqual(len(w.rows("bronze")), 24)

    def test_lost_answers_to_commits_write_nothing_twice(self):
        w, result, acts = self.run_behind(
            "lost", lambda method, path, n: "lose" if method == "PUT" and odd(n) else None)
        self.assert_whole(w, result)
        self.assertIn("lose", acts)

    def test_every_object_asks_for_the_encryption_of_the_connection(self):
        w, result, _ = self.run_behind("sealed", lambda method, path, n: None, "    server_side_encryption: AES256\n")
        self.assert_whole(w, result)
        self.assertEqual(set(self.encryption), {"AES256"}, self.encryption)

    def test_a_store_that_is_slow_down_is_asked_again(self):
        w, result, acts = self.run_behind(
            "slow", lambda method, path, n: (503, "SlowDown") if odd(n) else "drop" if n % 7 == 3 else None)
        self.assert_whole(w, result)
        self.assertIn((503, "SlowDown"), acts)
        self.assertIn("drop", acts)

    def test_a_store_that_ignores_conditions_is_refused(self):
        w, result, _ = self.run_behind("ignores", lambda method, path, n: "ignore")
        self.assertNotEqual(result.code, 0)
        self.assertIn("ignores If-None-Match", result.out + result.err)
        self.assertEqual(w.tables(), {})

    def test_an_expired_token_is_named_and_asked_for_once(self):
        _, result, acts = self.run_behind("expired", lambda method, path, n: (403, "ExpiredToken"))
        self.assertNotEqual(result.code, 0)
        self.assertIn("the session token has expired: get new credentials", result.out + result.err)
        self.assertLess(len(acts), 8)

    def test_a_run_that_is_stopped_leaves_a_store_that_hangs(self):
        with FaultProxy(s3_world.ENDPOINT, lambda method, path, n: "hang" if "_delta_log" in path else None) as proxy:
            w = s3_world.S3World("hangs", s3_world.PROJECT.replace(s3_world.ENDPOINT, proxy.endpoint))
            w.write("pipeline.yml", kinds.chain(files=1))
            kinds.put_readings(w, 0, 2)
            first = w.start("run", "pipeline.yml")
            self.assertTrue(proxy.hung.wait(60))
            os.kill(first.pid, signal.SIGINT)
            first.wait(25)  # one request alone would be waited for longer
            result = w.finish(first)
            self.assertEqual(result.code, 130, result.out + result.err)
            proxy.judge = lambda method, path, n: None
            self.assert_whole(w, w.run())

    def test_another_region_is_named(self):
        _, result, _ = self.run_behind("region", lambda method, path, n: (301, "PermanentRedirect"))
        self.assertNotEqual(result.code, 0)
        self.assertIn("write the region of the bucket", result.out + result.err)


class Killed(unittest.TestCase):
    """Killed between the steps of a batch: the next run makes the tables whole."""

    def same_after(self, *failpoints):
        w = s3_world.S3World("killed")
        w.write("pipeline.yml", kinds.chain(files=2))
        kinds.put_readings(w, 0, 4)
        for failpoint in failpoints:
            self.assertTrue(world.killed(w.run(failpoint=failpoint)), failpoint)
        w.forget_images()
        self.assertEqual(w.run().code, 0)
        self.assertEqual(list(world.faults(w)), [])
        self.assertEqual(len(w.rows("bronze")), 48)

    def test_at_each_step(self):
        self.same_after("delta.after_file:1:kill", "flow.after_decided:1:kill", "s3.answer:5:kill",
                        "delta.after_link:1:kill", "flow.after_publish:2:kill")


class Durable(unittest.TestCase):
    """What is decided is in the bucket: machines come and go, and two of them do not both go on."""

    def grown(self, kind, name, failpoints=(), forget=True):
        """The kind's life, on a new machine each time."""
        w = s3_world.S3World(name)
        kind.before(w)
        if forget:
            w.forget_machine()
        kind.arrive(w)
        for failpoint in failpoints:
            self.assertTrue(world.killed(w.run(*kind.command, failpoint=failpoint)), failpoint)
            w.forget_machine()
        for command in (kind.command, ()):
            result = w.run(*command)
            self.assertEqual(result.code, 0, result.out + result.err)
        return w

    def same(self, kind, name, failpoints=()):
        want = live(kind, world.World("local_" + name))
        w = self.grown(kind, name, failpoints)
        self.assertEqual(list(world.differences(without_lives(w.tables()), without_lives(want))), [])
        self.assertEqual([f for f in world.faults(w) if "log holds" not in f], [])

    def test_an_empty_machine_goes_on_with_what_a_query_remembers(self):
        self.same(kinds.AggregateAppend(), "empty-append")
        whole = os.listdir(os.path.join(s3_world.FOLDER, "empty-append/lake/_smelt/crash/whole"))
        self.assertIn(len(whole), (1, 2), whole)

    def test_an_empty_machine_goes_on_with_columns_that_grow(self):
        self.same(kinds.SchemaGrowth(), "empty-growth")

    def test_what_was_decided_before_the_machine_died_is_published_by_another(self):
        self.same(kinds.AggregateUpdate(), "died", ("flow.after_remote_decided:1:kill", "flow.after_decided:1:kill",
                                                    "flow.after_publish:1:kill"))

    def test_killed_between_the_two_records_it_goes_on(self):
        w = s3_world.S3World("between")
        w.write("pipeline.yml", kinds.chain(files=1))
        kinds.put_readings(w, 0, 3)
        for n in (1, 3):
            self.assertTrue(world.killed(w.run(failpoint=f"flow.after_remote_decided:{n}:kill")))
        self.assertEqual(w.run().code, 0)
        self.assertEqual(list(world.faults(w)), [])
        self.assertEqual(len(w.rows("bronze")), 36)

    def test_of_two_machines_one_wins(self):
        w = s3_world.S3World("two")
        w.write("pipeline.yml", kinds.chain(files=9))
        kinds.put_readings(w, 0, 1)
        kinds.run_before(w)
        kinds.put_readings(w, 1, 2)
        other = w.folder + ".other"
        shutil.rmtree(other, ignore_errors=True)
        shutil.copytree(w.folder, other)
        first = w.start("run", "pipeline.yml", failpoint="flow.before_decided:1:stop")
        stopped(first.pid)
        second = subprocess.run([world.SMELT, "run", "pipeline.yml"], cwd=other, capture_output=True, text=True,
                                timeout=100, check=False)
        self.assertEqual(second.returncode, 0, second.stdout + second.stderr)
        os.kill(first.pid, signal.SIGCONT)
        result = w.finish(first)
        self.assertEqual(result.code, 7, result.out + result.err)
        self.assertIn("another machine has decided number", result.out + result.err)
        self.assertEqual(w.run().code, 0)
        self.assertEqual(len(w.rows("bronze")), 24)
        self.assertEqual(list(world.faults(w)), [])

    def test_without_it_an_empty_machine_is_refused(self):
        w = s3_world.S3World("forgetful")
        text = kinds.chain(files=9).replace("storage: ./lake\n", "storage: s3://forgetful/lake\n"
                                            "state: {path: lake/.smelt, durable: false}\n")
        w.write("pipeline.yml", text)
        kinds.put_readings(w, 0, 1)
        kinds.run_before(w)
        self.assertEqual(os.listdir(w.bucket_folder + "/lake/_smelt"), ["put_if_absent"])
        w.forget_machine()
        kinds.put_readings(w, 1, 2)
        result = w.run()
        self.assertEqual(result.code, 11, result.out + result.err)
        self.assertIn("under a checkpoint that is not here", result.out + result.err)


def stopped(pid):
    """Wait until the process has stopped itself."""
    while True:
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            if f.read().rsplit(")", 1)[1].split()[0] == "T":
                return
        time.sleep(0.02)


class Guide(unittest.TestCase):
    """docs/guide/s3.md: its files run, and its commands say what the page shows."""

    def test_the_page_is_true(self):
        with open(os.path.join(os.environ["SM_SOURCE"], "docs/guide/s3.md"), encoding="utf-8") as f:
            page = f.read()
        pipeline, project = re.findall(r"```yaml\n(.*?)```", page, re.S)
        w = s3_world.S3World("guide", project.replace("http://127.0.0.1:9000", s3_world.ENDPOINT))
        os.makedirs(os.path.join(s3_world.FOLDER, "lake"), exist_ok=True)
        w.write("pipeline.yml", pipeline)
        w.write("secrets/id", "smelt\n")
        os.environ["LAKE_KEY"] = "smelt-secret"
        w.write_rows("landing/a.json", [{"customer": c} for c in ("ann", "bob", "ann")])
        shown = re.findall(r"```console\n\$ smelt (.*?)\n(.*?)```", page, re.S)
        self.assertEqual(len(shown), 2)
        for command, want in shown:
            result = w.smelt(*shlex.split(command))
            self.assertEqual(result.code, 0, result.err)
            got = re.sub(r"(?m)^(Run|Next).*\n| @ [0-9a-f]+$", "", re.sub(r"(?m)  [0-9.]+ m?s$", "", result.out))
            self.assertEqual(got, want)


add_kinds()
if __name__ == "__main__":
    world.run_tests()
