# SPDX-License-Identifier: Apache-2.0
"""test_discovery.py -- which files a stream finds, and how often it reads them."""
import json
import os
import time

from discovery_lib import contains, equal, main, row

# ---- once for ever -------------------------------------------------------------------


@row("4.2", "a file is read once, whatever arrives after it")
def _(s):
    s.options()
    s.put("in/b", 1, age=5)
    s.go()
    s.put("in/a", 2, age=1)  # an older time than what was read
    s.go()
    s.go()
    equal(s.values(), [1, 2])


@row("lag", "a batch tells the files and bytes that are listed and not read, and since when the oldest is there")
def _(s):
    s.options(max_files_per_trigger=1)
    now = time.time()
    for i, name in enumerate(("a", "b", "c")):
        s.put(f"in/{name}", i)
        os.utime(s.path(f"in/{name}"), (now - 1000 + i, now - 1000 + i))
    s.go()
    lags = [json.loads(lag)["src"] for lag, in s.store("select lag from batches order by n")]
    size = os.path.getsize(s.path("in/a"))
    equal([(lag["files"], lag["bytes"]) for lag in lags], [(2, 2 * size), (1, size), (0, 0)])
    equal([990 < lag["seconds"] < 1100 for lag in lags], [True, True, False])
    contains(s.smelt("checkpoint", "show", "t").out, "Behind its sources")


@row("4.1 allowOverwrites", "false: a path is read once, changed content is ignored")
def _(s):
    s.options()
    s.put("in/a", 1, age=1)
    s.go()
    s.put("in/a", 2, 3, age=9)
    s.go()
    equal(s.values(), [1])


@row("4.1 allowOverwrites", "true: a file whose time changed is read again, whole")
def _(s):
    s.options(allow_overwrites=True)
    s.put("in/a", 1, age=1)
    s.put("in/b", 7, age=1)
    s.go()
    s.put("in/a", 1, 2, age=9)
    s.go()
    s.go()
    equal(s.values(), [1, 1, 2, 7])


@row("4.1 allowOverwrites", "true: a time that went backwards is another time")
def _(s):
    s.options(allow_overwrites=True)
    s.put("in/a", 1, age=9)
    s.go()
    s.put("in/a", 2, age=1)
    s.go()
    s.go()
    equal(s.values(), [1, 2])


@row("4.1 allowOverwrites", "true: another size with an equal time is a change, as coarse clocks make it")
def _(s):
    s.options(allow_overwrites=True)
    s.put("in/a", 1, age=1)
    s.go()
    s.put("in/a", 1, 2, age=1)
    s.go()
    s.go()
    equal(s.values(), [1, 1, 2])


@row("4.1 allowOverwrites", "true: a file that changed before it was read is read once, as it is then")
def _(s):
    s.options(allow_overwrites=True, max_files_per_trigger=1)
    s.put("in/a", 1, age=1)
    s.put("in/b", 2, age=2)
    s.go(failpoint="flow.after_done:1:kill", code=-9)  # a is read, b has its number
    s.put("in/b", 3, 4, age=9)
    s.go()
    s.go()
    equal(s.values(), [1, 3, 4])
    equal([path for path, _, _ in s.seen()], ["in/a", "in/b"])


@row("4.1 allowOverwrites", "true: switched on later, it sees changes from what was read")
def _(s):
    s.options()
    s.put("in/a", 1, age=1)
    s.go()
    s.options(allow_overwrites=True)
    s.go()
    equal(s.values(), [1])
    s.put("in/a", 2, age=2)
    s.go()
    equal(s.values(), [1, 2])


@row("4.2", "a file that vanishes between listing and reading fails the flow and names it; put back, it is read")
def _(s):
    s.options(max_files_per_trigger=1)
    s.put("in/a", 1, age=1)
    s.put("in/b", 2, age=2)
    s.go(failpoint="flow.after_done:1:kill", code=-9)
    os.rename(s.path("in/b"), s.path("b"))
    result = s.go(code=1)
    contains(result.out + result.err, 'file "in/b" was found earlier and is gone')
    os.rename(s.path("b"), s.path("in/b"))
    s.go()
    equal(s.values(), [1, 2])


