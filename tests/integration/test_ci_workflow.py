# SPDX-License-Identifier: Apache-2.0
"""test_ci_workflow.py -- the workflow of docs/guide/ci.md does what the page says.

Each `run:` line is taken from the page and run as a job of GitHub runs it: on a machine that has a fresh clone and
nothing else, and on one that also has the folder that the cache step keeps.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import unittest

SOURCE = pathlib.Path(os.environ["SM_SOURCE"])
PAGE = (SOURCE / "docs/guide/ci.md").read_text(encoding="utf-8")
WORKFLOW = re.search(r"^```yaml\n(name: pipeline\n.*?)^```$", PAGE, re.MULTILINE | re.DOTALL).group(1)
JOBS = dict(re.findall(r"^  (\w+):\n(    if: .*?)(?=^  \w+:\n    if|\Z)", WORKFLOW, re.MULTILINE | re.DOTALL))
KEPT = re.search(r"actions/cache@\S+\n\s+with: \{path: (\w+),", WORKFLOW).group(1)


def git(folder, *words):
    env = dict(os.environ, GIT_CONFIG_NOSYSTEM="1", HOME=str(folder))
    who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *who, *words], cwd=folder, env=env, check=True, capture_output=True)


class Workflow(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(self.id().rsplit(".", 1)[1]).resolve()
        shutil.rmtree(self.root, ignore_errors=True)
        self.origin = self.root / "origin"
        self.origin.mkdir(parents=True)
        subprocess.run([os.environ["SMELT"], "-q", "init"], cwd=self.origin, check=True)
        git(self.origin, "init", "-q")
        self.commit("one")

    def commit(self, message):
        git(self.origin, "add", ".")
        git(self.origin, "commit", "-qm", message)

    def machine(self, name, kept=None):
        """A fresh clone, with the folder that an earlier machine kept."""
        clone = self.root / name
        git(self.root, "clone", "-q", str(self.origin), str(clone))
        if kept is not None:
            shutil.copytree(kept / KEPT, clone / KEPT, symlinks=True)
        return clone

    def job(self, name, clone):
        """Run the job's lines till one fails; the statuses, and what the last one wrote to stderr."""
        env = {k: v for k, v in os.environ.items() if not k.startswith("GITHUB_")}
        env.update(GITHUB_ACTIONS="true", GITHUB_WORKSPACE=str(clone), GITHUB_STEP_SUMMARY=str(clone / "summary.md"),
                   PATH=f"{pathlib.Path(os.environ['SMELT']).parent}:{env['PATH']}")
        lines, statuses = re.findall(r"- run: (.*)", JOBS[name]), []
        self.assertTrue(lines)
        for line in lines:
            done = subprocess.run(["bash", "-e", "-c", line], cwd=clone, env=env, capture_output=True, text=True)
            statuses.append(done.returncode)
            if done.returncode != 0:
                break
        return statuses, done.stderr

    def test_an_empty_state_begins_and_a_kept_one_goes_on(self):
        first = self.machine("first")
        self.assertEqual(self.job("run", first)[0], [0])
        flows = json.loads((first / "run.json").read_text())["flows"]
        self.assertEqual(flows[0]["read"], 6000)
        self.assertIn("readings_silver", (first / "summary.md").read_text())
        second = self.machine("second", kept=first)
        self.assertEqual(self.job("run", second)[0], [0])
        document = json.loads((second / "run.json").read_text())
        self.assertEqual((document["run"], {f["state"] for f in document["flows"]}), (2, {"idle"}))
        (self.origin / "landing/readings/new.json").write_text(
            '{"device_id":"d","event_timestamp":"2026-01-01T00:00:00","temperature":1.5,"battery":5}\n')
        self.commit("more data")
        third = self.machine("third", kept=second)
        self.assertEqual(self.job("run", third)[0], [0])
        flows = json.loads((third / "run.json").read_text())["flows"]
        self.assertEqual([flows[0]["read"], flows[0]["written"]], [1, 1])

    def test_a_pull_request_is_checked_and_its_effect_shown(self):
        pipeline = self.origin / "pipeline.yml"
        good = pipeline.read_text()
        pipeline.write_text(good.replace("BETWEEN -50", "BETWEEN -40"))
        self.commit("colder")
        clone = self.machine("good")
        statuses, annotations = self.job("check", clone)
        self.assertEqual(statuses, [0, 0], annotations)
        self.assertIn("::notice file=pipeline.yml", annotations)
        self.assertIn("rule \"plausible\" changes from", (clone / "summary.md").read_text())
        pipeline.write_text(good.replace("humidity, battery, site\n", "humidity, batery, site\n"))
        self.commit("a slip")
        clone = self.machine("bad")
        statuses, annotations = self.job("check", clone)
        self.assertEqual(statuses, [3], annotations)
        self.assertRegex(annotations, r"::error file=pipeline.yml,line=\d+,col=\d+,title=SM0203")
        for report in ("validate.xml", "validate.sarif"):
            self.assertIn("SM0203", (clone / report).read_text())


unittest.main(verbosity=2)
