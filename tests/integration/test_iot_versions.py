# SPDX-License-Identifier: Apache-2.0
"""test_iot_versions.py [--spark] -- every version of every table of examples/iot, by time travel.

Twelve runs, each with two more files in batches of one: bronze gets 24 versions, silver and gold at least
one a run, all past a log checkpoint.  Each version holds as many rows as the events say were written, and all
readers see the same rows.  So it is with checkpoints, without them (a copy that lost them), and without
the commits before the last one (a copy again, from that version on).
With --spark delta-spark reads, else delta-rs and DuckDB.
"""
import json
import pathlib
import shutil
import subprocess
import sys
import unittest

import duckdb

import examples_lib as lib
import facts

SPARK = "--spark" in sys.argv
RUNS, ROWS = 12, 100
TABLES = {"readings_bronze": 2 * RUNS, "readings_silver": RUNS, "readings_10m": RUNS}  # versions at least


def groups(folder):
    """How many rows gold has to have, told from the events that landed."""
    return duckdb.sql(f"""SELECT count(*) FROM (SELECT DISTINCT device_id, time_bucket(INTERVAL 10 MINUTE, event_timestamp)
        FROM read_json('{folder}/landing/readings/*.json', columns = {{device_id: 'VARCHAR', event_timestamp: 'TIMESTAMP',
        temperature: 'DOUBLE'}}) WHERE device_id IS NOT NULL AND temperature BETWEEN -50 AND 60)""").fetchone()[0]


def rows_by_version(folder, gold):
    """{table: rows of version 0, 1, …} from the events of all runs; of gold, which has one version a run, as given."""
    tables = {}
    for event in lib.document(folder, "events", "--limit", "10000")["events"]:
        if event["type"] != "dataset_committed":
            continue
        sizes = tables.setdefault(event["table"], {})
        version, rows = event["details"]["version"], event["details"]["rows"]
        sizes[version] = gold[version] if event["table"] == "readings_10m" else rows + sizes.get(version - 1, 0)
    return tables


class Versions(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path("versions").resolve()
        shutil.rmtree(cls.folder, ignore_errors=True)
        landing = cls.folder / "landing/readings"
        landing.mkdir(parents=True)
        pipeline = (lib.SOURCE / "examples/iot/pipeline.yml").read_text(encoding="utf-8")
        pipeline = pipeline.replace("    format: json\n", "    format: json\n    max_files_per_trigger: 1\n")
        pipeline = pipeline.replace("    type: materialized_view\n",
                                    "    type: materialized_view\n    refresh_policy: incremental\n")
        (cls.folder / "pipeline.yml").write_text(pipeline, encoding="utf-8")
        gold = []
        for n in range(RUNS):
            subprocess.run([lib.BIN / "gen_readings", landing, str(2 * ROWS), "2", str(2 * n * ROWS)], check=True)
            lib.smelt(cls.folder, "run", "-q")
            gold.append(groups(cls.folder))
        cls.wanted = rows_by_version(cls.folder, gold)
        cls.lake = cls.folder / "lake/iot"

    def check(self, lake, first=None):
        requests, wanted = [], {}
        for table in TABLES:
            versions = [v for v in self.wanted[table] if v >= (first or {}).get(table, 0)]
            requests.append({"path": str(lake / table), "versions": versions})
            wanted.update({(table, v): self.wanted[table][v] for v in versions})
        answers = [a for program in lib.readers(SPARK) for a in lib.ask(program, requests)]
        self.assertEqual([a for a in answers if "error" in a], [])
        for reader in {a["reader"] for a in answers}:
            counts = {(pathlib.Path(a["path"]).name, a["version"]): a["count"] for a in answers if a["reader"] == reader}
            self.assertEqual(counts, wanted, reader)
        self.assertEqual(list(facts.compare(answers)), [])

    def copy(self, name):
        copy = self.folder / name
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.lake, copy)
        return copy

    def test_versions_are_those_of_the_events(self):
        for table, least in TABLES.items():
            versions = facts.log_versions(str(self.lake / table))
            self.assertGreaterEqual(len(versions), least)
            self.assertEqual(versions, list(range(len(versions))))
            self.assertEqual(sorted(self.wanted[table]), versions)
        self.assertEqual(self.wanted["readings_bronze"][2 * RUNS - 1], 2 * RUNS * ROWS)

    def test_every_version_with_checkpoints(self):
        self.check(self.lake)

    def test_every_version_without_checkpoints(self):
        copy = self.copy("unmarked")
        lost = [*copy.glob("*/_delta_log/*.checkpoint*.parquet"), *copy.glob("*/_delta_log/_last_checkpoint")]
        self.assertGreaterEqual(len(lost), 2 * len(TABLES))
        for file in lost:
            file.unlink()
        self.check(copy)

    def test_commits_before_the_checkpoint_are_not_needed(self):
        copy, first = self.copy("cut"), {}
        for table in TABLES:
            log = copy / table / "_delta_log"
            first[table] = json.loads((log / "_last_checkpoint").read_text(encoding="utf-8"))["version"]
            self.assertGreaterEqual(first[table], 10)
            for version in range(first[table]):
                (log / f"{version:020}.json").unlink()
        self.check(copy, first)


if __name__ == "__main__":
    done = unittest.main(argv=sys.argv[:1], exit=False)
    facts.leave(0 if done.result.wasSuccessful() else 1)
