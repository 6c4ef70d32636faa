# SPDX-License-Identifier: Apache-2.0
"""read_spark.py -- delta-spark as a reader: one session for all tables; see ../oracles/facts.py.

Run by the Python of build/deps/spark; the jars lie in build/deps/spark-jars (or $SM_SPARK_JARS).
With $SM_S3_ENDPOINT, the server of ../versitygw, it reads s3a:// too, by the jars of spark-s3-jars.
"""
import glob
import json
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "oracles"))

from pyspark.sql import SparkSession  # noqa: E402

import facts  # noqa: E402

JARS = os.environ.get("SM_SPARK_JARS") or os.path.join(ROOT, "build", "deps", "spark-jars")
SETTINGS = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.databricks.delta.snapshotPartitions": "1",
    "spark.sql.shuffle.partitions": "1",
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.memory": "1g",
    "spark.sql.session.timeZone": "UTC",
    "spark.driver.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Duser.timezone=UTC",
}
S3_JARS = os.path.join(ROOT, "build", "deps", "spark-s3-jars")
S3_SETTINGS = {
    "spark.hadoop.fs.s3a.access.key": "smelt",
    "spark.hadoop.fs.s3a.secret.key": "smelt-secret",
    "spark.hadoop.fs.s3a.aws.credentials.provider": "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider",
    "spark.hadoop.fs.s3a.endpoint.region": "us-east-1",
    "spark.hadoop.fs.s3a.path.style.access": "true",
    "spark.hadoop.fs.s3a.input.stream.type": "classic",
}


def with_s3(builder, jars):
    endpoint = os.environ.get("SM_S3_ENDPOINT")
    if endpoint is None:
        return builder
    more = glob.glob(os.path.join(S3_JARS, "*.jar"))
    if not more:
        sys.exit(f"no jars in {S3_JARS}: run scripts/setup --all-tests")
    jars += more
    builder = builder.config("spark.hadoop.fs.s3a.endpoint", endpoint)
    for key, setting in S3_SETTINGS.items():
        builder = builder.config(key, setting)
    return builder


def session(folder):
    jars = [jar for form in ("delta-*.jar", "unitycatalog-*.jar") for jar in glob.glob(os.path.join(JARS, form))]
    if not jars:
        sys.exit(f"no delta jars in {JARS}: run scripts/setup --all-tests")
    builder = SparkSession.builder.master("local[2]").appName("smelt-tests")
    builder = with_s3(builder, jars)
    builder = builder.config("spark.jars", ",".join(sorted(jars)))
    builder = builder.config("spark.sql.warehouse.dir", os.path.join(folder, "warehouse"))
    builder = builder.config("spark.local.dir", folder)
    for key, setting in SETTINGS.items():
        builder = builder.config(key, setting)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def main():
    os.environ["TZ"] = "UTC"
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        spark = session(folder)

        def sql(text, path):
            quoted = path.replace("`", "``")
            return spark.sql(f"{text} delta.`{quoted}`").collect()

        def versions_of(path):
            return sorted(row["version"] for row in sql("DESCRIBE HISTORY", path))

        def read(request, version):
            frame = spark.read.format("delta").option("versionAsOf", version).load(request["path"])
            fields = json.loads(frame.schema.json())["fields"]
            partition_by = sql("DESCRIBE DETAIL", request["path"])[0]["partitionColumns"]
            return facts.facts("spark", request, version, fields, partition_by, frame.collect())

        facts.serve("spark", versions_of, read)
        spark.stop()


if __name__ == "__main__":
    main()
