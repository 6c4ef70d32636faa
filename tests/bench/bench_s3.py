# SPDX-License-Identifier: Apache-2.0
# bench_s3 -- files of a bucket against the same files here
"""bench_s3.py [--files N] [--rows N] [--turns N]

The same landing zone, N files, once in a bucket of the S3 server of the tests and once in a folder: all of it is read into
a bronze table here, by a new project each turn.  The least time of each counts.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
RUN = os.path.join(HERE, "..", "support", "versitygw", "run.sh")

PIPELINE = """version: 1
pipeline: landing
storage: ./lake
sources:
  src: {{type: files, path: "{path}", format: json}}
tables:
  t: {{from: src}}
"""
PROJECT = """version: 1
connections:
  lake: {{type: s3, endpoint: "{endpoint}", path_style: true}}
"""


def landing(bucket, n_files, n_rows):
    """The files by way of the server, which keeps them as files."""
    import pyarrow.fs  # pylint: disable=import-outside-toplevel
    s3 = pyarrow.fs.S3FileSystem(access_key="smelt", secret_key="smelt-secret", scheme="http", region="us-east-1",
                                 endpoint_override=os.environ["SM_S3_ENDPOINT"].removeprefix("http://"))
    os.makedirs(os.path.join(os.environ["SM_S3_FOLDER"], bucket))
    for k in range(n_files):
        rows = [json.dumps({"id": k * n_rows + i, "device": f"d{i % 97}", "value": i * 0.5, "text": "x" * (i % 40)})
                for i in range(n_rows)]
        with s3.open_output_stream(f"{bucket}/in/{k:05}.json") as f:
            f.write("\n".join(rows).encode() + b"\n")


def turn(folder, path):
    os.makedirs(folder)
    for name, text in (("pipeline.yml", PIPELINE.format(path=path)),
                       ("smelt.yml", PROJECT.format(endpoint=os.environ["SM_S3_ENDPOINT"]))):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write(text)
    began = time.monotonic()
    done = subprocess.run([os.environ["SMELT"], "run"], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(done.stdout + done.stderr)
    return time.monotonic() - began


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--files", type=int, default=200)
    args.add_argument("--rows", type=int, default=10000)
    args.add_argument("--turns", type=int, default=3)
    got = args.parse_args()
    if "SM_S3_ENDPOINT" not in os.environ:
        os.execv(RUN, [RUN, sys.executable, "-B", os.path.abspath(__file__), *sys.argv[1:]])
    os.environ.update(AWS_ACCESS_KEY_ID="smelt", AWS_SECRET_ACCESS_KEY="smelt-secret", AWS_REGION="us-east-1")
    landing("landing", got.files, got.rows)
    least = {}
    with tempfile.TemporaryDirectory() as work:
        for k in range(got.turns):
            for name, path in (("here", os.environ["SM_S3_FOLDER"] + "/landing/in/*.json"),
                               ("bucket", "s3://landing/in/*.json")):
                wall = turn(os.path.join(work, f"{name}{k}"), path)
                least[name] = min(wall, least.get(name, wall))
    print(f"{got.files} files of {got.rows} rows: here {least['here']:.2f} s, bucket {least['bucket']:.2f} s, "
          f"ratio {least['bucket'] / least['here']:.2f} (goal 1.3)")


main()