@row("4.2", "ten flows over one path keep ten positions")
def _(s):
    flows = "".join(f"      f{i}: {{sql: \"SELECT a, {i} AS flow FROM STREAM(src)\"}}\n" for i in range(10))
    s.options(table="flows: {f: {sql: SELECT 1 AS a}}")
    text = open(s.path("pipeline.yml")).read()
    s.write("pipeline.yml", text[:text.index("tables:")] + "tables:\n  t:\n    flows:\n" + flows)
    s.put("in/a", 1, age=1)
    s.go()
    s.put("in/b", 2, age=2)
    s.go()
    equal(s.values(), [1] * 10 + [2] * 10)
    equal(len(s.seen()), 20)


# ---- first start -----------------------------------------------------------------------


@row("4.1 includeExistingFiles", "false: what is there at the first start is never read, what comes later is")
def _(s):
    s.options(include_existing_files=False)
    s.put("in/a", 1, age=1)
    s.put("in/b", 2, age=2)
    s.options(include_existing_files=False, schema=[{"name": "a", "data_type": "BIGINT"}])
    s.go()
    equal(s.values(), [])
    s.put("in/c", 3, age=0)
    s.go()
    s.go()
    equal(s.values(), [3])


@row("4.1 includeExistingFiles", "is judged at the first start only: true later brings nothing back")
def _(s):
    s.options(include_existing_files=False)
    s.put("in/a", 1, age=1)
    s.go()
    s.options(include_existing_files=True)
    s.put("in/b", 2, age=2)
    s.go()
    equal(s.values(), [2])


@row("4.1 includeExistingFiles", "false after a first start over an empty folder: files of in between are read")
def _(s):
    schema = [{"name": "a", "data_type": "BIGINT"}]
    s.options(schema=schema)
    s.go()
    s.put("in/a", 1, age=1)
    s.options(include_existing_files=False, schema=schema)
    s.go()
    equal(s.values(), [1])


@row("4.1 includeExistingFiles", "false: a first look that dies half-way reads none of them later")
def _(s):
    schema = [{"name": "a", "data_type": "BIGINT"}]
    s.options(include_existing_files=False, schema=schema)
    s.put("in/a", 1, age=1)
    s.go(failpoint="files.after_numbers:1:kill", code=-9)
    s.go()
    s.put("in/b", 2, age=2)
    s.go()
    equal(s.values(), [2])


@row("4.1 includeExistingFiles", "false: a full refresh is a first start")
def _(s):
    s.options(include_existing_files=False)
    s.put("in/a", 1, age=1)
    s.go()
    s.put("in/b", 2, age=2)
    s.go()
    s.go("--full-refresh", "t", "--yes")
    s.put("in/c", 3, age=3)
    s.go()
    equal(s.values(), [3])


@row("4.1 includeExistingFiles", "false with allow_overwrites: an existing file is read when it changes")
def _(s):
    s.options(include_existing_files=False, allow_overwrites=True)
    s.put("in/a", 1, age=1)
    s.go()
    s.put("in/a", 2, age=2)
    s.go()
    s.go()
    equal(s.values(), [2])


# ---- patterns ----------------------------------------------------------------------------


@row("4.1 pathGlobFilter", "only names that match are files of the source")
def _(s):
    s.options(path_glob_filter="*.json")
    s.put("in/a.json", 1)
    s.put("in/b.csv", 2)
    s.put("in/c.json.bak", 3)
    s.go()
    equal(s.values(), [1])


@row("4.1 pathGlobFilter", "alternatives, classes and characters")
def _(s):
    s.options(path_glob_filter="part-[0-4]?.{json,ndjson}")
    for i, name in enumerate(["part-01.json", "part-12.ndjson", "part-51.json", "part-1.json", "part-01.jsonx"]):
        s.put("in/" + name, i)
    s.go()
    equal(s.values(), [0, 1])


