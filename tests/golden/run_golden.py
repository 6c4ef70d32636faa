#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""run_golden.py -- run a folder of golden files: run_golden.py tests/golden/broken

The folder's file `command` is one line of shell, e.g.  smelt validate --color never "$1"
It runs once for every *.yml of the folder (and every folder in it that holds a pipeline.yml), with
the name as $1 and the golden folder as working folder.  Standard output, standard error and exit
status are compared with the file of that name ending in .txt.  SM_UPDATE_GOLDEN=1 rewrites them;
the diff is reviewed like code.
"""
import difflib
import os
import re
import subprocess
import sys

FORMS = (  # what differs from run to run
    (re.compile(r"\bin \d+(?:\.\d+)? m?s\b"), "in N ms"),
)


def inputs(folder):
    for name in sorted(os.listdir(folder)):
        if name.endswith(".yml"):
            yield name, name[:-len(".yml")]
        elif os.path.isfile(os.path.join(folder, name, "pipeline.yml")):
            yield f"{name}/pipeline.yml", name


def output(folder, command, name):
    env = dict(os.environ, PATH=os.path.dirname(os.environ["SMELT"]) + ":" + os.environ["PATH"])
    done = subprocess.run(["sh", "-c", command, "sh", name], cwd=folder, env=env,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    text = done.stdout.decode(errors="replace")
    if done.stderr:
        text += "--- stderr\n" + done.stderr.decode(errors="replace")
    text += f"--- exit {done.returncode}\n"
    text = text.replace(os.environ["SM_SOURCE"], "$SOURCE")
    for form, plain in FORMS:
        text = form.sub(plain, text)
    return text


def compare(folder, base, text):
    path = os.path.join(folder, base + ".txt")
    if os.environ.get("SM_UPDATE_GOLDEN"):
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
    wanted = ""
    if os.path.exists(path):
        with open(path, encoding="utf-8") as f:
            wanted = f.read()
    return "".join(difflib.unified_diff(wanted.splitlines(True), text.splitlines(True), path, "output"))


def main():
    folder = os.path.abspath(sys.argv[1])
    with open(os.path.join(folder, "command"), encoding="utf-8") as f:
        command = f.read().strip()
    count = faults = 0
    for name, base in inputs(folder):
        count += 1
        diff = compare(folder, base, output(folder, command, name))
        if diff:
            faults += 1
            print(diff)
    print(f"{count} files, {faults} differ")
    sys.exit(1 if faults or not count else 0)


main()
