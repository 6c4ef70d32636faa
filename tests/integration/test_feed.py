# SPDX-License-Identifier: Apache-2.0
"""test_feed.py [--files N] [--runs N] -- a feed over many runs ends with the tables of one that arrives at once.

Files come with new columns, numbers that ask for a wider type, values of another type, lines that are no
records, truncated gzip, one name in several folders; they are half written under a passing name first,
written again before they were read, and written again after it, which nobody sees.
"""
import argparse
import gzip
import json
import os
import sys

import deltalake

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(TESTS, "crash")]

import world  # noqa: E402

PIPELINE = """version: 1
pipeline: p
schema: s
storage: ./lake
sources:
  feed:
    type: files
    path: landing
    format: json
    recursive_file_lookup: true
    schema_hints: "n BIGINT"
    schema_evolution_mode: add_new_columns_with_type_widening
    on_decode_error: drop
    max_files_per_trigger: {most}
tables:
  bronze: {{from: feed}}
  silver:
    sql: SELECT * FROM STREAM(bronze)
    expectations: {{seventh: {{expect: id % 7 <> 0, on_violation: quarantine}}}}
  gold: {{type: materialized_view, sql: "SELECT count(*) AS rows, sum(n) AS n, max(big) AS big, count(_rescued_data) AS kept FROM silver"}}
"""
ROWS = 4  # of a file
COLUMNS = 10  # that come later


def record(row, k, files):
    r = {"id": row, "n": row % 100, "big": row}
    for c in range(COLUMNS):
        if k * (COLUMNS + 1) // files > c:
            r[f"new{c}"] = row * 0.5 if c % 2 else f"text {row}"
    if row % 31 == 5:
        r["n"] = "many"  # is rescued
    if row > ROWS * files * 2 // 3:
        r["big"] = 2**64 + row  # does not fit BIGINT
    return json.dumps(r)


def content(k, files):
    """Name and bytes of file k: each kind of a feed's files in turn."""
    lines = [record(k * ROWS + i, k, files) for i in range(ROWS)]
    if k % 11 == 3:
        lines.insert(1, '{"id": 1, "n"')
    if k % 11 == 4:
        lines.insert(2, "no record")
    data = ("\n".join(lines) + "\n").encode()
    name = f"landing/d{k % 3}/{k // 3:05}.json"  # a name in three folders
    if k % 13 == 6:
        data = gzip.compress(data, mtime=0)
        return name + ".gz", data[:-10] if k % 26 == 6 else data
    return name, data


def begin(w, k, files):
    """Half of a file of the next run, under a name that is passed over."""
    name, data = content(k, files)
    if k % 5 == 1:
        w.write(name + ".tmp", data[:len(data) // 2], age=k)
        w.write(os.path.join(os.path.dirname(name), "_" + os.path.basename(name)), data, age=k)


def arrive(w, k, files):
    name, data = content(k, files)
    if k % 5 == 2:  # other rows, written again before anyone looks
        w.write(name, b'{"id": 0, "n": 0}\n', age=k)
    w.write(name, data, age=k)


def write_again(w, k, files):
    name, _ = content(k, files)
    if k % 9 == 7:
        w.write(name, b'{"id": -1, "lost": true}\n', age=files + k)


def run(w):
    result = w.run()
    assert result.code == 0, result.out + result.err


def tables(w):
    found = {}
    for name, folder in w.table_folders().items():
        table = deltalake.DeltaTable(folder)
        types = {f.name: str(f.type) for f in table.schema().fields if f.name not in ASIDE}
        rows = [repr(sorted((c, v) for c, v in r.items() if c in types)) for r in table.to_pyarrow_table().to_pylist()]
        found[name] = (types, sorted(rows))
    return found


ASIDE = ("_run_id", "_generation", "_batch_id", "_quarantined_at", "_row_id", "_input")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=int, default=500)
    parser.add_argument("--runs", type=int, default=25)
    args = parser.parse_args()
    feed, once = world.World("feed"), world.World("once")
    for w in (feed, once):
        w.write("pipeline.yml", PIPELINE.format(most=max(10, args.files // 20)))
    for r in range(args.runs):
        first, end = args.files * r // args.runs, args.files * (r + 1) // args.runs
        for k in range(first, end):
            arrive(feed, k, args.files)
        for k in range(end, args.files * (r + 2) // args.runs):
            begin(feed, k, args.files)
        run(feed)
        for k in range(first, end):
            write_again(feed, k, args.files)
    for k in range(args.files):
        name, data = content(k, args.files)
        once.write(name, data, age=k)
    run(once)
    run(feed)
    got, want = tables(feed), tables(once)
    assert set(got) == set(want) == {"bronze", "silver", "silver__quarantine", "gold"}, (set(got), set(want))
    for name, (types, rows) in want.items():
        assert got[name][0] == types, (name, got[name][0], types)
        for mine, theirs in zip(got[name][1], rows):
            assert mine == theirs, f"{name}\n{mine}\n{theirs}"
        assert len(got[name][1]) == len(rows), (name, len(got[name][1]), len(rows))
    assert "decimal(38,0)" in got["bronze"][0]["big"], got["bronze"][0]
    assert len([c for c in got["silver"][0] if c.startswith("new")]) == COLUMNS
    assert list(world.faults(feed)) == []
    print(f"{args.files} files over {args.runs} runs: {len(got['bronze'][1])} rows, as at once")
    world.leave(0)


if __name__ == "__main__":
    main()