@row("4.1 recursiveFileLookup", "false: a folder gives its own files, and those of its k=v folders")
def _(s):
    s.options()
    s.put("in/a", 1)
    s.put("in/day=1/hour=2/b", 2)
    s.put("in/deep/c", 3)
    s.go()
    equal(s.values(), [1, 2])


@row("4.1 recursiveFileLookup", "true: all folders below")
def _(s):
    s.options(recursive_file_lookup=True)
    s.put("in/a", 1)
    s.put("in/deep/er/c", 3)
    s.put("in/_temporary/d", 4)
    s.put("in/.hidden/e", 5)
    s.go()
    equal(s.values(), [1, 3])


@row("4.1 useStrictGlobber", "* does not cross a folder; ** is any number of folders")
def _(s):
    s.options(path="in/**/day/*.json")
    for i, name in enumerate(["day/a.json", "x/day/b.json", "x/y/day/c.json", "x/day/y/d.json", "day/day/e.json"]):
        s.put("in/" + name, i)
    s.go()
    equal(s.values(), [0, 1, 2, 4])


@row("4.2", "a file to which several ways of a pattern lead is read once")
def _(s):
    s.options(path="in/**/b/**/*")
    s.put("in/b/b/b/x", 1)
    s.go()
    equal(s.values(), [1])
    equal(len(s.seen()), 1)


@row("4.2", "{a,b} and [ab] in folders of the path")
def _(s):
    s.options(path="in/{east,west}/[ab]/*")
    for i, name in enumerate(["east/a/1", "west/b/1", "north/a/1", "east/c/1"]):
        s.put("in/" + name, i)
    s.go()
    equal(s.values(), [0, 1])


@row("4.2", "names with spaces, quotes, percent, brackets, newlines and UTF-8 are names like any")
def _(s):
    s.options()
    names = ["a b", "it's", 'say "x"', "100%25", "a[1].json", "new\nline", "größe", "日本", "a;b", "\\n", "a=b"]
    for i, name in enumerate(names):
        s.put("in/" + name, i)
    s.go()
    s.go()
    equal(s.values(), sorted(range(len(names)), key=repr))
    equal({p for p, _, _ in s.seen()}, {"in/" + n for n in names})


@row("4.2", "a pattern is spelled out with backslashes")
def _(s):
    s.options(path="in/a\\[1\\].json")
    s.put("in/a[1].json", 1)
    s.put("in/a1.json", 2)
    s.go()
    equal(s.values(), [1])


@row("4.2", "half-written files are passed over until they have their name")
def _(s):
    s.options()
    s.put("in/x", 0)
    for name in ("a.tmp", "b.crc", "c._COPYING_", ".d", "_e"):
        s.write("in/" + name, '{"a": 9')
        os.utime(s.path("in/" + name))
    s.go()
    os.rename(s.path("in/a.tmp"), s.path("in/a"))
    s.write("in/a", '{"a": 1}\n')
    s.go()
    equal(s.values(), [0, 1])


@row("4.2", "links are followed; one that leads back is not walked again")
def _(s):
    s.options(recursive_file_lookup=True)
    s.put("elsewhere/a", 1)
    s.put("in/deep/b", 2)
    os.symlink(s.path("elsewhere"), s.path("in/link"))
    os.symlink(s.path("elsewhere/a"), s.path("in/c"))
    os.symlink("..", s.path("in/deep/up"))
    os.symlink("nowhere", s.path("in/broken"))
    s.go()
    equal(s.values(), [1, 1, 2])


# ---- times ----------------------------------------------------------------------------------


@row("4.1 modifiedAfter", "only files after the time, and before the other, both exclusive")
def _(s):
    s.options(modified_after="2026-01-01T00:00:10Z", modified_before="2026-01-01T00:00:20Z")
    for age in (9, 10, 11, 19, 20, 21):
        s.put(f"in/{age}", age, age=age)
    s.go()
    equal(s.values(), [11, 19])


