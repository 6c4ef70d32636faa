# SPDX-License-Identifier: Apache-2.0
"""facts.py -- what every reader of Delta tables says about one, in one form that can be compared.

A reader is a program: requests on standard input, one JSON object a line,

    {"path": "/abs/table", "versions": "latest" | "all" | [0, 3], "rows": true}

and one JSON object a line on standard output, per table and version:

    {"reader": "delta-rs", "path": …, "version": 3, "schema": [[name, type], …], "partition_by": […],
     "count": 2, "digest": <SHA-256 of the rows>, "rows": [[…], …]}

or {"reader", "path", "version", "error": text}.  `rows` only when asked for.  Rows are sorted by their
JSON text and hold values in the order of the schema, in one form for all readers (value()).
"""
import datetime
import decimal
import glob
import hashlib
import json
import math
import os
import sys


def value(v, type_):
    """A value as plain JSON, by its Delta type (the type of a schemaString)."""
    if v is None:
        return None
    if isinstance(type_, dict):
        return nested(v, type_)
    if isinstance(v, bool) or type_ == "boolean":
        return bool(v)
    if isinstance(v, float):
        return v if math.isfinite(v) else str(v)
    if isinstance(v, decimal.Decimal):
        return format(v, "f")
    if isinstance(v, datetime.datetime):
        return moment(v, type_)
    if isinstance(v, datetime.date):
        return v.isoformat()
    if isinstance(v, (bytes, bytearray, memoryview)):
        return bytes(v).hex()
    return v


def moment(v, type_):
    if v.tzinfo is not None:
        v = v.astimezone(datetime.timezone.utc).replace(tzinfo=None)
    text = v.isoformat(timespec="microseconds")
    return text + "Z" if type_ == "timestamp" else text


def nested(v, type_):
    if type_["type"] == "array":
        return [value(x, type_["elementType"]) for x in v]
    if type_["type"] == "map":
        pairs = v.items() if hasattr(v, "items") else v
        return sorted(([value(k, type_["keyType"]), value(x, type_["valueType"])] for k, x in pairs),
                      key=json.dumps)
    names = [field["name"] for field in type_["fields"]]
    if hasattr(v, "asDict"):
        v = v.asDict()
    return [value(v[name], field["type"]) for name, field in zip(names, type_["fields"])]


def bare(type_):
    """A Delta type without metadata, which readers do not repeat alike."""
    if not isinstance(type_, dict):
        return type_
    if type_["type"] == "struct":
        return {"type": "struct", "fields": [[f["name"], bare(f["type"])] for f in type_["fields"]]}
    return {key: bare(t) if key.endswith("Type") else t for key, t in type_.items() if key != "containsNull"
            and key != "valueContainsNull"}


def facts(reader, request, version, fields, partition_by, rows):
    """`fields`: those of the Delta schema; `rows`: dicts or sequences in the order of `fields`."""
    out = []
    for row in rows:
        cells = [row[f["name"]] for f in fields] if isinstance(row, dict) else list(row)
        out.append([value(cell, f["type"]) for cell, f in zip(cells, fields)])
    out.sort(key=json.dumps)
    line = {"reader": reader, "path": request["path"], "version": version,
            "schema": [[f["name"], bare(f["type"])] for f in fields], "partition_by": list(partition_by),
            "count": len(out), "digest": digest(out)}
    if request.get("rows"):
        line["rows"] = out
    return line


def digest(rows):
    return hashlib.sha256("\n".join(json.dumps(row) for row in rows).encode()).hexdigest()


def serve(reader, versions_of, read):
    """Answer the requests.  versions_of(path) lists the versions; read(request, version) gives facts()."""
    for line in sys.stdin:
        if not line.strip():
            continue
        request = json.loads(line)
        version = None
        try:
            wanted = request.get("versions", "latest")
            versions = versions_of(request["path"]) if isinstance(wanted, str) else wanted
            if wanted == "latest":
                versions = versions[-1:]
            for version in versions:
                answer(read(request, version))
        except Exception as error:  # a fact too: the test decides what it means
            text = str(error).strip() or type(error).__name__
            answer({"reader": reader, "path": request["path"], "version": version,
                    "error": text.split("\n")[0][:500]})


def answer(line):
    print(json.dumps(line), flush=True)


def leave(status=0):
    """End at once: the threads of delta-rs can abort a Python that shuts down in order."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def log_versions(path):
    """Versions whose commit lies in the log; a reader that can list them itself does so."""
    names = [os.path.basename(name) for name in glob.glob(path + "/_delta_log/*.json")]
    return sorted(int(name[:20]) for name in names if len(name) == 25 and name[:20].isdigit())


def compare(answers):
    """Faults among answers of several readers to the same requests: what one says otherwise."""
    first = {}
    for line in answers:
        key = (line["path"], line["version"])
        if "error" in line:
            yield f"{line['reader']} on {key}: {line['error']}"
            continue
        other = first.setdefault(key, line)
        for fact in ("schema", "count", "digest"):
            if other[fact] != line[fact]:
                yield f"{fact} of {key}: {other['reader']} says {other[fact]}, {line['reader']} {line[fact]}"
