# SPDX-License-Identifier: Apache-2.0
"""test_reports.py -- reports are accepted by those that read them.

JUnit: xmllint, then junitparser: the totals are the sums, every failed expectation is a `failure` with the rule as
type.  SARIF: TypeScript with the types of SARIF 2.1.0, strictly; every place lies in its file and every rule is there.
Projects with hostile texts in names of files, messages and rows.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import unittest
import urllib.parse

import junitparser

SOURCE = pathlib.Path(os.environ["SM_SOURCE"])
TSC = SOURCE / "build/deps/sarif/node_modules/typescript/bin/tsc"

CHECKS = pathlib.Path("checks").resolve()
PIPELINE = """\
version: 1
pipeline: shop
storage: ./lake
sources:
  orders: {type: files, path: "data/*.json", format: json}
tables:
  bronze:
    from: orders
    expectations:
      named: {expect: 'name <> ''<&"> ä'' ', on_violation: POLICY}
      small: {expect: id < 3, on_violation: drop}
  silver:
    from: bronze
    expectations:
      has_id: id IS NOT NULL
"""


def project(name, policy="drop", file="pipeline.yml"):
    folder = pathlib.Path(name).resolve()
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "data").mkdir(parents=True)
    rows = [{"id": i, "name": text} for i, text in enumerate(["a", "<&\"> ä", "c\x01\x1b]0;x\x07", "]]>"])]
    (folder / "data/a.json").write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    (folder / file).write_text(PIPELINE.replace("POLICY", policy), encoding="utf-8")
    return folder


def smelt(folder, *words):
    env = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    env["GITHUB_WORKSPACE"] = str(folder)
    return subprocess.run([os.environ["SMELT"], *words], cwd=folder, env=env, capture_output=True, text=True)


def junit(folder, name="j.xml"):
    """The cases by (suite, name), after the totals were compared."""
    path = folder / name
    if shutil.which("xmllint"):
        subprocess.run(["xmllint", "--noout", str(path)], check=True)
    xml = junitparser.JUnitXml.fromfile(str(path))
    told = (xml.tests, xml.failures, xml.errors, xml.skipped)
    suites = list(xml)
    assert told == tuple(sum(getattr(s, k) for s in suites) for k in ("tests", "failures", "errors", "skipped")), told
    xml.update_statistics()
    assert told == (xml.tests, xml.failures, xml.errors, xml.skipped), told
    return {(suite.name, case.name): case for suite in suites for case in suite}


def kinds(case):
    return [(type(r).__name__, r.type) for r in case.result]


def sarif(folder, name="s.json"):
    text = (folder / name).read_text(encoding="utf-8")
    (CHECKS / f"{len(list(CHECKS.iterdir()))}.ts").write_text("import type { Log } from 'sarif';\nexport const log: Log = " + text + ";\n",
                                     encoding="utf-8")
    run = json.loads(text)["runs"][0]
    ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(set(ids)) == len(ids)
    for result in run["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"], result
        for where in result["locations"]:
            place = where["physicalLocation"]
            lines = (folder / unquote(place["artifactLocation"]["uri"])).read_text(encoding="utf-8").splitlines()
            region = place["region"]
            assert region["startLine"] <= len(lines), place
            assert region["startColumn"] <= len(lines[region["startLine"] - 1]) + 1, place
    return run


def judge_sarif():
    """All that sarif() saw, by one run of the compiler."""
    files = sorted(str(path) for path in CHECKS.glob("*.ts"))
    pathlib.Path("node_modules").unlink(missing_ok=True)
    pathlib.Path("node_modules").symlink_to(TSC.parents[2])
    done = subprocess.run(["node", str(TSC), "--noEmit", "--strict", "--types", "sarif", *files],
                          capture_output=True, text=True)
    assert len(files) > 4 and done.returncode == 0, done.stdout + done.stderr


def unquote(uri):
    assert not uri.startswith("/"), uri
    return urllib.parse.unquote(uri)


class Reports(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        shutil.rmtree(CHECKS, ignore_errors=True)
        CHECKS.mkdir()
        cls.addClassCleanup(judge_sarif)

    def test_a_run_with_warnings_has_no_failure_and_tells_them(self):
        folder = project("warns")
        done = smelt(folder, "run", "--report", "junit=j.xml", "--report", "sarif=s.json", "-o", "run.json")
        self.assertEqual(done.returncode, 0, done.stderr)
        cases = junit(folder)
        self.assertEqual({k: kinds(c) for k, c in cases.items() if c.result}, {})
        self.assertIn("1 of 4 rows (25%)", cases["shop.bronze", "named"].system_out)
        self.assertEqual([r["level"] for r in sarif(folder)["results"]], ["warning", "warning"])
        document = json.loads((folder / "run.json").read_text())
        self.assertEqual((document["state"], document["flows"][0]["dropped"]), ("completed", 2))

    def test_an_expectation_that_fails_is_a_failure_with_the_rule_as_type(self):
        folder = project("fails", "fail")
        done = smelt(folder, "run", "--report", "junit=j.xml", "--report", "sarif=s.json")
        self.assertEqual(done.returncode, 5, done.stderr)
        cases = {k: kinds(c) for k, c in junit(folder).items()}
        self.assertEqual(cases["shop.bronze", "named"], [("Failure", "named")])
        self.assertEqual(cases["shop.bronze", "bronze"], [("Error", "rule")])
        self.assertEqual([kind for kind, _ in cases["shop.bronze", "small"]], ["Skipped"])
        self.assertEqual([kind for kind, _ in cases["shop.silver", "silver"]], ["Skipped"])
        self.assertEqual([kind for kind, _ in cases["shop.silver", "has_id"]], ["Skipped"])
        self.assertEqual([(r["ruleId"], r["level"]) for r in sarif(folder)["results"]], [("bronze.named", "error")])

    def test_a_test_that_fails_is_a_failure_with_its_rows(self):
        folder = project("tested")
        (folder / "shop_test.yml").write_text("""\
