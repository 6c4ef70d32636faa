# SPDX-License-Identifier: Apache-2.0
"""autoloader_hints.py -- schema_hints: types for columns and their parts."""
from autoloader_lib import Case, parquet
from autoloader_rescued import rescued

NO_REST = {"rescued_data_column": ""}


def hints(text, **more):
    return {"schema_hints": text, **NO_REST, **more}


def js(name, text, rows, options, **more):
    return Case("4.1", name, ("json",), {"a.json": text}, rows, options, **more)


CASES = [
    js("a hint with a path gives a field its type and leaves the others", '{"u": {"name": "x", "born": "2001-02-03", "n": 1}}\n',
       [{"u": {"name": "x", "born": "2001-02-03", "n": 1}}], hints("U.born VARCHAR"),
       types={"u": 'STRUCT("name" VARCHAR, "born" VARCHAR, "n" BIGINT)'}),
    js("a hint goes any number of fields deep", '{"a": {"b": {"c": {"d": 7}}}}\n', [{"a": {"b": {"c": {"d": "7"}}}}],
       hints("a.b.c.d VARCHAR")),
    js("a hint adds a field and a column that no record has", '{"u": {"name": "x"}}\n',
       [{"u": {"name": "x", "age": None}, "more": None}], hints("u.age INT, more.deep.x DATE"),
       types={"u": 'STRUCT("name" VARCHAR, "age" INTEGER)', "more": 'STRUCT("deep" STRUCT("x" DATE))'}),
    js("element is what a list holds", '{"l": [1, 2], "s": [{"x": 1, "y": 2}], "n": [[3]]}\n',
       [{"l": ["1", "2"], "s": [{"x": "1", "y": 2, "z": None}], "n": [["3"]]}],
       hints("l.element VARCHAR, s.element.x VARCHAR, s.element.z DATE, n.element.element VARCHAR")),
    js("element of what is not there makes a list", '{"a": 1}\n{"a": 2, "l": null}\n', [{"a": 1, "l": None}, {"a": 2, "l": None}],
       hints("l.element.x INT"), types={"a": "BIGINT", "l": 'STRUCT("x" INTEGER)[]'}),
    js("a hint makes an object a MAP", '{"m": {"a": 1, "b": 2}}\n{"m": {"c": 3}}\n',
       [{"m": {"a": 1, "b": 2}}, {"m": {"c": 3}}], hints("m MAP(STRING, INT)"), types={"m": "MAP(VARCHAR, INTEGER)"}),
    js("key and value are those of a MAP", '{"m": {"1": {"p": 1}, "2": {"p": 2, "q": "2026-01-31"}}}\n',
       [{"a": 1, "p": 2, "q": "2026-01-31"}],
       hints("m MAP(STRING, STRUCT(p INT)), m.key INT, m.value.q VARCHAR"),
       sql="SELECT map_keys(m)[1] AS a, m[2].p AS p, m[2].q AS q FROM STREAM(src)"),
    js("key and value are fields where there is a STRUCT", '{"m": {"key": 1, "value": 2}}\n', [{"m": {"key": "1", "value": 2}}],
       hints("m.key VARCHAR")),
    js("a MAP stands inside of a list too", '{"l": [{"tags": {"a": "x"}}]}\n', [{"v": "x"}],
       hints("l.element.tags MAP(VARCHAR, VARCHAR)"), sql="SELECT l[1].tags['a'] AS v FROM STREAM(src)"),
    js("a name with a dot stands in quotes", '{"a.b": 1, "a": {"b": 2, "c.d": 3}}\n', [{"a.b": "1", "a": {"b": 2, "c.d": "3"}}],
       hints('"a.b" VARCHAR, a."c.d" VARCHAR')),
    js("a value that does not fit its hint is rescued by its path", '{"u": {"n": "many", "k": 1}}\n',
       [{"u": {"n": None, "k": 1}, "_rescued_data": rescued(u={"n": "many"})}], {"schema_hints": "u.n INT"}),
    js("a hint makes a text of objects a STRUCT", '{"u": {"n": 1}}\n', [{"u": {"n": 1}}],
       hints("u.n BIGINT", infer_column_types=False), types={"u": 'STRUCT("n" BIGINT)'}),
    js("a hint for a field of a list is refused", '{"l": [{"x": 1}]}\n', (), hints("l.x INT"),
       error=("SM0412", "`l.x`", "`….element.x`")),
    js("a hint for a field of a MAP is refused", '{"l": [{"x": 1}]}\n', (), hints("m MAP(VARCHAR, INT), m.x INT"),
       error=("SM0412", "`m.x`", "`key`")),
    Case("4.1", "a hint makes a STRUCT of the JSON in a CSV field", ("csv",), {"a.csv": 'u,l\n"{""n"": 1}","[1,2]"\n'},
         [{"u": {"n": 1}, "l": ["1", "2"]}], hints("u.n INT, l.element VARCHAR")),
    Case("4.1", "a hint adds fields to a STRUCT of Parquet", ("parquet",), {"a.parquet": parquet("SELECT {'n': 1} AS u, [{'x': 1}] AS l")},
         [{"u": {"n": 1, "more": None}, "l": [{"x": 1, "y": None}]}], hints("u.more DATE, l.element.y DATE")),
    Case("4.1", "a hint makes a part of Parquet a wider type", ("parquet",), {"a.parquet": parquet("SELECT {'n': 1::INTEGER} AS u")},
         [{"u": {"n": 1}}], hints("u.n BIGINT"), types={"u": 'STRUCT("n" BIGINT)'}),
    Case("4.1", "a part of Parquet that does not fit its hint is told", ("parquet",), {"a.parquet": parquet("SELECT {'n': 'x'} AS u")},
         (), hints("u.n INT"), error=('in/a.parquet', " is STRUCT(", "the schema in force has STRUCT(")),
]
