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


class Replay(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.w = world.World("replay")
        cls.w.write("pipeline.yml", pipeline(5))
        kinds.put_readings(cls.w, 0, 3)
        kinds.run_before(cls.w)
        cls.w.write("pipeline.yml", pipeline(10))
        cls.w.save("before")
        cls.w.smelt("quarantine", "replay", "silver")
        cls.wanted = {name: ids(cls.w, name) for name in ("silver", "silver__quarantine", "hot")}
        assert sum(cls.wanted["silver"].values()) == 20, cls.wanted

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
        self.settle("run", "--full-refresh", "silver", "--yes")
        self.assertEqual(ids(self.w, "silver"), self.wanted["silver"])


if __name__ == "__main__":
    world.run_tests()