@row("4.1 modifiedAfter", "a file that was out of the bounds is read when the bounds move")
def _(s):
    s.options(modified_after="2026-01-01T00:00:10Z")
    s.put("in/a", 5, age=5)
    s.put("in/b", 15, age=15)
    s.go()
    s.options(modified_after="2026-01-01T00:00:01Z")
    s.go()
    equal(s.values(), [15, 5])


@row("4.2", "equal times are ordered by name, across batches")
def _(s):
    s.options(max_files_per_trigger=2)
    for name in ("c", "a", "d", "b"):
        s.put("in/" + name, name, age=3)
    s.go()
    equal([p for p, _, _ in s.seen()], ["in/a", "in/b", "in/c", "in/d"])
    equal([b for _, _, b in s.seen()], [0, 0, 1, 1])


@row("4.1 maxFilesPerTrigger", "a hard maximum; bytes are soft and take at least one file; the lower bound counts")
def _(s):
    s.options(max_files_per_trigger=3, max_bytes_per_trigger=25)
    for i in range(3):
        s.put(f"in/{i}", i, age=i)  # 9 bytes each
    s.put("in/3", "x" * 100, age=3)
    s.put("in/4", "y", age=4)
    s.options(max_files_per_trigger=3, max_bytes_per_trigger=25,
              schema=[{"name": "a", "data_type": "VARCHAR"}])
    s.go()
    equal([b for _, _, b in s.seen()], [0, 0, 0, 1, 2])


# ---- columns from folders ------------------------------------------------------------------------

FORMATS = ("json", "csv", "parquet")


def for_each(check):
    """The same row for each format, in a folder of its own."""
    def all_of(s):
        for form in FORMATS:
            one = type(s)(f"{s.folder}.{form}")
            one.format = form
            check(one)
    return all_of


@row("4.1 partitionColumns", "k=v folders are columns, typed by inference, in the order of the path")
@for_each
def _(s):
    s.options(format=s.format)
    s.put("in/day=2026-01-31/hour=07/x", 1, age=1)
    s.put("in/day=2026-02-01/hour=23/x", 2, age=2)
    s.go()
    equal(sorted((r["a"], r["day"], r["hour"]) for r in s.rows()), [(1, "2026-01-31", 7), (2, "2026-02-01", 23)])


@row("4.1 partitionColumns", "a missing level is NULL, also one that is listed and nowhere there")
@for_each
def _(s):
    s.options(format=s.format, partition_columns=["year", "month", "day"])
    s.put("in/year=2022/week=1/x", 1)
    s.go()
    equal([(r["a"], r["year"], r["month"], r["day"], "week" in r) for r in s.rows()], [(1, 2022, None, None, False)])


@row("4.1 partitionColumns", '[""] takes no columns from the path')
@for_each
def _(s):
    s.options(format=s.format, partition_columns=[""])
    s.put("in/day=1/x", 1)
    s.go()
    equal(s.rows(), [{"a": 1}])


@row("4.1 partitionColumns", "names and values are percent-decoded; __HIVE_DEFAULT_PARTITION__ is NULL")
@for_each
def _(s):
    s.options(format=s.format)
    s.put("in/c%5Fd=a%2Fb%3D%C3%A4/x", 1, age=1)
    s.put("in/c%5Fd=__HIVE_DEFAULT_PARTITION__/x", 2, age=2)
    s.put("in/c%5Fd=it's 100%/x", 3, age=3)
    s.go()
    equal(sorted((r["a"], r["c_d"]) for r in s.rows()), [(1, "a/b=ä"), (2, None), (3, "it's 100%")])


