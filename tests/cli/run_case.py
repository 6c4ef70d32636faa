#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""run_case.py -- run one CLI test: run_case.py tests/cli/help.sh

The script runs with sh in an empty folder of its own ($SM_BUILD/scratch/cli/<name>), with `smelt`
on the PATH and $SM_SOURCE set.  Beside it stand the expectations; what has no file is not looked at:

    help.sh.stdout.exact   help.sh.stderr.exact   the whole text
    help.sh.stdout.glob    help.sh.stderr.glob    line by line; * is any text, a line "..." any lines
    help.sh.exit                                  the exit status, 0 when there is no file

In the outputs the scratch folder reads $SCRATCH and the source tree $SOURCE.  Exit status 77 of
the script means skipped.  SM_UPDATE_GOLDEN=1 rewrites the .exact and .exit files.
"""
import difflib
import os
import re
import shutil
import subprocess
import sys

SKIPPED = 77


def prepare(script):
    name = os.path.basename(script)[:-len(".sh")]
    scratch = os.path.join(os.environ["SM_BUILD"], "scratch", "cli", name)
    shutil.rmtree(scratch, ignore_errors=True)
    os.makedirs(scratch)
    return scratch


def run(script, scratch):
    env = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    env.update(HOME=scratch, LC_ALL="C.UTF-8", NO_COLOR="1",
               PATH=os.path.dirname(os.environ["SMELT"]) + ":" + os.environ["PATH"])
    done = subprocess.run(["sh", script], cwd=scratch, env=env, stdin=subprocess.DEVNULL,
                          capture_output=True)

    def clean(data):
        text = data.decode(errors="replace").replace(scratch, "$SCRATCH")
        return text.replace(os.environ["SM_SOURCE"], "$SOURCE")
    return done.returncode, {"stdout": clean(done.stdout), "stderr": clean(done.stderr)}


def line_matches(pattern, line):
    return re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), line) is not None


def glob_matches(patterns, lines):
    """Whether the lines match; "..." takes any number of lines (tried from none)."""
    reach = {0}  # how many lines may have been taken so far
    for pattern in patterns:
        if pattern == "...":
            reach = set(range(min(reach), len(lines) + 1)) if reach else set()
        else:
            reach = {n + 1 for n in reach if n < len(lines) and line_matches(pattern, lines[n])}
    return len(lines) in reach


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def check_exact(path, text, update):
    if update:
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
    wanted = read(path)
    return "".join(difflib.unified_diff(wanted.splitlines(True), text.splitlines(True), path, "output"))


def check_glob(path, text):
    if glob_matches(read(path).splitlines(), text.splitlines()):
        return ""
    return f"{path} does not match:\n{text}"


def check(script, code, outputs, update):
    path = script + ".exit"
    if update and (code != 0 or os.path.exists(path)):
        with open(path, "w", encoding="utf-8") as f:
            f.write(f"{code}\n")
    wanted = int(read(path)) if os.path.exists(path) else 0
    if code != wanted:
        yield f"exit status {code}, wanted {wanted}"
    for stream, text in outputs.items():
        base = f"{script}.{stream}"
        if os.path.exists(base + ".exact"):
            yield check_exact(base + ".exact", text, update)
        if os.path.exists(base + ".glob"):
            yield check_glob(base + ".glob", text)


def main():
    script = os.path.abspath(sys.argv[1])
    scratch = prepare(script)
    code, outputs = run(script, scratch)
    if code == SKIPPED:
        print(outputs["stdout"] + outputs["stderr"])
        sys.exit(SKIPPED)
    faults = [fault for fault in check(script, code, outputs, os.environ.get("SM_UPDATE_GOLDEN")) if fault]
    for fault in faults:
        print(fault)
    if faults:
        for stream, text in outputs.items():
            print(f"--- {stream}\n{text}")
        sys.exit(1)


main()
