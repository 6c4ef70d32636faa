# SPDX-License-Identifier: Apache-2.0
"""check_functions.py -- lengths of functions: median <= 15, 90th percentile <= 50, none over 100.

A function is what stands between "{" and "}" in column 0 (clang-format puts them there); its
length is the lines between.  The percentiles are taken over the modules, tests aside.
"""
import tree

P50, P90, MAX = 15, 50, 100


def functions(path):
    start, name = None, ""
    text = tree.lines(path)
    for number, line in enumerate(text, 1):
        if line == "{":
            start, name = number, text[number - 2].strip()
        elif line == "}" and start is not None:
            yield number - start - 1, f"{path}:{start}", name
            start = None


def percentile(lengths, share):
    return lengths[min(len(lengths) - 1, int(len(lengths) * share))] if lengths else 0


def main():
    faults, lengths = [], []
    for path in tree.files(".c", ".h"):
        for length, where, name in functions(path):
            if not path.startswith("tests/"):
                lengths.append(length)
            if length > MAX:
                faults.append(f"{where}: {length} lines, more than {MAX}: {name}")
    lengths.sort()
    p50, p90 = percentile(lengths, 0.5), percentile(lengths, 0.9)
    print(f"{len(lengths)} functions: p50 {p50}, p90 {p90}, longest {max(lengths, default=0)} lines")
    if p50 > P50:
        faults.append(f"median of {p50} lines, more than {P50}")
    if p90 > P90:
        faults.append(f"90th percentile of {p90} lines, more than {P90}")
    tree.report("functions", faults)


main()