@row("4.1 partitionColumns", "the path wins over a field of the same name; a file without the level has its own")
@for_each
def _(s):
    s.options(format=s.format)
    s.put_rows("in/k=1/x", [{"a": 1, "k": 9}], 1)
    s.put_rows("in/y", [{"a": 2, "k": 5}], 2)
    s.go()
    equal(sorted((r["a"], r["k"]) for r in s.rows()), [(1, 1), (2, 5)])


@row("4.1 partitionColumns", "listed columns come from the path alone")
@for_each
def _(s):
    s.options(format=s.format, partition_columns=["k"])
    s.put_rows("in/k=1/x", [{"a": 1, "k": 9}], 1)
    s.put_rows("in/y", [{"a": 2, "k": 5}], 2)
    s.go()
    equal(sorted((r["a"], r["k"]) for r in s.rows()), [(1, 1), (2, None)])


@row("4.1 partitionColumns", "hints give a level its type, and infer_column_types: false makes it a text")
@for_each
def _(s):
    s.options(format=s.format, schema_hints="k VARCHAR")
    s.put("in/k=007/x", 1)
    s.go()
    equal([r["k"] for r in s.rows()], ["007"])


@row("4.1 partitionColumns", "a declared schema takes what it names, with its types")
@for_each
def _(s):
    s.options(format=s.format, schema=[{"name": "k", "data_type": "DECIMAL(6,2)"},
                                       {"name": "a", "data_type": "BIGINT"}])
    s.put("in/k=1.5/other=2/x", 1)
    s.go()
    equal([(r["k"], r["a"]) for r in s.rows()], [("1.50", 1)])


@row("4.1 partitionColumns", "a value that does not fit fails the batch and names file and folder")
@for_each
def _(s):
    s.options(format=s.format)
    s.put("in/k=1/x", 1)
    s.go()
    s.put("in/k=one/x", 1)
    result = s.go(code=1)
    contains(result.out, 'in/k=one/x', 'folder "k=…": "one" is no BIGINT', "schema_hints")


@row("4.1 partitionColumns", "folders before the first wildcard of the path are no columns")
@for_each
def _(s):
    s.options(format=s.format, path="in/k=1/*/*")
    s.put("in/k=1/j=2/x", 1)
    s.go()
    equal(s.rows(), [{"a": 1, "j": 2}])


@row("4.1 partitionColumns", "CSV without a header and text files have them too")
def _(s):
    s.options(format="csv", header=False)
    s.write("in/k=1/x", "5,6\n", 1)
    s.go()
    equal(s.rows(), [{"column_0": 5, "column_1": 6, "k": 1}])
    t = type(s)(s.folder + ".text")
    t.options(format="text")
    t.write("in/k=1/x", "hello\n", 1)
    t.write("in/y", "world\n", 2)
    t.go()
    equal(sorted((r["value"], r["k"]) for r in t.rows()), [("hello", 1), ("world", None)])


# ---- metadata -------------------------------------------------------------------------------------


def metadata_of(s, name, size):
    return {"file_path": "file://" + s.path("in") + "/a%20%25%C3%A4.x", "file_name": name, "file_size": size,
            "file_modification_time": "2026-01-01 00:00:07", "file_block_start": 0, "file_block_length": size}


@row("4.6", "a table with include_metadata tells file, size and time of each row, and when it was ingested")
@for_each
def _(s):
    s.options(format=s.format, table="from: src, include_metadata: true")
    s.put("in/a %ä.x", 1, 2, age=7)
    s.go(env={"SM_CLOCK": "2026-03-01T12:00:00.500Z"})
    size = os.path.getsize(s.path("in/a %ä.x"))
    for r in s.rows():
        found = dict(r["_metadata"])
        found["file_modification_time"] = str(found["file_modification_time"])[:19].replace("T", " ")
        equal(found, metadata_of(s, "a %ä.x", size))
        contains(str(r["_ingested_at"]).replace("T", " "), "2026-03-01 12:00:00.5")


