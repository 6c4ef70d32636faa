# SPDX-License-Identifier: Apache-2.0
"""named.py -- what people do between a crash and the next run, each by its name.

A crash leaves a decided batch; a person edits the file, loses the control store, copies an old one
back, or rolls a table back.  Either everything is right in the end, or smelt refuses with 11, says
what to do, and has changed nothing.
"""
import json
import os
import shutil
import unittest

import deltalake
import kinds
import world

FAILED = 1
REFUSED = 7
DAMAGED = 11


class Named(unittest.TestCase):
    def world(self, kind):
        w = world.World(self.id().split(".")[-1])
        kind.before(w)
        return w

    def runs(self, w, *args, code=0, failpoint=None):
        result = w.run(*args, failpoint=failpoint)
        self.assertEqual(result.code, code, result.out + result.err)
        return result

    def dies(self, w, point):
        result = w.run(failpoint=point)
        self.assertTrue(world.killed(result), result.err)

    def at_rest(self, w):
        self.assertEqual(list(world.faults(w)), [])

    def ids(self, w, table):
        return sorted(json.loads(row)["id"] for row in w.tables()[table].elements())

    def refused(self, w, *words):
        """The run ends with 11, says `words`, and the tables are as they were."""
        before, versions = w.tables(), self.versions(w)
        result = self.runs(w, code=DAMAGED)
        for word in words:
            self.assertIn(word, result.out + result.err)
        self.assertEqual(w.tables(), before)
        self.assertEqual(self.versions(w), versions)

    def versions(self, w):
        return {name: world.log_versions(folder) for name, folder in w.table_folders().items()}

    # ---- the file is edited ----

    def test_a_decided_batch_is_published_as_it_was_when_the_yaml_is_edited_behind_it(self):
        w = self.world(kinds.Chain())
        w.write_rows("landing/r009.json", [{"id": 900, "device": "d", "temperature": 1.0, "battery": 50}], age=9)
        self.dies(w, "flow.after_decided:kill")
        text = kinds.chain(files=1).replace("from: readings", "sql: \"SELECT id + 5002 AS id, device, "
                                            "temperature, battery FROM STREAM(readings)\"")
        w.write("pipeline.yml", text)
        w.write_rows("landing/r010.json", [{"id": 901, "device": "d", "temperature": 1.0, "battery": 50}], age=10)
        self.runs(w)
        ids = self.ids(w, "bronze")
        self.assertEqual(ids.count(900), 1)    # decided before the edit
        self.assertEqual(ids.count(5903), 1)   # planned after it
        self.assertNotIn(5902, ids)
        self.assertNotIn(901, ids)
        self.assertEqual([i for i in self.ids(w, "silver") if i >= 900], [900, 5903])
        self.at_rest(w)

    def test_an_edited_rule_judges_only_batches_that_were_not_decided(self):
        w = self.world(kinds.Chain())
        w.write_rows("landing/r009.json", [{"id": 901, "device": None, "temperature": 1.0, "battery": 50}], age=9)
        self.dies(w, "flow.after_decided:2:kill")  # silver's batch, which drops the row
        w.write("pipeline.yml", kinds.chain(files=1).replace("device IS NOT NULL", "id > 0"))
        w.write_rows("landing/r010.json", [{"id": 902, "device": None, "temperature": 1.0, "battery": 50}], age=10)
        self.runs(w)
        self.assertEqual([i for i in self.ids(w, "silver") if i >= 900], [902])
        self.at_rest(w)

    # ---- the static side moves ----

    def test_a_decided_join_keeps_the_static_side_that_it_read(self):
        w = self.world(kinds.StaticJoin())
        w.write_rows("landing/r100.json", [{"id": 900, "device": "d0", "temperature": 1.0, "battery": 50}], age=100)
        self.dies(w, "flow.after_decided:kill")
        w.write_rows("sites/z.json", [{"device": "d0", "site": "Lima"}], age=200)
        w.write_rows("landing/r101.json", [{"id": 901, "device": "d0", "temperature": 1.0, "battery": 50}], age=101)
        self.runs(w)
        rows = [json.loads(r) for r in w.tables()["located"].elements()]
        self.assertEqual(sorted((r["id"], r["site"]) for r in rows if r["id"] >= 900),
                         [(900, "Oslo"), (901, "Lima"), (901, "Oslo")])
        self.at_rest(w)

    # ---- somebody else commits in between ----

    def foreign_commit(self, w, table):
        """Append one of the table's own rows, as a foreign writer."""
        folder = w.table_folders()[table]
        rows = deltalake.DeltaTable(folder).to_pyarrow_table().slice(0, 1)
        deltalake.write_deltalake(folder, rows, mode="append")

    def without_crash(self, kind, *args):
        w = world.World(self.id().split(".")[-1] + "_quiet")
        kind.before(w)
        kind.arrive(w)
        self.runs(w, *args)
        return w.tables()

    def test_an_append_decided_before_the_table_was_altered_is_computed_again_in_the_same_run(self):
        w = self.world(kinds.Chain())
        kinds.put_readings(w, 9, 10)
        self.dies(w, "flow.after_decided:kill")
        table = deltalake.DeltaTable(w.table_folders()["bronze"])
        table.alter.set_table_properties({"delta.logRetentionDuration": "interval 90 days"})
        self.runs(w)
        self.assertEqual(self.ids(w, "bronze"), list(range(10 * 12)))
        self.at_rest(w)

    def test_a_view_decided_before_a_foreign_commit_is_computed_again_in_the_same_run(self):
        w = self.world(kinds.View())
        kinds.View().arrive(w)
        self.dies(w, "flow.after_decided:2:kill")
        self.foreign_commit(w, "per_device")
        self.runs(w)
        self.assertEqual(w.tables(), self.without_crash(kinds.View()))

    def test_a_full_refresh_decided_before_a_foreign_commit_reads_its_source_from_the_beginning(self):
        kind = kinds.FullRefresh()
        w = self.world(kind)
        kind.arrive(w)
        self.assertTrue(world.killed(w.run(*kind.command, failpoint="flow.after_decided:1:kill")))
        self.foreign_commit(w, "bronze")
        self.runs(w, "--select", "bronze")
        self.assertEqual(self.ids(w, "bronze"), list(range(4 * 12)))
        self.runs(w, *kind.command)
        self.assertEqual(w.tables(), self.without_crash(kind, *kind.command))

    # ---- the control store is lost ----

    def lose_store(self):
        w = self.world(kinds.Chain())
        shutil.rmtree(w.path("lake", ".smelt"))
        self.refused(w, "checkpoint that is not here", "checkpoint adopt bronze", "--full-refresh")
        return w

    def test_a_lost_control_store_is_refused_and_adopting_the_tables_doubles_nothing(self):
        w = self.lose_store()
        before = w.tables()
        for flow in ("bronze", "silver"):
            result = w.smelt("checkpoint", "adopt", flow, "--yes")
            self.assertEqual(result.code, 0, result.out + result.err)
        self.runs(w)
        self.assertEqual(w.tables(), before)
        kinds.put_readings(w, 9, 11)
        self.runs(w)
        self.assertEqual(self.ids(w, "bronze"), list(range(11 * 12)))
        self.assertEqual(len(self.ids(w, "silver")), len(set(self.ids(w, "silver"))))

    def test_a_lost_control_store_is_refused_and_a_full_refresh_doubles_nothing(self):
        w = self.lose_store()
        before = w.tables()
        self.runs(w, "--full-refresh", "*", "--yes")
        self.assertEqual(w.tables(), before)

    # ---- another tool cleans the log up to its checkpoint ----

    def clean_log(self, w, table):
        log = os.path.join(w.table_folders()[table], "_delta_log")
        with open(os.path.join(log, "_last_checkpoint"), encoding="utf-8") as f:
            for v in range(json.load(f)["version"]):
                os.unlink(os.path.join(log, f"{v:020d}.json"))

    def test_a_new_reader_of_a_table_whose_log_was_cleaned_reads_all_of_it(self):
        w = world.World(self.id().split(".")[-1])
        w.write("pipeline.yml", kinds.chain(files=1).replace(kinds.SILVER, ""))
        kinds.put_readings(w, 0, 12)
        self.runs(w)
        self.clean_log(w, "bronze")
        w.write("pipeline.yml", kinds.chain(files=1))
        self.runs(w)
        kinds.put_readings(w, 12, 13)
        self.runs(w)
        kept = [i for i in range(13 * 12) if i % 7 != 0]
        self.assertEqual(self.ids(w, "bronze"), list(range(13 * 12)))
        self.assertEqual(self.counted(w, "silver"), (len(kept), len(self.ids(w, "silver"))))

    def counted(self, w, flow):
        counts = w.counts()[flow]
        return counts["result"], counts["written"]

    def test_a_lost_control_store_is_refused_for_a_flow_whose_commits_were_cleaned_away(self):
        w = world.World(self.id().split(".")[-1])
        kind = kinds.TwoFlows()
        kind.arrive(w)
        self.runs(w)
        kinds.put_readings(w, 3, 24, folder="west")
        self.runs(w)
        self.clean_log(w, "merged")
        shutil.rmtree(w.path("lake", ".smelt"))
        self.refused(w, "checkpoint that is not here", "adopt merged.east", "adopt merged.west",
                     "adopt merged.backfill")

    # ---- an older control store comes back ----

    def test_an_older_control_store_is_refused_and_the_newer_one_goes_on(self):
        w = self.world(kinds.Chain())
        shutil.copytree(w.control(), w.path("older"))
        kinds.put_readings(w, 9, 11)
        self.runs(w)
        shutil.move(w.control(), w.path("newer"))
        shutil.copytree(w.path("older"), w.control())
        self.refused(w, "older than the table", "checkpoint adopt bronze")
        shutil.rmtree(w.control())
        shutil.move(w.path("newer"), w.control())
        kinds.put_readings(w, 11, 12)
        self.runs(w)
        self.assertEqual(self.ids(w, "bronze"), list(range(12 * 12)))
        self.at_rest(w)

    # ---- a table is rolled back ----

    def roll_back(self, w, table, commits):
        folder = os.path.join(w.table_folders()[table], "_delta_log")
        versions = world.log_versions(os.path.dirname(folder))
        for v in versions[-commits:]:
            os.unlink(os.path.join(folder, f"{v:020d}.json"))

    def test_the_last_commit_lost_at_a_power_cut_is_published_again(self):
        w = self.world(kinds.Chain())
        before = w.tables()
        self.roll_back(w, "bronze", 1)
        self.assertNotEqual(w.tables(), before)
        self.runs(w)
        self.assertEqual(w.tables(), before)
        kinds.put_readings(w, 9, 10)
        self.runs(w)
        self.assertEqual(self.ids(w, "bronze"), list(range(10 * 12)))
        self.at_rest(w)

    def test_the_last_commit_is_refused_when_its_files_are_gone(self):
        w = self.world(kinds.Chain())
        folder = w.table_folders()["bronze"]
        for action in world.log_actions(folder, world.log_versions(folder)[-1]):
            if "add" in action:
                os.unlink(os.path.join(folder, action["add"]["path"]))
        self.roll_back(w, "bronze", 1)
        self.refused(w, "gone")

    def test_a_table_rolled_back_by_two_commits_is_refused(self):
        w = self.world(kinds.Chain())
        self.roll_back(w, "bronze", 2)
        self.refused(w, "rolled back", "checkpoint adopt bronze")

    def test_a_table_replaced_by_another_one_is_refused(self):
        w = self.world(kinds.Chain())
        w.save("first")
        other = world.World(w.folder + "_other")
        kinds.Chain().before(other)
        folder = w.table_folders()["bronze"]
        shutil.rmtree(folder)
        shutil.copytree(other.table_folders()["bronze"], folder)
        self.refused(w)

    def test_a_table_that_was_deleted_is_refused(self):
        w = self.world(kinds.Chain())
        shutil.rmtree(w.table_folders()["bronze"])
        before = w.tables()
        self.runs(w, code=DAMAGED)
        self.assertEqual(w.tables(), before)

    # ---- what a flow remembers ----

    def test_a_state_file_that_is_gone_or_damaged_is_refused_until_it_is_back(self):
        kind = kinds.AggregateUpdate()
        w = self.world(kind)
        folder = next(base for base, _, files in os.walk(w.path("lake", ".smelt", "flows")) if files)
        name = os.path.join(folder, sorted(os.listdir(folder))[0])
        kind.arrive(w)
        os.rename(name, name + ".gone")
        shutil.copy(name + ".gone", w.path("kept"))
        self.refused(w, "aggregate_1", "--full-refresh windows")
        shutil.copy(w.path("kept"), name)
        with open(name, "r+b") as f:
            f.truncate(os.path.getsize(name) - 1)
        self.refused(w, "aggregate_1", "nothing was changed")
        shutil.copy(w.path("kept"), name)
        self.runs(w)
        self.at_rest(w)
        self.assertFalse(os.path.exists(name + ".gone"))  # in no record, so swept

    def test_another_query_is_refused_and_the_batch_that_was_decided_before_is_published_first(self):
        kind = kinds.AggregateUpdate()
        w = self.world(kind)
        kind.arrive(w)
        self.dies(w, "flow.after_decided:kill")
        with open(w.path("pipeline.yml")) as f:
            text = f.read()
        w.write("pipeline.yml", text.replace("max(v)", "sum(v)"))
        result = self.runs(w, code=REFUSED)
        self.assertIn("other keys, aggregates or another output mode", result.out + result.err)
        self.assertEqual(w.store("select count(*) from batches where state <> 'done'"), [(0,)])
        w.write("pipeline.yml", text)
        self.runs(w)
        self.at_rest(w)

    def test_a_decided_batch_with_rows_for_a_table_that_left_the_file_waits_for_it(self):
        kind = kinds.AggregateUpdate()
        w = self.world(kind)
        late = len(w.tables()["windows__late"])
        kind.arrive(w)
        self.dies(w, "flow.after_decided:kill")
        with open(w.path("pipeline.yml")) as f:
            text = f.read()
        w.write("pipeline.yml", text.replace("    watermark: {column: ts, delay: 20s}\n", "    unbounded_state: accepted\n"))
        before = w.tables()
        result = self.runs(w, code=REFUSED)
        self.assertIn("windows__late", result.out + result.err)
        self.assertIn("nothing is lost", result.out + result.err)
        self.assertEqual(w.tables(), before)
        self.assertEqual(w.store("select count(*) from batches where state = 'decided'"), [(1,)])
        w.write("pipeline.yml", text)
        self.runs(w)
        self.assertGreater(len(w.tables()["windows__late"]), late)
        self.at_rest(w)

    def test_a_decided_batch_whose_file_was_removed_is_refused(self):
        w = self.world(kinds.Chain())
        folder = w.table_folders()["bronze"]
        old = set(os.listdir(folder))
        kinds.put_readings(w, 9, 10)
        self.dies(w, "flow.after_decided:kill")
        for name in set(os.listdir(folder)) - old:
            os.unlink(os.path.join(folder, name))
        self.refused(w, "gone")


if __name__ == "__main__":
    world.run_tests()
