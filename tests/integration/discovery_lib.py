# SPDX-License-Identifier: Apache-2.0
"""discovery_lib.py -- tables of behaviours: each row is a sentence, the section it follows, and a check.

    @row("4.1 allowOverwrites", "a file whose time changed is read again, whole")
    def _(s): ...

`s` is a Stream: a project with one source and one table, in a folder of its own.  A file of rows is a
test by main(__doc__); the sections are those of the reference that the options come from.
"""
import json
import os
import pathlib
import sys
import traceback

sys.path.insert(0, str(pathlib.Path(os.environ["SM_SOURCE"]) / "tests/crash"))
import world as worlds  # noqa: E402

ROWS = []


def row(section, sentence):
    def keep(check):
        ROWS.append((section, sentence, check))
        return check
    return keep


def csv_text(rows):
    names = list(rows[0])
    return "".join(",".join(str(v) for v in line) + "\n" for line in [names, *(r.values() for r in rows)])


def json_text(rows):
    return "".join(json.dumps(r) + "\n" for r in rows)


def parquet_bytes(rows):
    import pyarrow
    import pyarrow.parquet
    sink = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), sink)
    return sink.getvalue().to_pybytes()


WRITERS = {"json": json_text, "csv": csv_text, "parquet": parquet_bytes}


class Stream(worlds.World):
    """The table `t` from the source `src` over in/."""

    def __init__(self, folder):
        super().__init__(folder)
        os.makedirs(self.path("in"))

    def options(self, path="in", format="json", table="from: src", more="", **options):
        """(Re)write the pipeline; options of the source by name."""
        lines = [f"    {name}: {json.dumps(value)}" for name, value in
                 {"path": path, "format": format, **options,
                  "rescued_data_column": options.get("rescued_data_column", "")}.items()]
        self.format = format
        self.write("pipeline.yml", "version: 1\npipeline: p\nschema: p\nstorage: ./lake\nsources:\n"
                   "  src:\n    type: files\n" + "\n".join(lines) + f"\ntables:\n  t: {{{table}}}\n{more}")

    def put(self, name, *values, age=None):
        """A file with a row {"a": value} for each value; `age` is its time in seconds after MTIME."""
        self.put_rows(name, [{"a": v} for v in values], age)

    def put_rows(self, name, rows, age=None):
        self.write(name, WRITERS[self.format](rows), age)

    def go(self, *args, code=0, env=None, failpoint=None):
        """A run; returns its result.  The world must be at rest after one that ended well."""
        for name, value in (env or {}).items():
            os.environ[name] = value
        try:
            result = self.run(*args, failpoint=failpoint)
        finally:
            for name in env or {}:
                del os.environ[name]
        if result.code != code:
            raise AssertionError(f"the run ended with {result.code}, not {code}:\n{result.out}{result.err}")
        return result

    def rows(self, table="t"):
        found = []
        for text, times in self.tables().get(table, {}).items():
            found += [json.loads(text)] * times
        return found

    def values(self, column="a", table="t"):
        return sorted((r[column] for r in self.rows(table)), key=repr)

    def seen(self):
        """(path, seq, batch) of each tracked file, by number."""
        return self.store("select path, seq, batch from source_files order by generation_id, source, seq")


def equal(found, wanted):
    if found != wanted:
        raise AssertionError(f"{found!r}\n  instead of\n  {wanted!r}")


def contains(text, *parts):
    for part in parts:
        if part not in text:
            raise AssertionError(f"{part!r} is not in\n{text}")


def main(doc):
    chosen = sys.argv[1] if len(sys.argv) > 1 else ""  # part of section or sentence
    failures = 0
    for i, (section, sentence, check) in enumerate(ROWS):
        if chosen not in f"{section}: {sentence}":
            continue
        stream = Stream(f"row{i:03}")
        try:
            check(stream)
            print(f"ok      {section}: {sentence}", flush=True)
        except Exception:
            failures += 1
            print(f"FAILED  {section}: {sentence}\n{traceback.format_exc()}", flush=True)
    print(f"{len(ROWS)} rows, {failures} failed")
    sys.exit(1 if failures else 0)