@row("4.6", "the metadata of one reader is no column of another")
@for_each
def _(s):
    s.options(format=s.format, table="from: src, include_metadata: true", more="  plain: {from: src}\n")
    s.put("in/x", 1)
    s.go()
    equal(s.rows("plain"), [{"a": 1}])


@row("4.6", "a source with include_metadata gives queries the columns by name, and `*` has them")
@for_each
def _(s):
    s.options(format=s.format, include_metadata=True, table="sql: 'SELECT * EXCLUDE (_metadata, _ingested_at), "
              "_metadata.file_name AS file FROM STREAM(src)'", more="  every: {from: src}\n")
    s.put("in/k=1/x", 1, age=1)
    s.put("in/k=2/y", 2, age=2)
    s.go()
    equal(sorted((r["a"], r["k"], r["file"]) for r in s.rows()), [(1, 1, "x"), (2, 2, "y")])
    equal(sorted(s.rows("every")[0]), ["_ingested_at", "_metadata", "a", "k"])


@row("4.6", "asked for where it cannot be, the place and the way are told")
def _(s):
    for table, words in (("sql: 'SELECT a, _metadata FROM STREAM(src)'", "has `include_metadata: true`"),
                         ("sql: SELECT a FROM STREAM(src), include_metadata: true", "put `include_metadata: true` at"),
                         ("from: other, include_metadata: true", "put it at the first table behind the files")):
        s.options(table=table, schema=[{"name": "a", "data_type": "BIGINT"}], more="  other: {from: src}\n")
        result = s.smelt("validate", "pipeline.yml")
        equal(result.code, 3)
        contains(result.out + result.err, words)


# ---- cleaning up ----------------------------------------------------------------------------------

SCHEMA = [{"name": "a", "data_type": "BIGINT"}]
LATER = {"SM_CLOCK": "2027-06-01T00:00:00Z"}


def files_below(s, folder):
    return sorted(os.path.relpath(os.path.join(base, name), s.path(folder))
                  for base, _, names in os.walk(s.path(folder)) for name in names)


def two_batches(s, **options):
    """in/k=1/a is of batch 0, in/b of batch 1."""
    s.options(schema=SCHEMA, **options)
    s.put("in/k=1/a", 1, age=1)
    s.go()
    s.put("in/b", 2, age=2)
    s.go()


@row("4.1 cleanSource", "delete: files of batches before the last go after the retention, and not before")
def _(s):
    two_batches(s, clean_source="delete")
    s.go()
    equal(files_below(s, "in"), ["b", "k=1/a"])
    s.go(env=LATER)
    equal(files_below(s, "in"), ["b"])
    s.go(env=LATER)
    equal(s.values(), [1, 2])


@row("4.1 cleanSource.moveDestination", "move: files keep their folders below the destination")
def _(s):
    two_batches(s, clean_source="move", clean_source_move_destination="archive", clean_source_retention="0s")
    s.go()
    equal(files_below(s, "in"), ["b"])
    equal(files_below(s, "archive"), ["k=1/a"])
    equal(s.values(), [1, 2])


@row("4.2 cleanSource", "a file that was written again since it was read stays")
def _(s):
    two_batches(s, clean_source="delete", clean_source_retention="8d")
    s.put("in/k=1/a", 5, 6, age=9)
    s.go(env=LATER)
    equal(files_below(s, "in"), ["b", "k=1/a"])


@row("4.2 cleanSource", "what cannot be cleaned is an event, no failure, and no file is written over")
def _(s):
    two_batches(s, clean_source="move", clean_source_move_destination="archive", clean_source_retention="0s")
    s.write("archive/k=1/a", "mine")
    s.go()
    equal(files_below(s, "in"), ["b", "k=1/a"])
    equal(open(s.path("archive/k=1/a")).read(), "mine")
    equal(s.store("select count(*) from events where type = 'source_warning'"), [(1,)])
    os.remove(s.path("archive/k=1/a"))
    s.go()
    equal(files_below(s, "in"), ["b"])


