# SPDX-License-Identifier: Apache-2.0
"""test_api.py -- the API does what its OpenAPI document says, for requests that fit it and for those that do not.

Schemathesis makes the requests, from the document and a fixed seed.  What it is told to leave out: the stream, which
has no end; logout, which would take the token away; and its guesses at tokens, which the server answers with 429 after the
tenth (test_http.py).
"""
import os
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import http_lib  # noqa: E402

ROOT = os.environ["SM_SOURCE"]
TOOL = os.path.join(ROOT, "build", "deps", "schemathesis", "bin", "schemathesis")
CONFIG = os.path.join(ROOT, "tests", "support", "schemathesis", "schemathesis.toml")


class Api(unittest.TestCase):
    def test_every_operation_keeps_to_the_document(self):
        if not os.path.exists(TOOL):
            self.fail("schemathesis is not there: run scripts/setup --all")
        w = http_lib.world.World("api")
        w.write("pipeline.yml", http_lib.PIPELINE.replace("storage:", "trigger: {paused: true}\nstorage:"))
        w.write("orders/1.json", '{"id": 1, "price": 2}\n{"id": 2, "price": -2}\n')
        w.smelt("run")
        with http_lib.Serve(w.folder) as s:
            done = subprocess.run(
                [TOOL, "--config-file", CONFIG, "run", f"http://127.0.0.1:{s.port}/api/v1/openapi.json",
                 "-H", "Authorization: Bearer " + s.admin, "--seed", "1", "--max-examples", os.environ.get("SM_EXAMPLES", "30"),
                 "--exclude-path", "/api/v1/stream", "--exclude-path", "/api/v1/logout", "--exclude-checks", "ignored_auth",
                 "--phases", "coverage,fuzzing", "--request-timeout", "60", "--workers", "1", "--no-color"],
                cwd=w.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=1500)
            self.assertEqual(done.returncode, 0, done.stdout)
            tried = int(re.search(r"(\d+) generated", done.stdout).group(1))
            self.assertGreater(tried, 500, done.stdout)


if __name__ == "__main__":
    unittest.main()
