# SPDX-License-Identifier: Apache-2.0
"""check_files.py -- every file: its licence line, its length, its name, words that do not belong.

- sources carry the SPDX line within their first three lines;
- no C file over 800 lines, names of C files unique across the repository;
- the page makes elements, never markup out of text: no innerHTML and its like;
- no notes to oneself, no address of a package registry in a lock file, no path of somebody's home.
"""
import os
import re

import tree

SPDX = "SPDX-License-Identifier: Apache-2.0"
SOURCES = (".c", ".h", ".py", ".sh", ".cmake", "CMakeLists.txt", ".js", ".mjs", ".css", ".html")
PAGE = ("ui/web/", (".js", ".html"))
MARKUP = re.compile(r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|srcdoc|dangerouslySetInnerHTML|eval)\b")
MAX_LINES = 800
LOCK_FILES = ("package-lock.json", "requirements.txt", "pom.xml")
NOTES = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK")) + r")\b")
HOMES = re.compile(r"(?<![\w.])/(?:ro" + r"ot/\.|wo" + r"rk/|home/\w+/)")
ADDRESS = re.compile(r"https?://(?!maven\.apache\.org/(?:POM|xsd)|www\.w3\.org)")
TEXT = SOURCES + (".md", ".yml", ".json", ".txt", ".xml", ".sql")


def is_script(path):
    if "." in os.path.basename(path):
        return False
    with open(os.path.join(tree.ROOT, path), "rb") as f:
        return f.read(2) == b"#!"


def check_text(path):
    text = tree.lines(path)
    if path.endswith(".c") or path.endswith(".h"):
        if len(text) > MAX_LINES + 1:
            yield f"{path}:{MAX_LINES}: {len(text) - 1} lines, more than {MAX_LINES}"
    source = path.endswith(SOURCES) or is_script(path)
    if source and text != [""] and not any(SPDX in line for line in text[:3]):
        yield f"{path}:1: no line \"{SPDX}\""
    for number, line in enumerate(text, 1):
        if NOTES.search(line):
            yield f"{path}:{number}: a note to oneself: mend it or open an issue"
        if HOMES.search(line):
            yield f"{path}:{number}: a path of one machine"
        if path.startswith(PAGE[0]) and path.endswith(PAGE[1]) and MARKUP.search(line):
            yield f"{path}:{number}: markup out of text"
        if path.endswith(LOCK_FILES) and ADDRESS.search(line):
            yield f"{path}:{number}: an address"


def check_names(paths):
    seen = {}
    for path in paths:
        name = os.path.basename(path)
        if name in seen:
            yield f"{path}:1: the name is taken by {seen[name]}"
        seen.setdefault(name, path)


def main():
    faults = list(check_names(tree.files(".c", ".h")))
    for path in tree.files():
        if path.endswith(TEXT) or is_script(path):
            faults += check_text(path)
    tree.report("files", faults)


main()
