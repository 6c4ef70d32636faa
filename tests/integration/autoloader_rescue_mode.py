# SPDX-License-Identifier: Apache-2.0
"""autoloader_rescue_mode.py -- schema_evolution_mode: rescue."""
from autoloader_lib import Case, parquet
from autoloader_rescued import rescued

RESCUE = {"schema_evolution_mode": "rescue"}
A = (("a", "BIGINT"),)
MORE = {"json": {"a.json": '{"a": 1}\n{"a": "x", "b": 2}\n{"a": null, "s": {"k": [1]}}\n'},
        "csv": {"a.csv": "a,b,s\n1,,\nx,2,\n,,k\n"},
        "parquet": {"a.parquet": parquet("SELECT 1::BIGINT AS a"),
                    "b.parquet": parquet("SELECT 'x' AS a, 2 AS b"),
                    "c.parquet": parquet("SELECT NULL::BIGINT AS a, {'k': [1]} AS s")}}
KEPT = {"json": [{"a": 1, "_rescued_data": None}, {"a": None, "_rescued_data": rescued(a="x", b=2)},
                 {"a": None, "_rescued_data": '{"s":{"k": [1]},"_file_path":"in/a.json"}'}],
        "csv": [{"a": 1, "_rescued_data": None}, {"a": None, "_rescued_data": rescued("in/a.csv", a="x", b="2")},
                {"a": None, "_rescued_data": rescued("in/a.csv", s="k")}],
        "parquet": [{"a": 1, "_rescued_data": None},
                    {"a": None, "_rescued_data": rescued("in/b.parquet", b=2, a="x")},
                    {"a": None, "_rescued_data": rescued("in/c.parquet", s={"k": [1]})}]}

CASES = [
    Case("4.3", "rescue keeps new fields and values of another type with their row", ("json", "csv", "parquet"),
         MORE, KEPT, RESCUE, A),
    Case("4.3", "rescue has the column also with a schema that does not name it", ("json", "csv", "parquet"),
         {"json": {"a.json": '{"a": 1}'}, "csv": {"a.csv": "a\n1\n"}, "parquet": {"a.parquet": parquet("SELECT 1 AS a")}},
         [{"a": 1, "_rescued_data": None}], RESCUE, A, types={"a": "BIGINT", "_rescued_data": "VARCHAR"}),
    Case("4.3", "rescue takes the name of the column from its option", ("json",), {"a.json": '{"a": 1, "b": 2}'},
         [{"a": 1, "rest": rescued(b=2)}], {**RESCUE, "rescued_data_column": "rest"}, A),
    Case("4.3", "rescue without a column for rescued data is refused", ("json", "csv", "parquet"), {"a.json": ""},
         options={**RESCUE, "rescued_data_column": ""}, error=("SM0411", "`rescued_data_column: \"\"`")),
    Case("4.3", "rescue keeps a name in another case", ("json",), {"a.json": '{"A": 2}\n'},
         [{"a": None, "_rescued_data": rescued(A=2)}], RESCUE, A),
    Case("4.3", "with rescue only what is no record is undecodable", ("json",), {"a.json": '{"a": "x"}\n{"a"\n'},
         [{"a": None, "_rescued_data": rescued(a="x")}], {**RESCUE, "on_decode_error": "drop"}, A, undecodable=1),
    Case("4.3", "rescue infers columns as ever", ("json", "csv"),
         {"json": {"a.json": '{"a": 1, "b": "x"}\n'}, "csv": {"a.csv": "a,b\n1,x\n"}},
         [{"a": 1, "b": "x", "_rescued_data": None}], RESCUE),
]
