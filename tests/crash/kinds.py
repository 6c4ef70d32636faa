# SPDX-License-Identifier: Apache-2.0
"""kinds.py -- the kinds of flow that are crashed: a small project each, and the run that dies.

A kind has a pipeline, what is there `before` (taken to its end without faults), what arrives, and the
`command` that is run under a fault and repeated after it.
"""
import json

HEAD = """version: 1
pipeline: crash
schema: crash
storage: ./lake
"""

READINGS_SOURCE = """  readings:
    type: files
    path: landing/*.json
    format: json
    max_files_per_trigger: {files}
"""
DECLARED = """    schema:
      - {name: id, data_type: BIGINT}
      - {name: device, data_type: VARCHAR}
      - {name: temperature, data_type: DOUBLE}
      - {name: battery, data_type: INTEGER}
"""
BRONZE = """  bronze: {layer: bronze, from: readings}
"""
SILVER = """  silver:
    layer: silver
    sql: SELECT id, device, temperature, battery FROM STREAM(bronze) WHERE id % 7 <> 0
    expectations:
      has_device: {expect: device IS NOT NULL, on_violation: drop}
      battery_ok: battery >= 10
"""


def readings(k, n=12):
    """Rows of file k; some without device, some with a weak battery."""
    for i in range(k * n, k * n + n):
        yield {"id": i, "device": None if i % 5 == 3 else f"d{i % 4}", "temperature": i * 0.5,
               "battery": i * 37 % 100}


def chain(files, declared=True, more=""):
    return (HEAD + "sources:\n" + READINGS_SOURCE.format(files=files) + (DECLARED if declared else "") +
            "tables:\n" + BRONZE + SILVER + more)


def put_readings(world, first, end, folder="landing"):
    for k in range(first, end):
        world.write_rows(f"{folder}/r{k:03}.json", readings(k), age=k)


def run_before(world):
    result = world.run()
    assert result.code == 0, result.err


class Kind:
    """`arrive` only writes files; `before` may also run."""
    command = ()
    sampled = True  # part of the matrix without arguments; else only when it is named

    def before(self, world):
        pass

    def arrive(self, world):
        raise NotImplementedError


class FirstRun(Kind):
    """A chain from bronze to silver that was never run; the columns are inferred; two batches."""
    name = "first run"

    def arrive(self, world):
        world.write("pipeline.yml", chain(files=2, declared=False))
        put_readings(world, 0, 3)


class Chain(Kind):
    """A chain with history: the run crosses version 10 of bronze, where a log checkpoint is due."""
    name = "chain"

    def before(self, world):
        world.write("pipeline.yml", chain(files=1))
        put_readings(world, 0, 9)
        run_before(world)

    def arrive(self, world):
        put_readings(world, 9, 12)


class FullRefresh(Kind):
    name = "full refresh"
    command = ("--full-refresh", "*", "--yes")

    def before(self, world):
        world.write("pipeline.yml", chain(files=2))
        put_readings(world, 0, 3)
        run_before(world)

    def arrive(self, world):
        put_readings(world, 3, 4)


class TwoFlows(Kind):
    """Two flows and one that runs once, into one table; never run before."""
    name = "two flows"

    def arrive(self, world):
        sources = "".join(READINGS_SOURCE.format(files=2).replace("readings:", f"{name}:").replace(
            "landing/", f"{name}/") + DECLARED for name in ("east", "west", "old"))
        world.write("pipeline.yml", HEAD + "sources:\n" + sources + """tables:
  merged:
    flows:
      backfill: {sql: "SELECT id, device, 'old' AS origin FROM STREAM(old)", once: true}
      east: {sql: "SELECT id, device, 'east' AS origin FROM STREAM(east)"}
      west: {sql: "SELECT id, device, 'west' AS origin FROM STREAM(west)"}
""")
        for name in ("east", "west", "old"):
            put_readings(world, 0, 2 if name == "old" else 3, folder=name)


