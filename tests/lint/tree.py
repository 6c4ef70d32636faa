# SPDX-License-Identifier: Apache-2.0
"""tree.py -- what the lint checks share: the files of the source tree and how faults are said.

A check collects faults as "file:line: text" and ends with report().  The source tree is
that of this file, or SM_SOURCE.
"""
import os
import re
import subprocess
import sys

ROOT = os.environ.get("SM_SOURCE") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NOT_OURS = {".git", "build", "demo", "node_modules", "__pycache__", ".cache", ".venv"}


def files(*endings):
    """Paths from the root, sorted: what git knows or would take; without git, what is there."""
    try:
        out = subprocess.run(
            ["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            check=True, capture_output=True).stdout.decode()
        found = [path for path in out.split("\0") if path]
    except (OSError, subprocess.CalledProcessError):
        found = list(walk())
    found = [path for path in found if os.path.isfile(os.path.join(ROOT, path))]
    return sorted(path for path in set(found) if not endings or path.endswith(endings))


def walk():
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in NOT_OURS]
        for name in names:
            yield os.path.relpath(os.path.join(folder, name), ROOT)


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="replace") as f:
        return f.read()


def lines(path):
    return read(path).split("\n")


class Layers:
    """tests/lint/layers.txt: rows (module -> modules it may include) and homes (header -> modules)."""

    def __init__(self):
        self.rows, self.homes = {}, {}
        for line in lines("tests/lint/layers.txt"):
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            if words[0].startswith("<"):
                self.homes[words[0].strip("<>")] = words[1:]
            else:
                self.rows[words[0]] = words[1:]

    def module_of(self, path):
        """The row a file belongs to, or None; the longest name wins."""
        fits = [name for name in self.rows if path.startswith(name + "/")]
        return max(fits, key=len, default=None)

    def may_include(self, module, other):
        uses = self.rows[module]
        return other == module or "*" in uses or other in uses


STRING = r'"(?:[^"\\\n]|\\.)*"'
TOKENS = re.compile(r"/\*.*?\*/|//[^\n]*|" + STRING + r"|'(?:[^'\\\n]|\\.)*'", re.S)


def without_comments(text, keep_strings=True):
    """The C text with comments (and string contents) blanked; line numbers stay."""
    def blank(match):
        token = match.group(0)
        if token[0] == "/":
            return re.sub(r"[^\n]", " ", token)
        return token if keep_strings else '""'
    return TOKENS.sub(blank, text)


def report(what, faults):
    for fault in faults:
        print(fault)
    if faults:
        print(f"{what}: {len(faults)} faults")
        sys.exit(1)
    print(f"{what}: no fault")
