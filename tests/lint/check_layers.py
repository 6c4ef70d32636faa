# SPDX-License-Identifier: Apache-2.0
"""check_layers.py -- every #include against tests/lint/layers.txt.

- a quoted include is a path from the root, is there, and names a module that the row allows;
- a header with a home (<sqlite3.h>) is included only there;
- a <module>_int.h or *_int.h stays inside its module (tests may look in);
- a folder with C files has a row, a row has its folder, and the rows have no cycle.
"""
import os
import re

import tree

INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)')
NO_MODULE = ("cmake/",)


def check_quoted(layers, module, path, name):
    if not os.path.isfile(os.path.join(tree.ROOT, name)):
        return f'"{name}" is not a path from the root'
    other = layers.module_of(name)
    if other is None:
        return f'"{name}" belongs to no module'
    if not layers.may_include(module, other):
        return f"{module} may not include {other}"
    if name.endswith("_int.h") and other != module and module != "tests":
        return f'"{name}" is private to {other}'
    return None


def check_file(layers, path):
    module = layers.module_of(path)
    if module is None:
        yield f"{path}:1: the folder has no row in tests/lint/layers.txt"
        return
    for number, line in enumerate(tree.lines(path), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quoted, angle = match.groups()
        fault = None
        if quoted:
            fault = check_quoted(layers, module, path, quoted)
        elif module not in layers.homes.get(angle, [module]):
            fault = f"<{angle}> is included only in {' and '.join(layers.homes[angle])}"
        if fault:
            yield f"{path}:{number}: {fault}"


def check_rows(layers):
    done, path = set(), []

    def visit(name):
        if name in path:
            yield "tests/lint/layers.txt:1: a cycle: " + " -> ".join(path + [name])
            return
        if name in done:
            return
        path.append(name)
        for used in layers.rows[name]:
            if used == "*":
                continue
            if used not in layers.rows:
                yield f'tests/lint/layers.txt:1: {name} uses "{used}", which has no row'
            else:
                yield from visit(used)
        path.pop()
        done.add(name)

    for name in layers.rows:
        if not os.path.isfile(os.path.join(tree.ROOT, name, "CMakeLists.txt")):
            yield f"tests/lint/layers.txt:1: {name} has no CMakeLists.txt"
        yield from visit(name)


def main():
    layers = tree.Layers()
    faults = list(check_rows(layers))
    for path in tree.files(".c", ".h"):
        if not path.startswith(NO_MODULE):
            faults += check_file(layers, path)
    tree.report("layers", faults)


main()
