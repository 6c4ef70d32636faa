# SPDX-License-Identifier: Apache-2.0
"""Tables in a bucket: they hold what local ones hold, to the row, whatever kind of flow writes them.

The kinds are those of the crash tests; each is run over a folder and over a bucket.
"""
import collections
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "crash"))

import deltalake  # noqa: E402
import kinds  # noqa: E402
import s3_world  # noqa: E402
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


add_kinds()
if __name__ == "__main__":
    world.run_tests()
