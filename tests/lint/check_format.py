# SPDX-License-Identifier: Apache-2.0
"""check_format.py -- every C file as clang-format 14 writes it.

Other versions of clang-format break lines elsewhere, so one is pinned; without it the check is
skipped (exit status 77).  `check_format.py --fix` rewrites the files instead.
"""
import os
import re
import shutil
import subprocess
import sys

import tree

VERSION = "14"


def find():
    for name in (f"clang-format-{VERSION}", "clang-format"):
        program = shutil.which(name)
        if program:
            out = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
            if re.search(r"version " + VERSION + r"\.", out):
                return program
    return None


def main():
    program = find()
    if program is None:
        print(f"skipped: clang-format {VERSION} is not installed (scripts/setup --tests)")
        sys.exit(77)
    paths = [os.path.join(tree.ROOT, path) for path in tree.files(".c", ".h")]
    if "--fix" in sys.argv:
        subprocess.run([program, "-i"] + paths, check=True)
        return
    run = subprocess.run([program, "--dry-run", "-Werror"] + paths, capture_output=True, text=True)
    faults = re.findall(r"^(.*?:\d+):\d+: error", run.stderr, re.M)
    if run.returncode != 0 and not faults:
        faults = [run.stderr]
    tree.report("format (tests/lint/check_format.py --fix mends it)",
                sorted({os.path.relpath(f, tree.ROOT) if f.startswith("/") else f for f in faults}))


main()
