# SPDX-License-Identifier: Apache-2.0
"""autoloader_compression.py -- compressed files."""
from autoloader_lib import Case, gz, parquet, written, zst

JSON = '{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}\n{"a": 3}\n'
CSV = "a,b\n1,x\n2,y\n3,\n"
LINES = "one\ntwo\n"
ROWS = [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}, {"a": 3, "b": None}]

CASES = [
    Case("4.1", "gz files are unpacked by their name", ("json", "csv", "text"),
         {"json": {"a.json.gz": gz(JSON)}, "csv": {"a.csv.gz": gz(CSV)}, "text": {"a.txt.gz": gz(LINES)}},
         {"json": ROWS, "csv": ROWS, "text": [{"value": "one"}, {"value": "two"}]}),
    Case("4.1", "zst files are unpacked by their name", ("json", "csv"),
         {"json": {"a.json.zst": zst("SELECT range AS a, 'x' AS b FROM range(1000)")},
          "csv": {"a.csv.zst": zst("SELECT range AS a, 'x' AS b FROM range(1000)", "csv")}},
         [{"a": a, "b": "x"} for a in range(1000)], options={"rescued_data_column": ""},
         types={"a": "BIGINT", "b": "VARCHAR"}),
    Case("4.1", "parquet compresses inside", ("parquet",),
         {"a.parquet": parquet("SELECT 1::BIGINT AS a"),
          "b.parquet": written("SELECT 2::BIGINT AS a", "FORMAT parquet, COMPRESSION zstd")},
         [{"a": 1}, {"a": 2}]),
    Case("4.1", "packed and plain files stand side by side", ("json",),
         {"a.json": '{"a": 1}', "b.json.gz": gz('{"a": 2}'), "c.json.zst": zst("SELECT 3 AS a")},
         [{"a": 1}, {"a": 2}, {"a": 3}]),
    Case("4.1", "gzip members one behind the other are one text", ("json",),
         {"a.json.gz": gz('{"a": 1}\n{"a"') + gz(': 2}\n') + b"\0" * 100}, [{"a": 1}, {"a": 2}]),
    Case("4.1", "zstd frames one behind the other are one text", ("json",),
         {"a.json.zst": lambda: zst("SELECT 1 AS a")() + zst("SELECT 2 AS a")()}, [{"a": 1}, {"a": 2}]),
    Case("4.1", "an empty file has no rows whatever its name", ("json",),
         {"a.json.gz": b"", "b.json.zst": b"", "c.json": '{"a": 1}'}, [{"a": 1}]),
    Case("4.2", "a truncated gzip file is named", ("json", "csv"),
         {"json": {"a.json": '{"a": 1, "b": "x"}', "b.json.gz": gz(JSON * 5000)[:-20]},
          "csv": {"a.csv": "a,b\n1,x\n", "b.csv.gz": gz(CSV * 5000)[:-20]}},
         options={"on_decode_error": "fail"},
         error=(".gz:", "ends before its compressed data does", "on_decode_error")),
    Case("4.2", "under drop a truncated gzip file costs its tail and no other file", ("json",),
         {"a.json": '{"a": 1}', "b.json.gz": gz('{"a": 2}\n{"a": 3')[:-8], "c.json": '{"a": 4}'},
         [{"a": 1}, {"a": 2}, {"a": 4}], {"on_decode_error": "drop"}, undecodable=1),
    Case("4.2", "a damaged zst file is named", ("json",),
         {"a.json": '{"a": 1}', "b.json.zst": b"no zstd at all"}, options={"on_decode_error": "fail"},
         error=("b.json.zst:1", "zstd data is damaged")),
    Case("4.2", "what only calls itself gzip is no record", ("csv",),
         {"a.csv": "a\n1\n", "b.csv.gz": "a\n2\n"}, [{"a": 1}], {"on_decode_error": "drop"}, undecodable=1),
    Case("4.2", "a file that becomes more than 200 times its size is stopped there", ("json",),
         {"a.json": '{"a": 1}', "b.json.gz": gz('{"a": 2}\n' + (" " * 999 + "\n") * 40000 + '{"a": 3}\n')},
         options={"on_decode_error": "fail"}, error=("b.json.gz", "more than 200 times its size")),
    Case("4.1", "other compressions are refused by name", ("json",),
         {"a.json.bz2": b"BZh9"}, error=("a.json.bz2", "`.gz` and `.zst`")),
]