version: 1
tests:
  - name: passes <&
    table: silver
    given: {bronze: [{id: 1, name: a}]}
    expect: {rows: [{id: 1, name: a}]}
  - name: "fails ]]>"
    table: silver
    given: {bronze: [{id: 1, name: "<&\\" \\x01"}]}
    expect: {rows: [{id: 2, name: "]]>"}], count: 2}
  - name: is not valid
    table: silver
    given: {bronz: [{id: 1}]}
    expect: {rows: [[1]]}
""", encoding="utf-8")
        done = smelt(folder, "test", "--report", "junit=j.xml", "--report", "sarif=s.json", "-k", "s")
        self.assertEqual(done.returncode, 3, done.stderr)
        cases = {k[1]: kinds(c) for k, c in junit(folder).items()}
        self.assertEqual(cases, {"passes <&": [], "fails ]]>": [("Failure", "test-failed")] * 2,
                                 "is not valid": [("Failure", "SM0154")]})
        self.assertEqual([r["ruleId"] for r in sarif(folder)["results"]], ["test-failed", "test-failed", "SM0154"])
        annotations = smelt(folder, "test", "--format", "github", "-k", "fails").stdout
        self.assertIn("::error file=shop_test.yml,line=10,", annotations)

    def test_a_threshold_that_fails_is_a_failure_too(self):
        folder = project("threshold")
        text = (folder / "pipeline.yml").read_text().replace("on_violation: drop}", 'on_violation: drop, fail_if: "> 0"}')
        (folder / "pipeline.yml").write_text(text)
        self.assertEqual(smelt(folder, "run", "--report", "junit=j.xml").returncode, 5)
        cases = {k: kinds(c) for k, c in junit(folder).items()}
        self.assertEqual(cases["shop.bronze", "named"], [("Failure", "named")])
        self.assertEqual(cases["shop.bronze", "small"], [("Failure", "small")])

    def test_faults_of_files_are_failures_with_their_code(self):
        folder = project("faults")
        strange = "a b%<ä>&'\".yml"
        (folder / strange).write_text(PIPELINE.replace("POLICY", "drop").replace("id < 3", "di < 3"), encoding="utf-8")
        words = ["--report", "junit=j.xml", "--report", "sarif=s.json"]
        for command in (["validate", "pipeline.yml", strange], ["run", strange]):
            done = smelt(folder, *command, *words)
            self.assertEqual(done.returncode, 3, done.stderr)
            failed = {k: kinds(c) for k, c in junit(folder).items() if c.result}
            self.assertEqual([kind for kind, _ in failed["shop", "bronze"]], ["Failure"])
            self.assertRegex(failed["shop", "bronze"][0][1], "^SM0[0-9]{3}$")
            results = sarif(folder)["results"]
            self.assertEqual([r["level"] for r in results], ["error"])
            self.assertEqual(unquote(results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]), strange)

    def test_a_valid_project_has_every_code_as_a_rule_and_no_result(self):
        folder = project("valid")
        self.assertEqual(smelt(folder, "validate", "--report", "junit=j.xml", "--report", "sarif=s.json").returncode, 0)
        self.assertEqual(len(junit(folder)), 4)
        run = sarif(folder)
        codes = json.loads(smelt(folder, "explain", "--json").stdout)
        self.assertEqual(([r["id"] for r in run["tool"]["driver"]["rules"]], run["results"]),
                         ([c["code"] for c in codes], []))

    def test_a_report_is_replaced_whole_or_not_at_all(self):
        folder = project("atomic")
        (folder / "j.xml").write_text("old")
        os.chmod(folder, 0o555)
        try:
            done = smelt(folder, "validate", "--report", "junit=j.xml")
        finally:
            os.chmod(folder, 0o755)
        if os.geteuid() != 0:
            self.assertEqual(done.returncode, 8)
            self.assertEqual((folder / "j.xml").read_text(), "old")
        self.assertEqual(sorted(p.name for p in folder.iterdir()), ["data", "j.xml", "pipeline.yml"])


if not TSC.exists():
    sys.exit("what judges SARIF is not there: run scripts/setup --tests")
unittest.main(verbosity=2)
