# SPDX-License-Identifier: Apache-2.0
"""autoloader_json.py -- the options of JSON."""
from autoloader_lib import Case, gz

A = (("a", "BIGINT"),)
AB = (("a", "BIGINT"), ("b", "VARCHAR"))
DROP = {"on_decode_error": "drop"}
MULTI = {"multi_line": True}
PRETTY = '{\n  "a": 1,\n  "b": "x"\n}\n{\n  "a": 2,\n\n  "b": "y{[,"\n}\n'
ROWS = [{"a": 1, "b": "x"}, {"a": 2, "b": "y{[,"}]


def js(section, name, text, rows, options=None, schema=(), **more):
    files = text if isinstance(text, dict) else {"a.json": text}
    return Case(section, name, ("json",), files, rows, options or {}, schema, **more)


CASES = [
    # ---- records over several lines ----
    js("4.5", "with multi_line records may be printed over several lines", PRETTY, ROWS, MULTI),
    js("4.5", "with multi_line a file may be one array of records",
       '[\n  {"a": 1, "b": "x"},\n  {"a": 2,\n "b": "y{[,"}\n]\n', ROWS, MULTI),
    js("4.5", "with multi_line an array may stand on one line", '[{"a":1,"b":"x"},{"a":2,"b":"y{[,"}]', ROWS, MULTI),
    js("4.5", "with multi_line arrays may follow each other", '[{"a": 1, "b": "x"}]\n[\n]\n[{"a": 2, "b": "y{[,"}]',
       ROWS, MULTI),
    js("4.5", "with multi_line documents may follow each other without anything between",
       '{"a":1,"b":"x"}{"a":2,"b":"y{[,"}', ROWS, MULTI),
    js("4.5", "with multi_line one object on each line is still read", '{"a":1,"b":"x"}\n{"a":2,"b":"y{[,"}\n', ROWS, MULTI),
    js("4.5", "with multi_line an empty array has no records", {"a.json": "[]", "b.json": " \n", "c.json": '[{"a": 1}]'},
       [{"a": 1}], MULTI),
    js("4.5", "with multi_line compressed files are read too", {"a.json.gz": gz(PRETTY)}, ROWS, MULTI),
    js("4.5", "with multi_line strings keep their escapes", '[\n{"b": "\\"}\\n]",\n "a": 1}\n]', [{"a": 1, "b": '"}\n]'}],
       MULTI, AB),
    js("4.5", "with multi_line a record with a fault costs only itself",
       '[{"a": 1},\n {"a": x},\n 7,\n {"a": "z"},\n {"a": 2}]', [{"a": 1}, {"a": 2}], {**MULTI, **DROP}, A, undecodable=3),
    js("4.5", "with multi_line faults are named by file and line", '[\n{"a": 1},\n{"a": x}\n]', [],
       {**MULTI, "on_decode_error": "fail"}, A,
       error=("in/a.json:3", "x")),
    js("4.5", "with multi_line a newline inside a string is a fault of its record", '{"a": 1, "b": "x\ny"}\n{"a": 2}\n',
       [{"a": 2, "b": None}], {**MULTI, **DROP}, AB, undecodable=1),
    js("4.5", "with multi_line a bracket that stays open takes the rest of the file",
       {"a.json": '{"a": 1}\n{"a": 2\n{"a": 3}\n', "b.json": '{"a": 4}'}, [{"a": 1}, {"a": 4}], {**MULTI, **DROP}, A,
       undecodable=1),
    js("4.5", "with multi_line records cross the blocks of a file",
       "[" + ",\n".join(f'{{\n  "a": {i},\n  "b": "{"x" * 300}"\n}}' for i in range(1000)) + "]",
       [{"a": i, "b": "x" * 300} for i in range(1000)], MULTI),
    js("4.5", "without multi_line an array is told", '[{"a": 1}]', [], {"on_decode_error": "fail"}, A,
       error=("a.json:1", "`multi_line: true`")),

    # ---- inference ----
    js("4.3", "types are inferred", '{"a": 1, "b": 1.5, "c": true, "d": "2026-01-31", "e": "2026-01-31T10:00:00Z", '
       '"f": [1], "g": {"h": 1}, "i": null}\n',
       [{"a": 1}], sql="SELECT a FROM STREAM(src)"),
    js("4.3", "infer_column_types false makes texts, nested values too", '{"a": 1, "b": {"c": [1, 2]}, "d": true}\n',
       [{"a": "1", "b": '{"c": [1, 2]}', "d": "true"}], {"infer_column_types": False}),
    js("4.5", "primitives_as_string keeps objects and arrays", '{"a": 1, "b": true, "c": {"d": 1.5}, "e": "2026-01-31"}\n',
       [{"a": "1", "b": "true", "d": "1.5", "e": "2026-01-31"}], {"primitives_as_string": True},
       sql="SELECT a, b, c.d, e FROM STREAM(src)", types={"a": "VARCHAR", "b": "VARCHAR", "d": "VARCHAR", "e": "VARCHAR"}),
    js("4.5", "prefers_decimal infers a DECIMAL that is wide enough", '{"a": 1.5, "b": 1}\n{"a": 123.25}\n{"a": 7}\n',
       [{"a": 1.5, "b": 1}, {"a": 123.25, "b": None}, {"a": 7.0, "b": None}],
       {"prefers_decimal": True, "rescued_data_column": ""}, types={"a": "DECIMAL(5,2)", "b": "BIGINT"}),
    js("4.5", "prefers_decimal infers DOUBLE where no DECIMAL is wide enough", '{"a": 1e40}\n{"a": 1.5}\n', [{"a": 1e40}, {"a": 1.5}],
       {"prefers_decimal": True, "rescued_data_column": ""}, types={"a": "DOUBLE"}),
    js("4.5", "a byte order mark is passed over", b'\xef\xbb\xbf{"a": 1}\n', [{"a": 1}]),
    js("4.5", "a repeated key has its last value", '{"a": 1, "a": 2}\n', [{"a": 2}]),
]