class View(Kind):
    name = "materialized view"

    def before(self, world):
        world.write("pipeline.yml", HEAD + "sources:\n" + READINGS_SOURCE.format(files=2) + DECLARED +
                    "tables:\n" + BRONZE + """  per_device:
    type: materialized_view
    sql: SELECT device, count(*) AS rows, sum(battery) AS battery FROM bronze GROUP BY device
    expectations:
      has_device: {expect: device IS NOT NULL, on_violation: drop}
""")
        put_readings(world, 0, 2)
        run_before(world)

    def arrive(self, world):
        put_readings(world, 2, 3)


class StaticJoin(Kind):
    """A stream joined with a table that is read as it is, and that grows in the same run."""
    name = "static join"

    def before(self, world):
        world.write("pipeline.yml", HEAD + "sources:\n" + READINGS_SOURCE.format(files=2) + DECLARED +
                    """  sites:
    type: files
    path: sites/*.json
    format: json
    schema: [{name: device, data_type: VARCHAR}, {name: site, data_type: VARCHAR}]
tables:
  devices: {from: sites}
  located:
    sql: |
      SELECT r.id, r.battery, d.site
      FROM STREAM(readings) r JOIN devices d ON d.device = r.device
""")
        world.write_rows("sites/a.json", [{"device": "d0", "site": "Oslo"}, {"device": "d1", "site": "Rome"}],
                         age=0)
        put_readings(world, 0, 2)
        run_before(world)

    def arrive(self, world):
        world.write_rows("sites/b.json", [{"device": "d2", "site": "Bonn"}, {"device": "d0", "site": "Kyiv"}],
                         age=5)
        put_readings(world, 2, 5)


class SchemaGrowth(Kind):
    """New fields, three times, that reach every table; two flows of one table bring different ones."""
    name = "schema growth"

    def before(self, world):
        world.write("pipeline.yml", HEAD + "sources:\n" + READINGS_SOURCE.format(files=1) +
                    READINGS_SOURCE.format(files=2).replace("readings:", "west:").replace("landing/", "west/") +
                    "tables:\n" + BRONZE + """  silver: {sql: SELECT * FROM STREAM(bronze) WHERE id % 7 <> 0}
  merged:
    flows:
      east: {sql: SELECT * FROM STREAM(readings)}
      west: {sql: SELECT * FROM STREAM(west)}
  all_rows: {type: materialized_view, sql: SELECT * FROM merged}
""")
        put_readings(world, 0, 1)
        put_readings(world, 0, 1, folder="west")
        run_before(world)

    def arrive(self, world):
        for k, more in enumerate(({"humidity": 0.5}, {"humidity": 0.5, "place": {"x": 1}}, {"place": {"y": 2}}), 1):
            world.write_rows(f"landing/r{k:03}.json", [{**row, **more} for row in readings(k)], age=k)
        world.write_rows("west/r001.json", [{**row, "day": "2026-01-01"} for row in readings(1)], age=1)


class CleanSource(Kind):
    """Files of an earlier batch move away while later ones are read."""
    name = "clean source"

    def before(self, world):
        world.write("pipeline.yml", HEAD + "sources:\n" + READINGS_SOURCE.format(files=1) + DECLARED +
                    "    clean_source: move\n    clean_source_retention: 0s\n"
                    "    clean_source_move_destination: archive\ntables:\n" + BRONZE)
        put_readings(world, 0, 2)
        run_before(world)

    def arrive(self, world):
        put_readings(world, 2, 3)


QUARANTINE = """  cold:
    flows:
      east: {sql: "SELECT id, device, temperature FROM STREAM(east)"}
      west: {sql: "SELECT id, device, temperature FROM STREAM(west)"}
    expectations:
      has_device: {expect: device IS NOT NULL, on_violation: quarantine}
      is_cold: {expect: temperature < 16, on_violation: quarantine}
      not_weak: {expect: id % 5 <> 0, on_violation: drop}
  hot: {sql: "SELECT id, _rules FROM STREAM(cold__quarantine)"}
  counts:
    type: materialized_view
    sql: SELECT device, count(*) AS rows FROM cold GROUP BY device
    expectations:
      few: {expect: rows < 5, on_violation: quarantine}
"""


