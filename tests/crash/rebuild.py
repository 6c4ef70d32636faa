# SPDX-License-Identifier: Apache-2.0
"""rebuild.py -- a full refresh that dies, meets what an earlier run left, or leaves tables out.

Whatever came before it, a rebuilt table holds each row of its sources once, and its readers lose none
that they never read.
"""
import collections
import json
import os
import unittest

import kinds
import world

SOURCES = "".join(
    kinds.READINGS_SOURCE.format(files=9).replace("readings:", f"{name}:").replace("landing/", f"{name}/") +
    kinds.DECLARED for name in ("west", "east"))
FLOWS = {
    "west": "      west: {sql: \"SELECT id, 'west' AS origin FROM STREAM(bronze_west)\"}\n",
    "east": "      east: {sql: \"SELECT id, 'east' AS origin FROM STREAM(east)\"}\n",
}


def merged(first, second):
    """Two flows into one table; the one from the west waits for a table of its own."""
    return (kinds.HEAD + "engine: {workers: 1}\nsources:\n" + SOURCES + "tables:\n  merged:\n    flows:\n" +
            FLOWS[first] + FLOWS[second] + "  bronze_west: {from: west}\n")


class Rebuild(unittest.TestCase):
    def world(self):
        return world.World(self.id().split(".")[-1])

    def runs(self, w, *args, failpoint=None):
        result = w.run(*args, failpoint=failpoint)
        self.assertEqual(result.code, 0, result.out + result.err)
        return result

    def dies(self, w, *args, point):
        result = w.run(*args, failpoint=point)
        self.assertTrue(world.killed(result), result.err)

    def at_rest(self, w):
        self.assertEqual(list(world.faults(w)), [])

    def origins(self, w):
        rows = [json.loads(row) for row in w.tables()["merged"].elements()]
        return dict(collections.Counter(row["origin"] for row in rows))

    def merged_and_killed(self):
        """Both flows have run; a rebuild of their table dies when the first one's batch is decided."""
        w = self.world()
        w.write("pipeline.yml", merged("west", "east"))
        for name in ("west", "east"):
            kinds.put_readings(w, 0, 1, folder=name)
        self.runs(w)
        self.dies(w, "--full-refresh", "merged", "--yes", point="reset.after_switch:kill")
        return w

    # ---- two flows, one table ----

    def test_what_a_dead_rebuild_decided_is_published_before_the_other_flow_appends(self):
        w = self.merged_and_killed()
        kinds.put_readings(w, 1, 2, folder="west")
        self.runs(w)
        self.assertEqual(self.origins(w), {"west": 24, "east": 12})
        self.at_rest(w)

    def test_a_dead_rebuild_is_ended_by_the_flow_that_began_it_though_the_yaml_names_it_last(self):
        w = self.merged_and_killed()
        w.write("pipeline.yml", merged("east", "west"))
        self.runs(w)
        self.assertEqual(self.origins(w), {"west": 12, "east": 12})
        self.at_rest(w)

    def test_a_table_is_rebuilt_though_its_first_flow_has_no_columns_yet(self):
        w = self.world()
        text = merged("west", "east").replace(kinds.DECLARED, "", 1)
        os.makedirs(w.path("west"))
        w.write("pipeline.yml", text)
        kinds.put_readings(w, 0, 1, folder="east")
        self.runs(w)
        w.write("pipeline.yml", text.replace("'east' AS", "'EAST' AS"))
        self.runs(w, "--full-refresh", "merged", "--yes")
        self.assertEqual(self.origins(w), {"EAST": 12})
        self.at_rest(w)

    def test_a_dead_rebuild_whose_flow_left_the_file_is_refused_until_the_table_is_rebuilt(self):
        w = self.merged_and_killed()
        w.write("pipeline.yml", merged("west", "east").replace(FLOWS["west"], ""))
        refused = w.run()
        self.assertEqual(refused.code, 7, refused.err)
        self.assertIn('flow "merged.west" began to rebuild merged', refused.err)
        self.runs(w, "--full-refresh", "merged", "--yes")
        kinds.put_readings(w, 1, 2, folder="east")
        self.runs(w)
        self.assertEqual(self.origins(w), {"east": 24})

    # ---- readers of a rebuilt table ----

    def ids(self, w, table):
        return sorted(json.loads(row)["id"] for row in w.tables()[table].elements())

    def test_a_reader_that_never_ran_reads_a_rebuilt_table_from_its_beginning(self):
        w = self.world()
        w.write("pipeline.yml", kinds.chain(files=2).replace(kinds.SILVER, ""))
        kinds.put_readings(w, 0, 2)
        self.runs(w)
        w.write("pipeline.yml", kinds.chain(files=2))
        self.runs(w, "--full-refresh", "bronze", "--yes")
        rebuilt = w.tables()
        self.runs(w, "--full-refresh", "*", "--yes")
        self.assertEqual(rebuilt, w.tables())

    def kept_reader(self, *args):
        """silver's decided batch waits while the table that it reads is rebuilt."""
        w = self.world()
        kinds.Chain().before(w)
        kinds.put_readings(w, 9, 10)
        self.dies(w, point="flow.after_decided:2:kill")
        self.runs(w, "--full-refresh", "bronze", "--keep-downstream", "--yes", *args)
        self.runs(w)
        self.assertEqual(self.ids(w, "bronze"), list(range(120)))
        self.assertEqual(max(self.ids(w, "silver")), 117)
        self.assertEqual(len(self.ids(w, "silver")), len(set(self.ids(w, "silver"))))
        self.at_rest(w)

    def test_a_kept_reader_publishes_what_it_had_decided_and_goes_on_behind_the_rebuild(self):
        self.kept_reader()

    def test_a_kept_reader_outside_of_the_selection_does_so_too(self):
        self.kept_reader("--select", "bronze")

    # ---- a batch that cannot be published any more ----

    def test_a_rebuild_goes_over_a_decided_batch_whose_file_was_removed(self):
        w = self.world()
        kinds.Chain().before(w)
        folder = w.table_folders()["bronze"]
        old = set(os.listdir(folder))
        kinds.put_readings(w, 9, 10)
        self.dies(w, point="flow.after_decided:kill")
        for name in set(os.listdir(folder)) - old:
            os.unlink(os.path.join(folder, name))
        self.runs(w, "--full-refresh", "*", "--yes")
        self.assertEqual(self.ids(w, "bronze"), list(range(120)))
        self.assertNotIn("decided batch", w.smelt("status").out)
        self.runs(w)


if __name__ == "__main__":
    world.run_tests()
