# SPDX-License-Identifier: Apache-2.0
"""autoloader_lib.py -- one row of the tables of Auto Loader's behaviours, and files to feed it with."""
import dataclasses
import gzip
import os
import tempfile

import duckdb


@dataclasses.dataclass(frozen=True)
class Case:
    section: str  # of the reference on Auto Loader that the row follows
    name: str
    formats: tuple  # of json, csv, parquet, text: the row is checked for each
    files: dict  # {name: text or bytes}, in the order of their age; or {format: such a dict}
    rows: object = ()  # of the table, as dicts in any order; or {format: such a list}
    options: dict = dataclasses.field(default_factory=dict)  # of the source
    schema: tuple = ()  # (name, type) of the columns, if the user wrote them
    sql: str = ""  # of the table; all of the source without
    types: dict = None  # {column: type} of the table
    undecodable: int = 0
    error: tuple = ()  # words of the message of the run that fails

    def files_of(self, form):
        files = self.files[form] if form in self.files else self.files
        return {name: content() if callable(content) else content for name, content in files.items()}

    def rows_of(self, form):
        return self.rows[form] if isinstance(self.rows, dict) else self.rows


def written(sql, how):
    """The file that DuckDB writes of a query."""
    def make():
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "file")
            duckdb.sql(f"COPY ({sql}) TO '{path}' ({how})")
            with open(path, "rb") as f:
                return f.read()
    return make


def parquet(sql):
    return written(sql, "FORMAT parquet")


def gz(text):
    return gzip.compress(text if isinstance(text, bytes) else text.encode(), mtime=0)


def zst(rows_sql, form="json"):
    return written(rows_sql, f"FORMAT {form}, COMPRESSION zstd")