@row("4.2 cleanSource", "a crash in the middle loses no file and is finished by the next run")
def _(s):
    for point in ("files.after_move", "files.after_clean"):
        one = type(s)(f"{s.folder}.{point}")
        two_batches(one, clean_source="move", clean_source_move_destination="archive", clean_source_retention="0s")
        one.go(failpoint=point + ":1:kill", code=-9)
        one.go()
        equal(files_below(one, "in"), ["b"])
        equal(files_below(one, "archive"), ["k=1/a"])
        equal(one.store("select seq, cleaned_to like '%/archive/k=1/a' from source_files where cleaned_ms > 0"), [(1, 1)])
        equal(one.values(), [1, 2])


@row("4.2 cleanSource", "what is not safe is refused")
def _(s):
    for options, words in (
            ({"clean_source": "delete", "clean_source_retention": "7d"}, "more than 7 days"),
            ({"clean_source": "move"}, "needs `clean_source_move_destination`"),
            ({"clean_source": "move", "clean_source_move_destination": "in/old"}, "is inside of the source"),
            ({"clean_source_move_destination": "old"}, "goes with `clean_source: move`")):
        s.options(schema=SCHEMA, **options)
        contains(s.go(code=3).err, "SM0403", words)
    s.options(schema=SCHEMA, clean_source="delete", more="  u: {from: src}\n")
    contains(s.go(code=3).err, "SM0410", "2 readers")
    s.options(schema=SCHEMA, detection="notification")
    contains(s.go(code=3).err, "`notification` is not supported yet")


# ---- what is known of files -----------------------------------------------------------------------


@row("4.7", "each file is listed with its size, its times, its batch and what became of it, page by page")
def _(s):
    s.options(schema=SCHEMA, include_existing_files=False)
    s.put("in/old", 0, age=0)
    s.go()
    s.options(schema=SCHEMA, include_existing_files=False, clean_source="move", clean_source_retention="0s",
              clean_source_move_destination="archive", max_files_per_trigger=1)
    for i in (1, 2):
        s.put(f"in/{i}", i, age=i)
        s.go()
    s.put("in/3", 3, age=3)
    s.go(failpoint="flow.before_decided:1:kill", code=-9)
    listed = json.loads(s.smelt("checkpoint", "show", "t", "--files", "--json").out)["files"]
    equal([(f["seq"], f["path"], f["state"], f.get("batch")) for f in listed],
          [(-1, "in/old", "skipped", None), (1, "in/1", "moved", 0), (2, "in/2", "done", 1), (3, "in/3", "waiting", None)])
    equal(listed[1]["modified"], "2026-01-01T00:00:01.000Z")
    contains(str(listed[1]), "'discovered'", "'processed'", "'committed'", "'cleaned'", "archive/1")
    page = json.loads(s.smelt("checkpoint", "show", "t", "--files", "--limit", "2", "--json").out)
    equal(page["next"], "src/1")
    rest = json.loads(s.smelt("checkpoint", "show", "t", "--files", "--after", page["next"], "--json").out)
    equal([f["seq"] for f in rest["files"]], [2, 3])
    contains(s.smelt("checkpoint", "show", "t", "--files").out, "waiting", "in/3")


# ---- refusals -------------------------------------------------------------------------------------


@row("4.1 validateOptions", "what is no pattern and no time is told at its place in the file")
def _(s):
    for options, words in (({"path": "in/[a"}, "`path`: in \"in/[a\", character 4: `[` without its `]`"),
                           ({"path": "in/a**"}, "it stands for whole folders"),
                           ({"path_glob_filter": "a/b"}, "a pattern of names, without folders"),
                           ({"path_glob_filter": "{a"}, "`{` without its `}`"),
                           ({"modified_after": "yesterday"}, "is no time; write it as")):
        s.options(**options)
        result = s.smelt("validate", "pipeline.yml")
        equal(result.code, 3)
        contains(result.out + result.err, "SM0403", words)


main(__doc__)
