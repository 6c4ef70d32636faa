# SPDX-License-Identifier: Apache-2.0
"""test_iot_equals.py ROWS -- examples/iot equals a script written by hand and a calculation without SQL.

The readings are those of the benchmark, in 20 files.  smelt runs over them in batches of one file, of
three and of all.  Each table is compared, all rows, with what tests/bench/medallion.sql writes, and with
what plain Python makes of the JSON; counts are exact, averages to 1e-9.  Rule counts come from the script,
from Python, from `smelt run --json` and from the events.
"""
import datetime
import hashlib
import json
import math
import pathlib
import shutil
import subprocess
import sys
import unittest

import examples_lib as lib
import facts

import pyarrow.parquet
from deltalake import DeltaTable

ROWS, FILES = int(sys.argv[1]), 20
COLUMNS = ["device_id", "event_timestamp", "temperature", "humidity", "battery", "site", "firmware"]
RULES = ["has_device", "plausible", "battery_ok"]
TEN_MINUTES = 600 * 1000000
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


class Bag:
    """A multiset of rows, as their number and the sum of their digests."""

    def __init__(self, rows=()):
        self.count, self.sum = 0, 0
        for row in rows:
            self.add(row)

    def add(self, row):
        self.count += 1
        self.sum += int.from_bytes(hashlib.blake2b(repr(row).encode(), digest_size=16).digest(), "big")

    def __eq__(self, other):
        return (self.count, self.sum) == (other.count, other.sum)

    def __repr__(self):
        return f"{self.count} rows, {self.sum % 2**64:x}"


def micros(text):
    return (datetime.datetime.fromisoformat(text.replace("Z", "+00:00")) - EPOCH) // datetime.timedelta(microseconds=1)


def calculate(landing):
    """Bronze, silver, gold and the rules' failures, by Python alone."""
    bronze, silver, groups, failed = Bag(), Bag(), {}, dict.fromkeys(RULES, 0)
    for file in sorted(landing.iterdir()):
        for line in file.read_text(encoding="utf-8").splitlines():
            value = json.loads(line)
            row = (value["device_id"], micros(value["event_timestamp"]), *(value[c] for c in COLUMNS[2:]))
            bronze.add(row)
            passed = (row[0] is not None, -50 <= row[2] <= 60, row[4] >= 0)
            for rule, ok in zip(RULES, passed):
                failed[rule] += not ok
            if passed[0] and passed[1]:
                silver.add(row[:6])
                groups.setdefault((row[1] - row[1] % TEN_MINUTES, row[0]), []).append((row[2], row[4]))
    gold = {key: (len(g), math.fsum(t for t, _ in g) / len(g), min(b for _, b in g)) for key, g in groups.items()}
    return bronze, silver, gold, failed


def plain(array):
    """Python values; points in time as microseconds."""
    array = array.combine_chunks() if hasattr(array, "combine_chunks") else array
    if pyarrow.types.is_timestamp(array.type):
        array = array.cast(pyarrow.timestamp("us", array.type.tz)).cast(pyarrow.int64())
    return array.to_pylist()


def bag_of(table):
    return Bag(row for batch in table.to_batches(max_chunksize=100000)
               for row in zip(*[plain(column) for column in batch.columns]))


def gold_of(table, start):
    keys = zip(plain(start), plain(table["device_id"]))
    values = zip(*[plain(table[c]) for c in ("readings", "avg_temperature", "min_battery")])
    return dict(zip(keys, values)), table.num_rows


