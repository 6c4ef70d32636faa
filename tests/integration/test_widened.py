# SPDX-License-Identifier: Apache-2.0
"""test_widened.py [--spark] -- a table whose columns took wider types, read by others at every version.

A version before the wider types has the old types, the ones after it have the new, and all have the same values.
With --spark delta-spark reads, else delta-rs and DuckDB.
"""
import decimal
import pathlib
import shutil
import sys
import unittest

import pyarrow
import pyarrow.parquet

import examples_lib as lib
import facts

SPARK = "--spark" in sys.argv
PIPELINE = """version: 1
pipeline: shop
schema: shop
storage: ./lake
sources:
  orders:
    type: files
    path: orders/*.parquet
    format: parquet
    schema_evolution_mode: add_new_columns_with_type_widening
    rescued_data_column: ""
tables:
  bronze: {from: orders}
"""
NARROW = {"i8": pyarrow.int8(), "i16": pyarrow.int16(), "i32": pyarrow.int32(), "d": pyarrow.int32(),
          "f": pyarrow.float32(), "m": pyarrow.int64(), "x": pyarrow.decimal128(5, 2)}
WIDE = {"i8": pyarrow.int16(), "i16": pyarrow.int32(), "i32": pyarrow.int64(), "d": pyarrow.float64(),
        "f": pyarrow.float64(), "m": pyarrow.decimal128(20, 0), "x": pyarrow.decimal128(8, 3)}
DELTA = {"i8": ("byte", "short"), "i16": ("short", "integer"), "i32": ("integer", "long"), "d": ("integer", "double"),
         "f": ("float", "double"), "m": ("long", "decimal(20,0)"), "x": ("decimal(5,2)", "decimal(8,3)")}


class Widened(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path("widened").resolve()
        shutil.rmtree(cls.folder, ignore_errors=True)
        (cls.folder / "orders").mkdir(parents=True)
        (cls.folder / "pipeline.yml").write_text(PIPELINE, encoding="utf-8")
        for k, types in enumerate((NARROW, WIDE, NARROW)):
            values = {n: decimal.Decimal(k) if pyarrow.types.is_decimal(t) else k for n, t in types.items()}
            table = pyarrow.table({"id": [k]} | {n: pyarrow.array([values[n]], t) for n, t in types.items()})
            pyarrow.parquet.write_table(table, cls.folder / f"orders/{k}.parquet")
            lib.smelt(cls.folder, "run", "-q")
        requests = [{"path": str(cls.folder / "lake/shop/bronze"), "versions": "all", "rows": True}]
        cls.answers = [a for program in lib.readers(SPARK) for a in lib.ask(program, requests)]

    def test_every_reader_sees_the_same_types_and_values(self):
        self.assertEqual([a for a in self.answers if "error" in a], [])
        self.assertEqual(list(facts.compare(self.answers)), [])

    def test_a_version_has_the_types_that_it_was_written_with(self):
        for answer in self.answers:
            types = dict(map(tuple, answer["schema"]))
            self.assertIn([types[n] for n in DELTA], [[t[which] for t in DELTA.values()] for which in (0, 1)])
        first, last = min(self.answers, key=lambda a: a["version"]), max(self.answers, key=lambda a: a["version"])
        self.assertEqual([dict(map(tuple, a["schema"]))["i32"] for a in (first, last)], ["integer", "long"])

    def test_rows_from_before_have_their_values_in_the_wider_types(self):
        newest = max(a["version"] for a in self.answers)
        for answer in self.answers:
            if answer["version"] == newest:
                self.assertEqual(sorted([float(v) for v in row] for row in answer["rows"]), [[float(k)] * 8 for k in range(3)])


if __name__ == "__main__":
    done = unittest.main(argv=sys.argv[:1], exit=False)
    facts.leave(0 if done.result.wasSuccessful() else 1)
