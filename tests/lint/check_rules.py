# SPDX-License-Identifier: Apache-2.0
"""check_rules.py -- each rule of streaming has a line in tests/semantics.tsv, and each line a test.

A line is `rule, what it says, a test that holds it`, with tabs between: the test is `file:name`, or
`n/a: why there is none`.  More tests of the same rule follow with the second field empty.

- every rule of the list in its comments (`# rules: A1-A5 B7a …`) has a line that says it, and no
  other has one;
- each named test stands in its file;
- each test that is named after a rule (rule_D2_…) is in the table, below that rule.
"""
import re

import tree

TABLE = "tests/semantics.tsv"
# What is called after a rule: a test in C, one for `smelt test`, a table of a case of diagnostics.
NAMED = ((re.compile(r"^static void (\w*rule_([A-Z]\d+[a-z]?)_\w+)\(", re.M), "tests/unit/", ".c"),
         (re.compile(r"^  - name: (rule_([A-Z]\d+[a-z]?)_\w+)", re.M), "tests/semantics/", "_test.yml"),
         (re.compile(r"^  (rule_([A-Z]\d+[a-z]?)_\w+):", re.M), "tests/golden/diag/", "/pipeline.yml"))


def expand(words):
    for word in words.split():
        first, _, last = word.partition("-")
        if not last:
            yield word
            continue
        for n in range(int(first[1:]), int(last[1:]) + 1):
            yield f"{first[0]}{n}"


def read_table():
    listed, rows = [], []
    for number, line in enumerate(tree.lines(TABLE), 1):
        if line.startswith("# rules: "):
            listed += expand(line[len("# rules: "):])
        elif line and not line.startswith("#"):
            rows.append((number, *(line.split("\t") + ["", ""])[:3]))
    return listed, rows


def judge_rows(rows, listed):
    said = set()
    for number, rule, words, test in rows:
        place = f"{TABLE}:{number}"
        path, _, name = test.partition(":")
        if rule not in listed:
            yield f"{place}: {rule} is not in the list of rules"
        if words:
            said.add(rule)
        elif rule not in said:
            yield f"{place}: the first line of {rule} does not say what the rule is"
        if not name.strip():
            yield f"{place}: {rule} names no test; write file:name, or n/a: and why"
        elif path != "n/a" and path not in tree.files(path):
            yield f"{place}: there is no file {path}"
        elif path != "n/a" and name not in tree.read(path):
            yield f"{place}: {path} has no test \"{name}\""
    for rule in listed:
        if rule not in said:
            yield f"{TABLE}:1: rule {rule} has no line"


def judge_tests(rows):
    held = {(rule, test) for _, rule, _, test in rows}
    for pattern, folder, ending in NAMED:
        for path in tree.files(ending):
            if not path.startswith(folder):
                continue
            text = tree.read(path)
            for match in pattern.finditer(text):
                if (match.group(2), f"{path}:{match.group(1)}") not in held:
                    line = text.count("\n", 0, match.start()) + 1
                    yield f"{path}:{line}: {match.group(1)} is not in {TABLE}"


def check():
    listed, rows = read_table()
    yield from judge_rows(rows, listed)
    yield from judge_tests(rows)


tree.report("rules", list(check()))
