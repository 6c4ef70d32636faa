# SPDX-License-Identifier: Apache-2.0
"""examples_lib.py -- what the tests of the examples share: smelt, the other readers, comparing rows."""
import json
import math
import os
import pathlib
import subprocess
import sys

SOURCE = pathlib.Path(os.environ["SM_SOURCE"])
BIN = pathlib.Path(os.environ["SMELT"]).parent
ORACLES = SOURCE / "tests/support/oracles"
SPARK = SOURCE / "tests/support/spark"
sys.path.insert(0, str(ORACLES))


def smelt(folder, *words):
    """Standard output of a command that must end well."""
    done = subprocess.run([os.environ["SMELT"], *words], cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"smelt {' '.join(words)}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def document(folder, *words):
    return json.loads(smelt(folder, *words, "--json"))


def readers(spark=False):
    """Programs that answer requests as in facts.py."""
    if not spark:
        return [[sys.executable, "-B", str(ORACLES / name)] for name in ("read_delta_rs.py", "read_duckdb_delta.py")]
    python = SOURCE / "build/deps/spark/bin/python3"
    if not python.exists():
        sys.exit("Spark is not there: run scripts/setup --all-tests")
    return [[str(python), "-B", str(SPARK / "read_spark.py")]]


def ask(program, requests):
    done = subprocess.run(program, input="".join(json.dumps(r) + "\n" for r in requests),
                          capture_output=True, text=True)
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode != 0 or not answers:
        raise AssertionError(f"{program}: status {done.returncode}\n{done.stderr[-2000:]}")
    return answers


def same(a, b):
    """Equal values; doubles to 1e-9 of their size, since the order of a sum is not given."""
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b))
    if isinstance(a, float) or isinstance(b, float):
        if isinstance(a, bool) or isinstance(b, bool) or a is None or b is None:
            return False
        return math.isclose(a, b, rel_tol=1e-9)
    return type(a) is type(b) and a == b


def differences(rows, wanted):
    """Rows that are not as wanted, in words; both sorted by their JSON text."""
    if len(rows) != len(wanted):
        yield f"{len(rows)} rows, wanted {len(wanted)}"
    for row, want in zip(rows, wanted):
        if not same(row, want):
            yield f"{row}, wanted {want}"


def rule_counts(flows):
    """{(flow, rule): (passed, failed)} of the document of a run."""
    return {(f["flow"], e["name"]): (e["passed"], e["failed"]) for f in flows for e in f["expectations"]}
