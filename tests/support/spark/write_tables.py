# SPDX-License-Identifier: Apache-2.0
"""write_tables.py FOLDER -- tables as only delta-spark writes them, for the reader of foreign tables.

FOLDER/<table> are the tables, FOLDER/expected/<table> the rows that Spark reads from each, as Parquet.
Run by the Python of build/deps/spark.  The tables of tests/integration/spark_tables.tar.gz are what this
wrote; pack them anew with

    build/deps/spark/bin/python3 tests/support/spark/write_tables.py tables
    tar -C tables --sort=name --owner=0 --group=0 -czf tests/integration/spark_tables.tar.gz .
"""
import glob
import os
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import read_spark  # noqa: E402

FEATURE = "spark.databricks.delta.properties.defaults."


class Writer:
    def __init__(self, spark, folder):
        self.spark, self.folder = spark, os.path.abspath(folder)

    def sql(self, *statements):
        for text in statements:
            self.spark.sql(text.format(d=self.folder))

    def create(self, name, columns, properties, partitions=""):
        given = ", ".join(f"'delta.{key}' = '{value}'" for key, value in properties.items())
        given = f"TBLPROPERTIES ({given})" if given else ""
        self.sql(f"CREATE TABLE delta.`{{d}}/{name}` ({columns}) USING delta {partitions} {given}")

    # --- Tables ---

    def deletions(self):
        """Deletion vectors in files, on top of each other; partition values of every kind."""
        self.create(
            "deletions",
            "id BIGINT, name STRING, day DATE, part STRING, price DECIMAL(10,2)",
            {"enableDeletionVectors": "true"},
            "PARTITIONED BY (day, part, price)",
        )
        self.sql(
            "INSERT INTO delta.`{d}/deletions` SELECT /*+ COALESCE(1) */ id, concat('n', id), DATE '2026-01-01' + CAST(id % 2 AS INT),"
            " CASE id % 3 WHEN 0 THEN 'a b/%=:é' WHEN 1 THEN NULL ELSE 'plain' END, CAST(id % 2 AS DECIMAL(10,2)) + 0.50"
            " FROM range(60)",
            "DELETE FROM delta.`{d}/deletions` WHERE id % 7 = 0",
            "DELETE FROM delta.`{d}/deletions` WHERE id BETWEEN 30 AND 40",
            "UPDATE delta.`{d}/deletions` SET name = 'new' WHERE id = 50",
        )

    def runs(self):
        """A deletion vector with runs and with bits: many rows of one file."""
        self.create("runs", "id BIGINT", {"enableDeletionVectors": "true"})
        self.sql(
            "INSERT INTO delta.`{d}/runs` SELECT /*+ COALESCE(1) */ id FROM range(200000)",
            "DELETE FROM delta.`{d}/runs` WHERE id < 70000 OR (id > 131072 AND id % 3 = 0) OR id = 100000",
        )

    def checkpoint_v2(self, kind):
        name = f"v2_{kind}"
        self.spark.conf.set("spark.databricks.delta.checkpointV2.topLevelFileFormat", kind)
        self.create(
            name, "id BIGINT, name STRING",
            {"checkpointPolicy": "v2", "checkpointInterval": "3", "enableDeletionVectors": "true"},
        )
        for i in range(4):
            self.sql(f"INSERT INTO delta.`{{d}}/{name}` SELECT /*+ COALESCE(1) */ id, '{i}' FROM range({10 * i}, {10 * i + 10})")
            if i == 1:
                self.sql(f"DELETE FROM delta.`{{d}}/{name}` WHERE id IN (3, 15)")
        self.cut(name)

    def cut(self, name):
        """As the clean-up of the log does: no commit before the newest checkpoint."""
        log = f"{self.folder}/{name}/_delta_log"
        last = max(int(os.path.basename(p)[:20]) for p in glob.glob(f"{log}/*.checkpoint*"))
        for path in glob.glob(f"{log}/*"):
            base = os.path.basename(path)
            if base[:20].isdigit() and int(base[:20]) < last:
                os.unlink(path)

    def parts(self):
        self.spark.conf.set("spark.databricks.delta.checkpoint.partSize", "3")
        self.create("parts", "id BIGINT", {"checkpointInterval": "5"})
        for i in range(7):
            self.sql(f"INSERT INTO delta.`{{d}}/parts` VALUES ({i})")
        self.spark.conf.unset("spark.databricks.delta.checkpoint.partSize")
        self.cut("parts")

    def mapped(self, mode):
        """Columns and fields that files call otherwise, renamed and dropped."""
        name = f"mapped_{mode}"
        self.create(
            name,
            "id BIGINT, old STRING, gone INT, s STRUCT<x: INT, y: STRUCT<z: STRING>>,"
            " l ARRAY<STRUCT<a: INT>>, m MAP<STRING, STRUCT<b: TIMESTAMP>>, part STRING",
            {"columnMapping.mode": mode, "enableDeletionVectors": "true"},
            "PARTITIONED BY (part)",
        )
        row = (
            "{id}, 'o{id}', {id}, named_struct('x', {id}, 'y', named_struct('z', 'z{id}')),"
            " array(named_struct('a', {id})), map('k', named_struct('b', TIMESTAMP '2026-01-01 00:00:0{id}')), '{part}'"
        )
        insert = f"INSERT INTO delta.`{{d}}/{name}` VALUES "
        self.sql(insert + ", ".join("(" + row.replace("{id}", str(i)).replace("{part}", "p q") + ")" for i in (1, 2)))
        table = f"delta.`{{d}}/{name}`"
        self.sql(
            f"ALTER TABLE {table} RENAME COLUMN old TO new",
            f"ALTER TABLE {table} RENAME COLUMN s.y.z TO deep",
            f"ALTER TABLE {table} RENAME COLUMN l.element.a TO c",
            f"ALTER TABLE {table} RENAME COLUMN part TO split",
            f"ALTER TABLE {table} DROP COLUMN gone",
            f"ALTER TABLE {table} ADD COLUMN (old STRING, `with space` INT)",
            f"INSERT INTO {table} (id, new, split, old, `with space`) VALUES (3, 'n3', NULL, 'o3', 7), (4, 'n4', 'r', NULL, 8)",
            f"DELETE FROM {table} WHERE id = 2",
        )

    def widened(self):
        self.create(
            "widened", "i INT, b TINYINT, f FLOAT, d DECIMAL(6,2), n DATE, s STRUCT<x: SMALLINT>, part INT",
            {"enableTypeWidening": "true", "feature.timestampNtz": "supported"}, "PARTITIONED BY (part)",
        )
        self.sql("INSERT INTO delta.`{d}/widened` VALUES (1, 2, 1.5, 3.25, DATE '2026-01-02', named_struct('x', 5S), 1)")
        for column, wide in (("i", "BIGINT"), ("b", "DOUBLE"), ("f", "DOUBLE"), ("d", "DECIMAL(12,4)"), ("n", "TIMESTAMP_NTZ"),
                             ("s.x", "BIGINT"), ("part", "BIGINT")):
            self.sql(f"ALTER TABLE delta.`{{d}}/widened` ALTER COLUMN {column} TYPE {wide}")
        self.sql(
            "INSERT INTO delta.`{d}/widened` VALUES (5000000000, 0.5, 1e300, 12345.6789,"
            " TIMESTAMP_NTZ '2026-01-02 03:04:05.678', named_struct('x', 5000000000), 6000000000)"
        )

    def times(self):
        """Instants in the oldest form of Parquet, beside times without a zone."""
        self.spark.conf.set("spark.sql.parquet.outputTimestampType", "INT96")
        self.create("times", "t TIMESTAMP, n TIMESTAMP_NTZ, p TIMESTAMP, q TIMESTAMP_NTZ", {}, "PARTITIONED BY (p, q)")
        self.sql(
            "INSERT INTO delta.`{d}/times` VALUES (TIMESTAMP '2026-01-02 03:04:05.678901', TIMESTAMP_NTZ '2026-01-02 03:04:05.678901',"
            " TIMESTAMP '2026-01-02 03:04:05', TIMESTAMP_NTZ '2026-01-02 03:04:05.5'), (NULL, NULL, NULL, NULL)"
        )
        self.spark.conf.set("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")

    def changes(self):
        """Version 1 and 2 add, 3 deletes with a vector, 4 adds, 5 updates, 6 compacts, 7 adds."""
        self.create("changes", "id BIGINT", {"enableDeletionVectors": "true"})
        table = "delta.`{d}/changes`"
        self.sql(
            f"INSERT INTO {table} SELECT /*+ COALESCE(1) */ id FROM range(0, 10)",
            f"INSERT INTO {table} SELECT /*+ COALESCE(1) */ id FROM range(10, 20)",
            f"DELETE FROM {table} WHERE id = 3",
            f"INSERT INTO {table} SELECT /*+ COALESCE(1) */ id FROM range(20, 30)",
            f"UPDATE {table} SET id = 100 WHERE id = 12",
            f"OPTIMIZE {table}",
            f"INSERT INTO {table} SELECT /*+ COALESCE(1) */ id FROM range(30, 40)",
        )

    def variants(self):
        self.create("variants", "id BIGINT, v VARIANT", {})
        self.sql("INSERT INTO delta.`{d}/variants` SELECT 1, parse_json('{{\"a\": 1}}')")

    # --- All ---

    def expect(self):
        for name in sorted(os.listdir(self.folder)):
            if name not in ("expected", "variants"):
                rows = self.spark.read.format("delta").load(f"{self.folder}/{name}")
                for column in rows.columns:
                    rows = rows.withColumnRenamed(column, column.replace(" ", "_"))
                rows.coalesce(1).write.parquet(f"{self.folder}/expected/{name}")

    def tidy(self):
        """Hadoop's checksums and empty marks are no part of a table."""
        for path in glob.glob(f"{self.folder}/**/.*.crc", recursive=True, include_hidden=True):
            os.unlink(path)
        for path in glob.glob(f"{self.folder}/expected/*/_SUCCESS"):
            os.unlink(path)


def main():
    folder = sys.argv[1]
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    with tempfile.TemporaryDirectory() as scratch:
        write(Writer(read_spark.session(scratch), folder))


def write(writer):
    writer.spark.conf.set("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
    writer.deletions()
    writer.runs()
    writer.checkpoint_v2("json")
    writer.checkpoint_v2("parquet")
    writer.parts()
    writer.mapped("name")
    writer.mapped("id")
    writer.widened()
    writer.times()
    writer.changes()
    writer.variants()
    writer.expect()
    writer.tidy()


if __name__ == "__main__":
    main()
