# SPDX-License-Identifier: Apache-2.0
"""check_code.py -- what C code may not say.

- SQL text is built with sm_sql_ident() and sm_sql_literal(): a string that reads like SQL and
  holds a quoted %s ('%s', \\"%s\\") is a fault;
- functions that banned.h poisons, and that banned.h poisons at least those of the house style;
- system(), popen() and alloca() nowhere; file-system calls only in runtime/base (faults are
  injected there), tests aside.
"""
import re

import tree

KEYWORD = re.compile(r"\b(?:SELECT|INSERT|UPDATE|DELETE|COPY|FROM|WHERE|CREATE|ATTACH|SET|VALUES|JOIN|AS|AND|OR|WITH"
                     r"|ALTER|DROP|PRAGMA|LOAD|TO|IN|BY)\b")
QUOTED = re.compile(r"""(?:'|\\")%(?:\.\*)?s""")
CALL = re.compile(r"""\w\((?:'|\\")%(?:\.\*)?s""")
LITERALS = re.compile(tree.STRING + r"(?:\s*(?:PRI[a-z0-9A-Z]+\s*)?" + tree.STRING + ")*")
BANNED = ("atoi", "strcpy", "strcat", "sprintf", "strtok", "gmtime", "localtime")
CALLS = ("system", "popen", "alloca", "gets") + BANNED
FS_CALLS = ("open", "openat", "creat", "fopen", "unlink", "rename", "link", "mkdir", "rmdir",
            "fsync", "fdatasync", "opendir", "truncate", "ftruncate")
# Files that speak to the file system themselves: a terminal, a log, DuckDB's own library.
FS_ALLOWED = ("runtime/base/", "tests/", "cmake/")


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def reads_like_sql(literal):
    """It begins with a keyword, has two of them, or quotes an argument: messages do none of that."""
    found = KEYWORD.findall(literal)
    return KEYWORD.match(literal.strip('"\\n ')) or len(set(found)) > 1 or CALL.search(literal)


def check_sql(path, text):
    for match in LITERALS.finditer(text):
        if QUOTED.search(match.group(0)) and reads_like_sql(match.group(0)):
            yield f"{path}:{line_of(text, match.start())}: SQL with a value pasted in: use sm_sql_literal() or sm_sql_ident()"


def check_calls(path, text):
    code = tree.without_comments(text, keep_strings=False)
    calls = CALLS if path.startswith(FS_ALLOWED) else CALLS + FS_CALLS
    if path.endswith("/banned.h"):
        return
    for match in re.finditer(r"(?<![\w.>])(" + "|".join(calls) + r")\s*\(", code):
        yield f"{path}:{line_of(code, match.start())}: {match.group(1)}() is not used here"


def check_banned():
    path = "runtime/base/banned.h"
    if path not in tree.files(".h"):
        yield f"{path}:1: is not there"
        return
    text = tree.read(path)
    for name in BANNED:
        if not re.search(r"\b" + name + r"\b", text):
            yield f"{path}:1: does not ban {name}()"


def main():
    faults = list(check_banned())
    for path in tree.files(".c", ".h"):
        text = tree.read(path)
        plain = tree.without_comments(text)
        if not path.startswith("tests/"):
            faults += check_sql(path, plain)
        faults += check_calls(path, text)
    tree.report("code", faults)


main()
