# SPDX-License-Identifier: Apache-2.0
"""test_autoloader.py [WORD…] -- what Auto Loader does with files, row by row of the tables in autoloader_*.py.

Each case is a project of its own, read by the real program; WORDs choose the cases whose name has one of them.
"""
import importlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
MTIME = 1767225600  # of the first file; each next one is a second younger


def write_files(folder, files):
    for age, (name, content) in enumerate(files.items()):
        path = folder / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        os.utime(path, (MTIME + age, MTIME + age))


def pipeline(case, form):
    options = {"type": "files", "path": "in", "format": form, **case.options}
    if case.error:  # by default the run goes on, and what cannot be read is in quarantine
        options.setdefault("on_decode_error", "fail")
    if case.schema:
        options["schema"] = [dict(zip(("name", "data_type"), column)) for column in case.schema]
    spec = {"version": 1, "pipeline": "p", "schema": "s", "storage": "./lake",
            "sources": {"src": options}, "tables": {"t": {"sql": case.sql or "SELECT * FROM STREAM(src)"}}}
    return json.dumps(spec)  # JSON is YAML


def smelt(folder, *words):
    return subprocess.run([os.environ["SMELT"], *words], cwd=folder, capture_output=True, text=True, timeout=120)


class Autoloader(unittest.TestCase):
    maxDiff = None

    def check(self, case, form):
        folder = pathlib.Path(re.sub(r"\W+", "_", f"{case.name} {form}")).resolve()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        write_files(folder, case.files_of(form))
        (folder / "pipeline.yml").write_text(pipeline(case, form), encoding="utf-8")
        done = smelt(folder, "run", "--json")
        said = done.stdout + done.stderr
        if case.error:
            self.assertNotEqual(done.returncode, 0, said)
            for word in case.error:
                self.assertIn(word, said)
            return
        self.assertEqual(done.returncode, 0, said)
        flow = json.loads(done.stdout)["flows"][0]
        self.assertEqual(flow["undecodable"], case.undecodable, said)
        self.compare(folder, case, form)
        shutil.rmtree(folder)

    def compare(self, folder, case, form):
        done = smelt(folder, "query", "SELECT * FROM t", "--json")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        answer = json.loads(done.stdout)
        names = [column["name"] for column in answer["columns"]]
        types = [column["type"] for column in answer["columns"]]
        if case.types is not None:
            self.assertEqual(dict(zip(names, types)), case.types)
        rows, wanted = [dict(zip(names, row)) for row in answer["rows"]], case.rows_of(form)
        if not any("_rescued_data" in row for row in wanted):  # it may go unsaid while nothing was rescued
            rows = [{n: v for n, v in row.items() if n != "_rescued_data" or v is not None} for row in rows]
        self.assertEqual(sorted(map(key, rows)), sorted(map(key, wanted)))


def key(row):
    return json.dumps(row, sort_keys=True)


def add(case, form):
    def test(self):
        self.check(case, form)
    test.__doc__ = f"{case.section}: {case.name}, {form}"
    name = "test_" + re.sub(r"\W+", "_", f"{case.name}_{form}")
    assert not hasattr(Autoloader, name), f"two cases are called {case.name!r}, {form}"
    setattr(Autoloader, name, test)


def main():
    words = [w for w in sys.argv[1:] if not w.startswith("-")]
    for path in sorted(HERE.glob("autoloader_*.py")):
        for case in getattr(importlib.import_module(path.stem), "CASES", []):
            if not words or any(w in case.name for w in words):
                for form in case.formats:
                    add(case, form)
    unittest.main(argv=sys.argv[:1])


if __name__ == "__main__":
    main()
