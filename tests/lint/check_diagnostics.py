# SPDX-License-Identifier: Apache-2.0
"""check_diagnostics.py -- each code of a diagnostic is a row, a page and a case.

- a code that C code names is a row of runtime/base/diag_0N.def, and each row is named by C code;
- each row stands in docs/reference/diagnostics.md, which `smelt explain` prints, with its text;
- each row has a golden case in tests/golden/diag, or another test that shows it, named here with
  the reason.
"""
import re

import tree

# Codes that no golden case can show, since it takes more than the text of a pipeline.
ELSEWHERE = {
    "SM0154": ("tests/cli/tests_faults.sh.stderr.exact", "a file of tests"),
    "SM0155": ("tests/cli/tests_faults.sh.stderr.exact", "a file of tests"),
    "SM0156": ("tests/cli/tests_faults.sh.stderr.exact", "a file of tests"),
    "SM0408": ("tests/cli/source_faults.sh.stdout.exact", "a folder or a file that is read"),
    "SM0905": ("tests/integration/test_serve.py", "a server"),
    "SM0906": ("tests/integration/test_serve.py", "a server"),
    "SM0907": ("tests/integration/test_kafka_source.py", "a server"),
    "SM0908": ("tests/integration/test_http.py", "files beside the project"),
    "SM0413": ("tests/integration/test_schema_evolution.py", "columns that a run has pinned"),
}
ROW = re.compile(r"^X\((SM\d{4})", re.M)
CODE = re.compile(r'"(SM\d{4})"')
PAGE = re.compile(r"^### (SM\d{4}): .+\n\n\S", re.M)


def collect(pattern, paths):
    found = {}
    for path in paths:
        for match in pattern.finditer(tree.read(path)):
            found.setdefault(match.group(1), f"{path}:{tree.read(path).count(chr(10), 0, match.start()) + 1}")
    return found


def check():
    c_files = [p for p in tree.files(".c", ".h") if not p.startswith("tests/")]
    cases = [p for p in tree.files("/diag.txt") if p.startswith("tests/golden/diag/")]
    rows = collect(ROW, tree.files(".def"))
    used = collect(CODE, c_files)
    pages = collect(PAGE, [p for p in tree.files("/diagnostics.md") if p.startswith("docs/reference/")])
    shown = collect(re.compile(r"\[(SM\d{4})\]"), cases)
    for code, place in used.items():
        if code not in rows:
            yield f"{place}: {code} is no row of diag_0N.def"
    for code, place in rows.items():
        if code not in used:
            yield f"{place}: {code} is told nowhere"
        if code not in pages:
            yield f"{place}: {code} has no page in docs/reference/diagnostics.md"
        test = ELSEWHERE.get(code)
        if test and code not in tree.read(test[0]):
            yield f"{place}: {test[0]} does not show {code}"
        if not test and code not in shown:
            yield f"{place}: {code} has no case in tests/golden/diag"


tree.report("diagnostics", list(check()))