class Equals(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path("bench").resolve()
        shutil.rmtree(cls.folder, ignore_errors=True)
        (cls.folder / "landing/readings").mkdir(parents=True)
        (cls.folder / "script").mkdir()
        subprocess.run([lib.BIN / "gen_readings", cls.folder / "landing/readings", str(ROWS), str(FILES)], check=True)
        cls.bronze, cls.silver, cls.gold, cls.failed = calculate(cls.folder / "landing/readings")
        script = (lib.SOURCE / "tests/bench/medallion.sql").read_text(encoding="utf-8")
        (cls.folder / "script.sql").write_text(script.replace("@DIR@", str(cls.folder)), encoding="utf-8")
        subprocess.run([lib.BIN / "bench_run_sql", cls.folder, cls.folder / "script.sql"], check=True)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder, ignore_errors=True)

    def check_gold(self, table, start):
        gold, rows = gold_of(table, start)
        self.assertEqual(rows, len(gold))
        self.assertEqual(gold.keys(), self.gold.keys())
        wrong = [(key, gold[key], want) for key, want in self.gold.items()
                 if gold[key][::2] != want[::2] or not math.isclose(gold[key][1], want[1], rel_tol=1e-9, abs_tol=1e-9)]
        self.assertEqual(wrong[:5], [])

    def check_rules(self, counts):
        self.assertEqual(counts, {r: (ROWS - self.failed[r], self.failed[r]) for r in RULES})

    def events(self, folder):
        """What the events of all batches say of each rule, added up."""
        counts = dict.fromkeys(RULES, (0, 0))
        for event in lib.document(folder, "events", "--limit", "10000")["events"]:
            if event["type"] == "expectation_result":
                details = event["details"]
                before = counts[details["name"]]
                counts[details["name"]] = (before[0] + details["passed"], before[1] + details["failed"])
        return counts

    def check_batches(self, files):
        folder = self.folder / f"by_{files}"
        folder.mkdir()
        (folder / "landing").symlink_to(self.folder / "landing")
        pipeline = (lib.SOURCE / "examples/iot/pipeline.yml").read_text(encoding="utf-8")
        limits = f"    max_files_per_trigger: {files}\n    max_bytes_per_trigger: 1GiB\n"  # files alone cut batches
        changed = pipeline.replace("    format: json\n", "    format: json\n" + limits)
        self.assertNotEqual(changed, pipeline)
        (folder / "pipeline.yml").write_text(changed, encoding="utf-8")
        run = lib.document(folder, "run")
        flows = {f["flow"]: f for f in run["flows"]}
        self.assertEqual(flows["readings_bronze"]["batches"], -(-FILES // files))
        self.check_rules({rule: counts for (_, rule), counts in lib.rule_counts(run["flows"]).items()})
        self.check_rules(self.events(folder))
        tables = {t: DeltaTable(str(folder / "lake/iot" / t)).to_pyarrow_table()
                  for t in ("readings_bronze", "readings_silver", "readings_10m")}
        self.assertEqual(bag_of(tables["readings_bronze"].select(COLUMNS)), self.bronze)
        self.assertEqual(bag_of(tables["readings_silver"].select(COLUMNS[:6])), self.silver)
        gold = tables["readings_10m"]
        self.check_gold(gold, gold["w"].combine_chunks().field("start"))
        for flow in flows.values():
            self.assertEqual(flow["read"] + flow["expanded"], flow["undecodable"] + flow["combined"]
                             + flow["filtered"] + flow["dropped"] + flow["quarantined"] + flow["written"], flow["flow"])
        shutil.rmtree(folder)

    def test_script_equals_python(self):
        script = self.folder / "script"
        self.assertEqual(bag_of(pyarrow.parquet.read_table(script / "bronze.parquet").select(COLUMNS)), self.bronze)
        self.assertEqual(bag_of(pyarrow.parquet.read_table(script / "silver.parquet").select(COLUMNS[:6])), self.silver)
        gold = pyarrow.parquet.read_table(script / "gold.parquet")
        self.check_gold(gold, gold["window_start"])
        names, values = (script / "rules.csv").read_text(encoding="utf-8").split()
        counts = dict(zip(names.split(","), map(int, values.split(","))))
        self.check_rules({r: (counts["n"] - counts[r], counts[r]) for r in RULES})

    def test_batches_of_one_file(self):
        self.check_batches(1)

    def test_batches_of_three_files(self):
        self.check_batches(3)

    def test_one_batch(self):
        self.check_batches(20)


if __name__ == "__main__":
    done = unittest.main(argv=sys.argv[:1], exit=False)
    facts.leave(0 if done.result.wasSuccessful() else 1)
