# SPDX-License-Identifier: Apache-2.0
"""read_duckdb_delta.py -- DuckDB's delta extension (delta-kernel) as a reader; see facts.py.

Its types are DuckDB's, so the schema is taken from delta-rs and the values from here.
"""
import json
import os

import duckdb
import duckdb_extension_delta
from deltalake import DeltaTable

import facts


def connect():
    folder = os.path.dirname(duckdb_extension_delta.__file__)
    con = duckdb.connect(config={"allow_unsigned_extensions": "true", "autoinstall_known_extensions": "false"})
    con.execute(f"LOAD '{folder}/extensions/v{duckdb.__version__}/delta.duckdb_extension'")
    con.execute("SET TimeZone = 'UTC'")
    return con


CONNECTION = connect()


def read(request, version):
    table = DeltaTable(request["path"], version=version)
    fields = json.loads(table.schema().to_json())["fields"]
    path = request["path"].replace("'", "''")
    columns = ", ".join('"' + f["name"].replace('"', '""') + '"' for f in fields)
    rows = CONNECTION.execute(f"SELECT {columns} FROM delta_scan('{path}', version := {int(version)})").fetchall()
    return facts.facts("duckdb", request, version, fields, table.metadata().partition_columns, rows)


if __name__ == "__main__":
    facts.serve("duckdb", facts.log_versions, read)
    facts.leave()
