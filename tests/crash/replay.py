# SPDX-License-Identifier: Apache-2.0
"""replay.py -- a replay of a quarantine that is killed anywhere, and what comes first afterwards.

For each point: the world is set back, the replay runs until the point kills it, then a run or another replay
follows.  At the end every row is where it is after an undisturbed replay: none lost, none doubled.
"""
import collections
import json
import unittest

import kinds
import world

POINTS = [f"{name}:{nth}" for name, most in (
    ("delta.after_file", 2), ("flow.before_decided", 1), ("flow.after_decided", 1), ("delta.after_link", 2),
    ("flow.after_publish", 1), ("flow.after_done", 1), ("store.after_commit", 2))
    for nth in range(1, most + 1)]
RULE = "    expectations:\n      cold: {expect: temperature < %d, on_violation: quarantine}\n"


def pipeline(limit):
    return (kinds.HEAD + "sources:\n" + kinds.READINGS_SOURCE.format(files=2) + kinds.DECLARED +
            "tables:\n  silver:\n    from: readings\n" + RULE % limit +
            '  hot: {sql: "SELECT id FROM STREAM(silver__quarantine)"}\n')


def ids(w, name):
    return collections.Counter(row["id"] for row in w.rows(name))


RECORDS = """sources:
  readings:
    type: files
    path: in/*.json
    format: json
    schema: [{name: id, data_type: BIGINT}, {name: temperature, data_type: %s}]
tables:
  silver:
    sql: "SELECT id, ltrim(temperature::VARCHAR, '#')::BIGINT AS temperature FROM STREAM(readings)"
    expectations:
      cold: {expect: temperature < 10, on_violation: quarantine}
  hot: {sql: "SELECT id FROM STREAM(silver)"}
"""


class Replay(unittest.TestCase):
    """Rows that broke a rule."""

    REBUILT = "silver"

    @classmethod
    def setUpClass(cls):
        cls.prepare("replay", pipeline(5), pipeline(10), ("silver", "silver__quarantine", "hot"),
                    lambda w: kinds.put_readings(w, 0, 3))
        assert sum(cls.wanted["silver"].values()) == 20, cls.wanted

    @classmethod
    def prepare(cls, folder, before, after, tables, put):
        cls.w = world.World(folder)
        cls.w.write("pipeline.yml", before)
        put(cls.w)
        kinds.run_before(cls.w)
        cls.w.write("pipeline.yml", after)
        cls.w.save("before")
        cls.w.smelt("quarantine", "replay", "silver")
        cls.w.run()
        cls.wanted = {name: ids(cls.w, name) for name in tables}

    def settle(self, *command):
        result = self.w.smelt(*command)
        self.assertEqual(result.code, 0, result.out + result.err)

    def check(self, point, *command):
        self.w.restore("before")
        died = self.w.smelt("quarantine", "replay", "silver", failpoint=point + ":kill")
        if not died.fired:
            self.assertEqual(died.code, 0, died.out + died.err)
        self.settle(*command)
        self.settle("quarantine", "replay", "silver")
        self.settle("run")
        self.assertEqual({name: ids(self.w, name) for name in self.wanted}, self.wanted)
        rows = [json.dumps(row["_row_id"]) for row in self.w.rows("silver__quarantine")]
        self.assertEqual(len(rows), len(set(rows)))
        self.assertEqual(list(world.faults(self.w)), [])
        return died.fired

    def test_a_replay_killed_anywhere_is_finished_by_the_next_run(self):
        fired = [point for point in POINTS if self.check(point, "run")]
        self.assertGreaterEqual(len(fired), 9, fired)

    def test_a_replay_killed_anywhere_is_finished_by_the_next_replay(self):
        for point in POINTS[::3]:
            with self.subTest(point=point):
                self.check(point, "quarantine", "replay", "silver")

    def test_a_replay_that_was_decided_is_published_before_a_full_refresh(self):
        self.check_refresh()

    def check_refresh(self):
        self.w.restore("before")
        self.w.smelt("quarantine", "replay", "silver", failpoint="flow.after_decided:kill")
        self.settle("run", "--full-refresh", self.REBUILT, "--yes")
        self.assertEqual(ids(self.w, "silver"), self.wanted["silver"])


class Records(Replay):
    """Records that were none: most of them are decoded now, some of those break a rule, one still is none."""

    REBUILT = "silver hot"

    @classmethod
    def put_records(cls, w):
        for k in range(3):
            w.write(f"in/{k}.json", "".join(f'{{"id":{10 * k + i},"temperature":"{"#" if i % 2 else ""}{4 * i}"}}\n'
                                            for i in range(5)) + ("no\n" if k == 0 else ""), age=k)

    @classmethod
    def setUpClass(cls):
        cls.prepare("replay_records", kinds.HEAD + RECORDS % "BIGINT", kinds.HEAD + RECORDS % "VARCHAR",
                    ("silver", "silver__quarantine", "hot"), cls.put_records)
        assert cls.wanted["silver"] == cls.wanted["hot"] == collections.Counter(
            10 * k + i for k in range(3) for i in range(3)), cls.wanted
        assert cls.wanted["silver__quarantine"][None] == 1, cls.wanted


if __name__ == "__main__":
    world.run_tests()
