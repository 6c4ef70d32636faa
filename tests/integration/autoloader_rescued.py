# SPDX-License-Identifier: Apache-2.0
"""autoloader_rescued.py -- the columns for rescued data and for corrupt records."""
import json

from autoloader_lib import Case, parquet


def rescued(file="in/a.json", **fields):
    """The value of the column, in the order in which fields are met."""
    return json.dumps({**fields, "_file_path": file}, separators=(",", ":"))


ABC = {"json": {"a.json": '{"a": 1, "b": "x"}\n'}, "csv": {"a.csv": "a,b\n1,x\n"},
       "parquet": {"a.parquet": parquet("SELECT 1::BIGINT AS a, 'x' AS b")}}
EXPLICIT = {"rescued_data_column": "_rescued_data"}
A = (("a", "BIGINT"),)
AB = (("a", "BIGINT"), ("b", "DOUBLE"))

CASES = [
    # ---- when there is one ----
    Case("4.4", "an inferred schema has the column and a clean row is NULL in it", ("json", "csv", "parquet"), ABC,
         [{"a": 1, "b": "x", "_rescued_data": None}],
         types={"a": "BIGINT", "b": "VARCHAR", "_rescued_data": "VARCHAR"}),
    Case("4.4", "the column may have another name", ("json", "csv", "parquet"), ABC,
         [{"a": 1, "b": "x", "rest": None}], {"rescued_data_column": "rest"}),
    Case("4.4", "without a name there is no such column", ("json", "csv", "parquet"), ABC,
         [{"a": 1, "b": "x"}], {"rescued_data_column": ""}),
    Case("4.4", "a declared schema has the column only if it is named", ("json", "csv", "parquet"), ABC,
         [{"a": 1}], schema=A),
    Case("4.4", "what a declared schema does not name is lost without the column and rescued with it", ("json", "csv"),
         ABC, {"json": [{"a": 1, "_rescued_data": rescued(b="x")}],
               "csv": [{"a": 1, "_rescued_data": rescued("in/a.csv", b="x")}]}, EXPLICIT, A),
    Case("4.4", "what a declared schema does not name is lost without the column and rescued with it", ("parquet",),
         ABC, [{"a": 1, "_rescued_data": rescued("in/a.parquet", b="x")}], EXPLICIT, A),
    Case("4.4", "a text source has none", ("text",), {"a.txt": "x\n"}, [{"value": "x"}]),
    Case("4.4", "data that has a field of that name is told", ("json",), {"a.json": '{"_rescued_data": "x"}'},
         error=("_rescued_data", "`rescued_data_column`")),
    Case("4.4", "a field of that name does not feed the column", ("json",),
         {"a.json": '{"a": 1, "_rescued_data": "x"}'}, [{"a": 1, "_rescued_data": rescued(_rescued_data="x")}],
         EXPLICIT, A),

    # ---- values that do not fit ----
    Case("4.4", "a value of another type is NULL in its column and rescued", ("json",),
         {"a.json": '{"a": 1, "b": "$100.00"}\n{"a": "x1", "b": 2}\n{"a": 3.5, "b": [1, {"c":  null}]}\n'},
         [{"a": 1, "b": None, "_rescued_data": rescued(b="$100.00")},
          {"a": None, "b": 2.0, "_rescued_data": rescued(a="x1")},
          {"a": None, "b": None,
           "_rescued_data": '{"a":3.5,"b":[1, {"c":  null}],"_file_path":"in/a.json"}'}], EXPLICIT, AB),
    Case("4.4", "a value of another type is NULL in its column and rescued", ("csv",),
         {"a.csv": 'a,b\n1,$100.00\n x1 ,2\n,"a ""b"""\n'},
         [{"a": 1, "b": None, "_rescued_data": rescued("in/a.csv", b="$100.00")},
          {"a": None, "b": 2.0, "_rescued_data": rescued("in/a.csv", a=" x1 ")},
          {"a": None, "b": None, "_rescued_data": rescued("in/a.csv", b='a "b"')}], EXPLICIT, AB),
    Case("4.4", "a column of another type is NULL and rescued", ("parquet",),
         {"a.parquet": parquet("SELECT 1::BIGINT AS a, '$100.00' AS b UNION ALL SELECT 2, NULL"),
          "b.parquet": parquet("SELECT 3::INTEGER AS a, 1.5::FLOAT AS b")},
         [{"a": 1, "b": None, "_rescued_data": rescued("in/a.parquet", b="$100.00")},
          {"a": 2, "b": None, "_rescued_data": None}, {"a": 3, "b": 1.5, "_rescued_data": None}], EXPLICIT, AB),
    Case("4.4", "without the column a value of another type makes the record undecodable", ("json",),
         {"a.json": '{"a": 1, "b": "$100.00"}\n{"a": 2, "b": 2}\n'}, [{"a": 2, "b": 2.0}],
         {"on_decode_error": "drop"}, AB, undecodable=1),
    Case("4.4", "without the column a value of another type makes the record undecodable", ("csv",),
         {"a.csv": "a,b\n1,$100.00\n2,2\n"}, [{"a": 2, "b": 2.0}], {"on_decode_error": "drop"}, AB, undecodable=1),
    Case("4.4", "without the column a column of another type is an error", ("parquet",),
         {"a.parquet": parquet("SELECT 'x' AS a")}, schema=A, error=("a.parquet", "VARCHAR", "BIGINT")),
    Case("4.4", "an escaped value is rescued as it was written", ("json",),
         {"a.json": '{"a": "x\\n\\u00e9\\"", "b": 1}\n'},
         [{"a": None, "b": 1.0, "_rescued_data": '{"a":"x\\n\\u00e9\\"","_file_path":"in/a.json"}'}], EXPLICIT, AB),
    Case("4.4", "a query that reads the column alone sees what did not fit", ("json",),
         {"a.json": '{"a": "x", "b": 1}\n'}, [{"r": rescued(a="x")}], EXPLICIT, AB,
         sql="SELECT _rescued_data AS r FROM STREAM(src)"),
    Case("4.4", "types fit as ever: numbers in quotes and whole doubles", ("json",),
         {"a.json": '{"a": "7", "b": "1.5"}\n{"a": 8.0, "b": 2}\n'},
         [{"a": 7, "b": 1.5, "_rescued_data": None}, {"a": 8, "b": 2.0, "_rescued_data": None}], EXPLICIT, AB),

    # ---- fields that no column has ----
    Case("4.4", "fields that no column has are rescued as they were written", ("json",),
         {"a.json": '{"x": {"y": [1,  2]}, "a": 1, "z": "q\\u0041"}\n{"a": 2, "x": null}\n{"a": 3}\n'},
         [{"a": 1, "_rescued_data": '{"x":{"y": [1,  2]},"z":"q\\u0041","_file_path":"in/a.json"}'},
          {"a": 2, "_rescued_data": None}, {"a": 3, "_rescued_data": None}], EXPLICIT, A),
    Case("4.4", "fields that no column has are rescued as text", ("csv",),
         {"a.csv": "a,x,z\n1,2,q\n2,,\n3,,z\n"},
         [{"a": 1, "_rescued_data": rescued("in/a.csv", x="2", z="q")}, {"a": 2, "_rescued_data": None},
          {"a": 3, "_rescued_data": rescued("in/a.csv", z="z")}], EXPLICIT, A),
    Case("4.4", "fields that no column has are rescued as JSON", ("parquet",),
         {"a.parquet": parquet("SELECT 1::BIGINT AS a, {'y': [1, 2]} AS x, 'q' AS \"z 1\" "
                               "UNION ALL SELECT 2, NULL, NULL")},
         [{"a": 1, "_rescued_data": rescued("in/a.parquet", **{"x": {"y": [1, 2]}, "z 1": "q"})},
          {"a": 2, "_rescued_data": None}], EXPLICIT, A),
    Case("4.4", "a name in another case is rescued", ("json",),
         {"a.json": '{"a": 1}\n{"A": 2}\n'},
         [{"a": 1, "_rescued_data": None}, {"a": None, "_rescued_data": rescued(A=2)}], EXPLICIT, A),
    Case("4.4", "a name in another case is rescued", ("csv",),
         {"a.csv": "a,b\n1,2\n", "b.csv": "A,b\n2,3\n"},
         [{"a": 1, "b": 2.0, "_rescued_data": None},
          {"a": None, "b": 3.0, "_rescued_data": rescued("in/b.csv", A="2")}], EXPLICIT, AB),
    Case("4.4", "a name in another case is rescued", ("parquet",),
         {"a.parquet": parquet("SELECT 1::BIGINT AS a"), "b.parquet": parquet("SELECT 2::BIGINT AS \"A\"")},
         [{"a": 1, "_rescued_data": None}, {"a": None, "_rescued_data": rescued("in/b.parquet", A=2)}], EXPLICIT, A),

    # ---- inside nested columns ----
    Case("4.4", "inside a struct a field is rescued with its path", ("json",),
         {"a.json": '{"s": {"x": 1, "new": true, "t": {"y": "no", "z": 3}}, "a": 1}\n{"s": {"x": 2}, "a": 2}\n'},
         [{"a": 1, "x": 1, "y": None, "_rescued_data": rescued(s={"new": True, "t": {"z": 3, "y": "no"}})},
          {"a": 2, "x": 2, "y": None, "_rescued_data": None}], EXPLICIT,
         (("a", "BIGINT"), ("s", "STRUCT(x BIGINT, t STRUCT(y BIGINT))")),
         sql="SELECT a, s.x, s.t.y, _rescued_data FROM STREAM(src)"),
    Case("4.4", "a list in which something does not fit is rescued whole", ("json",),
         {"a.json": '{"l": [1, "x"], "m": {"k": 1}}\n{"l": [1], "m": {"k": {}}}\n{"l": [2], "m": {"k": 2}}\n'},
         [{"l": None, "k": 1, "_rescued_data": '{"l":[1, "x"],"_file_path":"in/a.json"}'},
          {"l": 1, "k": None, "_rescued_data": '{"m":{"k": {}},"_file_path":"in/a.json"}'},
          {"l": 2, "k": 2, "_rescued_data": None}], EXPLICIT,
         (("l", "BIGINT[]"), ("m", "MAP(VARCHAR, BIGINT)")),
         sql="SELECT l[1] AS l, m['k'] AS k, _rescued_data FROM STREAM(src)"),
    Case("4.4", "a new field inside a list keeps the list and rescues it", ("json",),
         {"a.json": '{"l": [{"x": 1, "y": 2}, {"x": 3}]}\n'},
         [{"a": 1, "b": 3, "_rescued_data": '{"l":[{"x": 1, "y": 2}, {"x": 3}],"_file_path":"in/a.json"}'}], EXPLICIT,
         (("l", "STRUCT(x BIGINT)[]"),), sql="SELECT l[1].x AS a, l[2].x AS b, _rescued_data FROM STREAM(src)"),

    # ---- corrupt records ----
    Case("4.4", "only what is no record is undecodable beside the column", ("json",),
         {"a.json": '{"a": "x"}\n{"a": \n{"a": 1} 2\n'}, [{"a": None, "_rescued_data": rescued(a="x")}],
         {**EXPLICIT, "on_decode_error": "drop"}, A, undecodable=2),
    Case("4.4", "the text of a corrupt record stays in its column", ("json",),
         {"a.json": '{"a": 1}\n{"a": "\\u0041", \r\n[1]\n{"a": 2}\n'},
         [{"a": 1, "bad": None}, {"a": 2, "bad": None}, {"a": None, "bad": '{"a": "\\u0041", '},
          {"a": None, "bad": "[1]"}], {"corrupt_record_column": "bad"}, A),
    Case("4.4", "the text of a corrupt record stays in its column", ("csv",),
         {"a.csv": b'a,b\n1,1\n2\n3,3,3\n"4,4\n\xff,5\n6,6\n'},
         [{"a": 1, "b": 1.0, "bad": None}, {"a": None, "b": None, "bad": "2"}, {"a": None, "b": None, "bad": "3,3,3"},
          {"a": None, "b": None, "bad": '"4,4'}, {"a": None, "b": None, "bad": "\ufffd,5"},
          {"a": 6, "b": 6.0, "bad": None}], {"corrupt_record_column": "bad"}, AB),
    Case("4.4", "a value of another type is corrupt when it cannot be rescued", ("json",),
         {"a.json": '{"a": "x"}\n'}, [{"a": None, "bad": '{"a": "x"}'}], {"corrupt_record_column": "bad"}, A),
    Case("4.4", "an inferred schema has both columns behind the data", ("json",),
         {"a.json": '{"a": 1}\n{"a"\n'},
         [{"a": 1, "_corrupt_record": None, "_rescued_data": None},
          {"a": None, "_corrupt_record": '{"a"', "_rescued_data": None}],
         {"corrupt_record_column": "_corrupt_record"}),
]