def put_bad(world, first, end, folder):
    """Files whose every third line is no record, each by its own text."""
    for k in range(first, end):
        lines = [json.dumps(row) if i % 3 else f'{{"id": bad {folder} {k} {i}' for i, row in enumerate(readings(k))]
        world.write(f"{folder}/r{k:03}.json", "\n".join(lines), age=k)


class Quarantine(Kind):
    """Two flows into one table, both with rows for its quarantine, one with records that are none; a stream
    reads it; a view whose quarantine is replaced."""
    name = "quarantine"

    def before(self, world):
        sources = "".join(READINGS_SOURCE.format(files=2).replace("readings:", f"{name}:").replace(
            "landing/", f"{name}/") + DECLARED for name in ("east", "west"))
        world.write("pipeline.yml", HEAD + "sources:\n" + sources + "tables:\n" + QUARANTINE)
        put_bad(world, 0, 2, folder="west")
        put_readings(world, 0, 1, folder="east")
        run_before(world)

    def arrive(self, world):
        put_bad(world, 2, 5, folder="west")
        put_readings(world, 1, 4, folder="east")


class TypeWidening(Kind):
    """Numbers that ask for wider types: the files of every table are written again, readers go on."""
    name = "type widening"

    def before(self, world):
        world.write("pipeline.yml", HEAD + "sources:\n" + READINGS_SOURCE.format(files=1) +
                    "    schema_evolution_mode: add_new_columns_with_type_widening\ntables:\n" + BRONZE +
                    "  silver:\n    sql: SELECT * FROM STREAM(bronze)\n    partition_by: [device]\n    expectations:\n"
                    "      odd: {expect: id % 7 <> 0, on_violation: quarantine}\n")
        put_readings(world, 0, 2)
        run_before(world)

    def arrive(self, world):
        world.write_rows("landing/r002.json", [{**row, "battery": row["battery"] + 2**64} for row in readings(2)], age=2)
        put_readings(world, 3, 4)


TIMED = """    schema:
      - {name: id, data_type: BIGINT}
      - {name: device, data_type: VARCHAR}
      - {name: ts, data_type: TIMESTAMP}
      - {name: v, data_type: DOUBLE}
"""


def timed(k, n=12):
    """Rows of file k, a minute after those of the file before; every seventh is too late for its window."""
    for i in range(k * n, k * n + n):
        second = 86400 + i * 5 - (600 if i % 7 == 6 else 0)
        yield {"id": i, "device": None if i % 5 == 3 else f"d{i % 3}", "v": i / 8,
               "ts": f"2026-01-{1 + second // 86400:02}T{second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}"}


class Aggregate(Kind):
    """What a query remembers: state files, the sixteenth of which takes in the others, late rows, and the
    batch without rows that ends each run."""
    files = 3

    def before(self, world):
        world.write("pipeline.yml", HEAD + "sources:\n" + READINGS_SOURCE.format(files=1) + TIMED + "tables:\n" +
                    self.table)
        self.put(world, 0, self.files)
        run_before(world)

    def arrive(self, world):
        self.put(world, self.files, self.files + 2)

    @staticmethod
    def put(world, first, end):
        for k in range(first, end):
            world.write_rows(f"landing/r{k:03}.json", timed(k), age=k)


class AggregateAppend(Aggregate):
    name = "aggregate append"
    files = 14
    table = """  windows:
    watermark: {column: ts, delay: 20s}
    sql: >
      SELECT window(ts, '40 seconds', '20 seconds') AS w, device, count(*) AS n, avg(v) AS m, sum(id) AS ids,
      median(v) AS middle FROM STREAM(readings) GROUP BY ALL
"""


class AggregateUpdate(Aggregate):
    name = "aggregate update"
    table = """  windows:
    watermark: {column: ts, delay: 20s}
    output_mode: update
    sql: >
      SELECT window(ts, '30 seconds') AS w, device, count(*) AS n, max(v) AS v FROM STREAM(readings) GROUP BY ALL
      HAVING count(*) <> 2
"""


