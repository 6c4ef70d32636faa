# SPDX-License-Identifier: Apache-2.0
"""autoloader_csv.py -- the options of CSV."""
from autoloader_lib import Case, gz

AB = (("a", "BIGINT"), ("b", "VARCHAR"))
DROP = {"on_decode_error": "drop"}


def csv(section, name, text, rows, options=None, schema=AB, **more):
    files = text if isinstance(text, dict) else {"a.csv": text}
    return Case(section, name, ("csv",), files, rows, options or {}, schema, **more)


CASES = [
    # ---- header and lines ----
    csv("4.5", "the header names the fields in any order", "b,a\nx,1\n", [{"a": 1, "b": "x"}]),
    csv("4.5", "each file has its own header", {"a.csv": "b,a\nx,1\n", "b.csv": "a,b\n2,y\n"},
        [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]),
    csv("4.5", "without header the fields are the columns in their order", "1,x\n2,y\n",
        [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}], {"header": False}),
    csv("4.5", "without header inferred columns are numbered", "1,x\n", [{"column_0": 1, "column_1": "x"}],
        {"header": False}, ()),
    csv("4.5", "skip_rows passes over lines before the header", "# made by x\n\"\n\na,b\n1,x\n",
        [{"a": 1, "b": "x"}], {"skip_rows": 3}),
    csv("4.5", "skip_rows counts in each file", {"a.csv": "x\na,b\n1,x\n", "b.csv": "y\na,b\n2,y\n"},
        [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}], {"skip_rows": 1}),
    csv("4.5", "skip_rows beyond the end leaves nothing", {"a.csv": "a,b\n1,x\n", "b.csv": "1\n2\na,b\n2,y\n"},
        [{"a": 2, "b": "y"}], {"skip_rows": 2}),
    csv("4.5", "skip_rows of a compressed file", {"a.csv.gz": gz("x\na,b\n1,x\n")}, [{"a": 1, "b": "x"}],
        {"skip_rows": 1}),
    csv("4.5", "skip_rows of an inferred schema", "x\ny\na,b\n1,x\n", [{"a": 1, "b": "x"}], {"skip_rows": 2}, ()),
    csv("4.5", "comment lines are no records and no header", "#a\n#b\na,b\n1,x\n#2,y\n3,#z\n",
        [{"a": 1, "b": "x"}, {"a": 3, "b": "#z"}], {"comment": "#"}),
    csv("4.5", "without comment a number sign is data", "a,b\n1,x\n#2,y\n", [{"a": 1, "b": "x"}], DROP, undecodable=1),
    csv("4.5", "comments are passed over by inference", "#x\na,b\n1,x\n#\n", [{"a": 1, "b": "x"}], {"comment": "#"}, ()),
    csv("4.5", "lines end with a newline or with both", "a,b\r\n1,x\r\n\r\n2,\"y\"\r\n3,z",
        [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}, {"a": 3, "b": "z"}]),
    csv("4.5", "a byte order mark is no part of the first name", b"\xef\xbb\xbfa,b\n1,x\n", [{"a": 1, "b": "x"}]),
    csv("4.5", "encoding is UTF-8 and nothing else", "a\n1\n", [], {"encoding": "latin1"},
        error=("encoding", "UTF-8")),

    # ---- separators and quotes ----
    csv("4.5", "sep is any one character", "a;b\n1;\"x;y\"\n", [{"a": 1, "b": "x;y"}], {"sep": ";"}),
    csv("4.5", "sep may be a tab", "a\tb\n1\tx y\n", [{"a": 1, "b": "x y"}], {"sep": "\\t"}),
    csv("4.5", "sep of several characters is refused", "a||b\n", [], {"sep": "||"}, error=("sep", "one character")),
    csv("4.5", "quote is any one character", "a,b\n1,'x,''y'''\n", [{"a": 1, "b": "x,'y'"}],
        {"quote": "'", "escape": "'"}),
    csv("4.5", "an empty quote quotes nothing", 'a,b\n1,"x\n', [{"a": 1, "b": '"x'}], {"quote": ""}),
    csv("4.5", "escape may be a backslash", 'a,b\n1,"x\\"y\\\\z"\n', [{"a": 1, "b": 'x"y\\z'}], {"escape": "\\"}),
    csv("4.5", "text behind a closing quote makes a record undecodable", 'a,b\n1,"x"y\n2,z\n', [{"a": 2, "b": "z"}],
        DROP, undecodable=1),

    # ---- values ----
    csv("4.5", "null_value is NULL unless it is quoted", 'a,b\n1,NA\n2,"NA"\nNA,x\n',
        [{"a": 1, "b": None}, {"a": 2, "b": "NA"}, {"a": None, "b": "x"}], {"null_value": "NA"}),
    csv("4.5", "an empty field is NULL and an empty text in quotes is empty", 'a,b\n1,\n2,""\n,x\n',
        [{"a": 1, "b": None}, {"a": 2, "b": ""}, {"a": None, "b": "x"}]),
    csv("4.5", "empty_value is what empty quotes stand for", 'a,b\n1,""\n2,\n',
        [{"a": 1, "b": "(none)"}, {"a": 2, "b": None}], {"empty_value": "(none)"}),
    csv("4.5", "white space belongs to a text and not to a number", "a,b\n 1 , x \n", [{"a": 1, "b": " x "}]),
    csv("4.5", "white space can be trimmed before a field", "a,b\n1, x \n2, \"y\"\n",
        [{"a": 1, "b": "x "}, {"a": 2, "b": "y"}], {"ignore_leading_white_space": True}),
    csv("4.5", "white space can be trimmed behind a field", 'a,b\n1, x \n2,"y " \n',
        [{"a": 1, "b": " x"}, {"a": 2, "b": "y "}], {"ignore_trailing_white_space": True}),
    csv("4.5", "names of infinities and of what is no number", "x\nnope\nplus\nminus\nNaN\nInfinity\n1.5\n",
        [{"x": x} for x in ("NaN", "Infinity", "-Infinity", "NaN", "Infinity", "1.5")],
        {"nan_value": "nope", "positive_inf": "plus", "negative_inf": "minus"}, (("x", "DOUBLE"),),
        sql="SELECT CASE WHEN isnan(x) THEN 'NaN' WHEN isinf(x) AND x > 0 THEN 'Infinity' "
            "WHEN isinf(x) THEN '-Infinity' ELSE CAST(x AS VARCHAR) END AS x FROM STREAM(src)"),
    csv("4.5", "infer_column_types false makes texts", "a,b\n1,2026-01-01\n", [{"a": "1", "b": "2026-01-01"}],
        {"infer_column_types": False}, ()),

    # ---- ragged lines ----
    csv("4.5", "a record with too few or too many fields is undecodable", "a,b\n1,x\n2\n3,y,z\n4,w\n",
        [{"a": 1, "b": "x"}, {"a": 4, "b": "w"}], DROP, undecodable=2),
    csv("4.4", "ragged records are undecodable with rescued data too", "a,b\n1,x\n2\n3,y,z\n",
        [{"a": 1, "b": "x", "_rescued_data": None}], {**DROP, "rescued_data_column": "_rescued_data"}, undecodable=2),

    # ---- several lines ----
    csv("4.5", "a newline inside quotes ends the record", 'a,b\n1,"x\ny"\n2,z\n', [{"a": 2, "b": "z"}], DROP,
        undecodable=2),
    csv("4.5", "with multi_line a newline inside quotes is data", 'a,"b"\n1,"x\n\ny ""q"""\n2,z\n3,"\r\n"\n',
        [{"a": 1, "b": 'x\n\ny "q"'}, {"a": 2, "b": "z"}, {"a": 3, "b": "\r\n"}], {"multi_line": True}),
    csv("4.5", "with multi_line the header may have newlines", '"a",b\n1,"x\ny"\n', [{"a": 1, "b": "x\ny"}],
        {"multi_line": True}, ()),
    csv("4.5", "with multi_line a bad record costs only itself", 'a,b\n1,"x\ny",z\n2,"p\nq"\n3,"r"s\n4,t\n',
        [{"a": 2, "b": "p\nq"}, {"a": 4, "b": "t"}], {"multi_line": True, **DROP}, undecodable=2),
    csv("4.5", "with multi_line a quote that stays open takes the rest of the file", {
        "a.csv": 'a,b\n1,x\n2,"y\n3,z\n', "b.csv": "a,b\n4,w\n"},
        [{"a": 1, "b": "x"}, {"a": 4, "b": "w"}], {"multi_line": True, **DROP}, undecodable=1),
    csv("4.5", "with multi_line a corrupt record is kept whole", 'a,b\n1,"x\ny",z\n2,p\n',
        [{"a": None, "b": None, "bad": '1,"x\ny",z'}, {"a": 2, "b": "p", "bad": None}],
        {"multi_line": True, "corrupt_record_column": "bad"}),
    csv("4.5", "with multi_line records cross the blocks of a file",
        "a,b\n" + "".join(f'{i},"{"x" * 300}\n{i}"\n' for i in range(1000)),
        [{"a": i, "b": "x" * 300 + f"\n{i}"} for i in range(1000)], {"multi_line": True}),
]
