# SPDX-License-Identifier: Apache-2.0
"""test_examples.py -- the examples do what their pages say, and so does the page of the project.

Each example is copied, checked and run.  Its tables, read by delta-rs and by DuckDB's delta extension,
equal expected/ row by row; a second run finds nothing.  In a README, each ```yaml block of an example is
a part of its pipeline.yml, and each ```console block is run, command by command, and prints what it says
(but for times and commits).  The pipeline in the README of the project is run as it stands.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import unittest

import examples_lib as lib
import facts

RULES = {
    "hello": {("orders_silver", "has_customer"): (4, 1), ("orders_silver", "positive"): (4, 1)},
    "iot": {("readings_silver", "has_device"): (294, 6), ("readings_silver", "plausible"): (292, 8),
            ("readings_silver", "battery_ok"): (293, 7)},
}


def fresh(name):
    folder = pathlib.Path(name).resolve()
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(lib.SOURCE / "examples" / name, folder, ignore=shutil.ignore_patterns("lake"))
    return folder


def blocks(page, language):
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def expected(folder, table):
    lines = (folder / "expected" / f"{table}.ndjson").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def timeless(text):
    text = re.sub(r"\b[\d.]+ (ms|s)\b", "TIME", text)
    text = re.sub(r"^(\w+) @ [0-9a-f]+\+?$", r"\1", text, flags=re.MULTILINE)  # the commit, inside a repository
    return "\n".join(line.rstrip() for line in text.splitlines())


def transcript(block):
    """(command, output) pairs of a console block."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


class Examples(unittest.TestCase):
    maxDiff = None

    def check_tables(self, folder, schema):
        tables = sorted(f.stem for f in (folder / "expected").glob("*.ndjson"))
        self.assertEqual(tables, sorted(p.name for p in (folder / "lake" / schema).iterdir()))
        requests = [{"path": str(folder / "lake" / schema / t), "rows": True} for t in tables]
        for program in lib.readers():
            answers = lib.ask(program, requests)
            for table, answer in zip(tables, answers, strict=True):
                self.assertNotIn("error", answer)
                lines = expected(folder, table)
                self.assertEqual([name for name, _ in answer["schema"]], lines[0], table)
                self.assertEqual(list(lib.differences(answer["rows"], lines[1:])), [], (program, table))

    def check_run(self, name):
        folder = fresh(name)
        lib.smelt(folder, "validate")
        run = lib.document(folder, "run")
        self.assertEqual(run["state"], "completed")
        self.assertEqual(lib.rule_counts(run["flows"]), RULES[name])
        self.check_tables(folder, name)
        again = lib.document(folder, "run")
        self.assertEqual([f.get("read", 0) for f in again["flows"]], [0] * len(again["flows"]))
        self.check_tables(folder, name)

    def check_page(self, name):
        folder = fresh(name)
        pipeline = (folder / "pipeline.yml").read_text(encoding="utf-8")
        for block in blocks(folder / "README.md", "yaml"):
            self.assertIn(block, pipeline)
        console = blocks(folder / "README.md", "console")
        self.assertTrue(console)
        path = f"{lib.BIN}:{os.environ['PATH']}"
        for command, output in (pair for block in console for pair in transcript(block)):
            self.assertTrue(command.startswith("smelt "), command)
            done = subprocess.run(["sh", "-c", command], cwd=folder, env=dict(os.environ, PATH=path),
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(timeless(done.stdout), timeless(output), command)

    def test_hello_gives_the_expected_tables(self):
        self.check_run("hello")

    def test_iot_gives_the_expected_tables(self):
        self.check_run("iot")

    def test_hello_does_what_its_page_says(self):
        self.check_page("hello")

    def test_iot_does_what_its_page_says(self):
        self.check_page("iot")

    def test_the_pipeline_of_the_first_page_runs(self):
        folder = fresh("hello")
        (block,) = blocks(lib.SOURCE / "README.md", "yaml")
        (folder / "pipeline.yml").write_text(block, encoding="utf-8")
        lib.smelt(folder, "validate")
        run = lib.document(folder, "run")
        self.assertEqual(lib.rule_counts(run["flows"]), RULES["hello"])
        self.check_tables(folder, "hello")

    def test_the_first_page_names_commands_that_exist(self):
        text = (lib.SOURCE / "README.md").read_text(encoding="utf-8")
        names = set(re.findall(r"(?:`|\$ )smelt ([a-z]+)", text)) | set(
            re.findall(r"`([a-z]+)`", " ".join(re.findall(r"^\| `smelt [^|]*\|", text, re.MULTILINE))))
        self.assertGreater(len(names), 8)
        for name in sorted(names):
            self.assertIn(f"smelt {name}", lib.smelt(".", name, "-h"))


if __name__ == "__main__":
    done = unittest.main(exit=False)
    facts.leave(0 if done.result.wasSuccessful() else 1)