class AggregateComplete(Aggregate):
    name = "aggregate complete"
    table = """  devices:
    output_mode: complete
    sql: SELECT device, count(*) AS n, sum(v) AS total, list(id ORDER BY id) AS ids FROM STREAM(readings) GROUP BY device
"""


PAYMENTS = """  payments:
    type: files
    path: payments/*.json
    format: json
    max_files_per_trigger: 1
    schema: [{name: id, data_type: BIGINT}, {name: paid_at, data_type: TIMESTAMP}]
    watermark: {column: paid_at, delay: 10s}
"""


class Remembered(Aggregate):
    """The first row of each key, sessions, two streams that meet, the first rows of all, windows of windows."""
    name = "remembered"
    sampled = False
    table = """  firsts:
    from: readings
    deduplicate: {keys: [device], within_watermark: true}
  visits:
    sql: >
      SELECT device, session_window(ts, '18 seconds') AS w, count(*) AS n, count(DISTINCT v) AS vs
      FROM STREAM(readings) GROUP BY ALL
  both:
    sql: >
      SELECT r.id, p.paid_at FROM STREAM(readings) r FULL JOIN STREAM(payments) p
      ON r.id = p.id AND p.paid_at BETWEEN r.ts AND r.ts + INTERVAL 40 SECONDS
  a_few: {sql: SELECT id FROM STREAM(readings) LIMIT 40}
  chained:
    sql: >
      SELECT window(window_time(w), '1 minute') AS m, count(*) AS groups, sum(n) AS n
      FROM (SELECT window(ts, '20 seconds') AS w, device, count(*) AS n FROM STREAM(readings) GROUP BY ALL) GROUP BY 1
"""

    def before(self, world):
        world.write("pipeline.yml", HEAD + "sources:\n" + READINGS_SOURCE.format(files=1) + TIMED +
                    "    watermark: {column: ts, delay: 10s}\n" + PAYMENTS + "tables:\n" + self.table)
        self.put(world, 0, self.files)
        run_before(world)

    @staticmethod
    def put(world, first, end):
        Aggregate.put(world, first, end)
        for k in range(first, end):
            world.write_rows(f"payments/p{k:03}.json", [
                {"id": row["id"] - k % 4, "paid_at": row["ts"]} for row in timed(k) if row["id"] % 3], age=k)


STATEFUL = [AggregateAppend(), AggregateUpdate(), AggregateComplete(), Remembered()]
KINDS = [FirstRun(), Chain(), FullRefresh(), TwoFlows(), View(), StaticJoin(), SchemaGrowth(),
         CleanSource(), Quarantine(), TypeWidening(), *STATEFUL]

# Which points a kind cannot pass, and why.  What is not here must be passed, what is here must not.
EVERY = {"first run", "chain", "full refresh", "two flows", "materialized view", "static join", "schema growth",
         "quarantine", "type widening"}
REMEMBER = {kind.name for kind in STATEFUL}
NOT_PASSED = {
    "flow.after_remote_decided": ("its tables are in a folder", EVERY | {"clean source"} | REMEMBER),
    "delta.after_rewrite": ("its columns keep their types", EVERY - {"type widening"} | {"clean source"} | REMEMBER),
    "ops.after_state": ("its queries remember nothing", EVERY | {"clean source"}),
    "files.after_move": ("no source of it has clean_source", EVERY | REMEMBER),
    "files.after_clean": ("no source of it has clean_source", EVERY | REMEMBER),
    "reset.after_switch": (
        "only a full refresh switches the generation",
        {"quarantine", "clean source", "first run", "chain", "two flows", "materialized view", "static join", "schema growth",
         "type widening"} | REMEMBER),
    "schema.after_version": (
        "only a source without declared columns has them pinned, once, and when they grow",
        {"quarantine", "clean source", "chain", "full refresh", "two flows", "materialized view", "static join"} | REMEMBER),
    "delta.after_checkpoint": (
        "no table of it gets as far as version 10",
        {"quarantine", "clean source", "first run", "full refresh", "two flows", "materialized view", "static join", "schema growth",
         "type widening"} | REMEMBER),
}
