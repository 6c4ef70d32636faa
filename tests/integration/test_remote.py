# SPDX-License-Identifier: Apache-2.0
"""test_remote.py -- commands with --server print what they print beside the files, a run on a server
ends with its own exit code, and what goes wrong on the way is said in words."""
import http.server
import json
import os
import re
import signal
import sys
import threading
import unittest
import urllib.request

import serve_lib

sys.path.insert(0, os.path.join(os.environ["SM_SOURCE"], "tests", "crash"))
import world  # noqa: E402

PIPELINE = """version: 1
pipeline: {name}
storage: ./{name}_lake
trigger: {{paused: true}}
sources:
  orders: {{type: files, path: data/*.json, format: json, schema: [{{name: id, data_type: BIGINT}}]}}
tables:
  bronze: {{from: orders}}
  silver:
    sql: SELECT id, id + 1 AS next FROM STREAM(bronze)
    expectations: {{small: {{expect: id < 100, on_violation: {policy}}}}}
"""


class Peer(http.server.BaseHTTPRequestHandler):
    """Answers everything with the status, headers and body of its server."""

    def do_GET(self):
        status, headers, body = self.server.answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_):
        pass


class Remote(unittest.TestCase):
    def setUp(self):
        self.w = world.World(self.id().split(".")[-1][:60])

    def serve(self, *names, policy="quarantine", failpoint=None):
        for name in names:
            self.w.write(f"{name}.yml", PIPELINE.format(name=name, policy=policy))
        self.w.write("smelt.yml", "version: 1\n")
        server = serve_lib.Server(self.w.folder, *[f"{name}.yml" for name in names], failpoint=failpoint)
        self.addCleanup(server.__exit__)
        self.url = re.search(r"http://\S+", server.until("the page is at")).group().rstrip("/")
        self.token = self.w.path(f"{names[0]}_lake", ".smelt", "control", "admin-token")
        return server

    def arrive(self, *ids):
        self.w.write_rows(f"data/{ids[0]}.json", [{"id": i} for i in ids])

    def where(self):
        return ["--server", self.url, "--token-file", self.token]

    def remote(self, *args):
        return self.w.smelt(*args, *self.where())

    def plain(self, text):
        return text.replace(" --server " + self.url + " --token-file " + self.token, "").replace(" -p shop.yml", "").replace("smelt run shop.yml", "smelt run")

    def make_token(self, role):
        with open(self.token) as f:
            admin = f.read().strip()
        ask = urllib.request.Request(self.url + "/api/v1/tokens", method="POST", data=json.dumps({"role": role}).encode(),
                                     headers={"Authorization": "Bearer " + admin, "Content-Type": "application/json"})
        with urllib.request.urlopen(ask) as answer:
            self.w.write("token", json.load(answer)["token"])
        self.token = self.w.path("token")

    def peer(self, status, body=b"", **headers):
        peer = http.server.HTTPServer(("127.0.0.1", 0), Peer)
        peer.answer = (status, headers, body)
        thread = threading.Thread(target=peer.serve_forever, daemon=True)
        thread.start()
        self.addCleanup(peer.server_close)
        self.addCleanup(peer.shutdown)
        return f"http://127.0.0.1:{peer.server_port}"

    def test_commands_print_what_they_print_beside_the_files(self):
        self.arrive(1, 1000)
        self.serve("shop")
        self.assertEqual(self.remote("run").code, 0)
        for args in (["status"], ["status", "--json"], ["runs"], ["runs", "1"], ["runs", "1", "--json"],
                     ["why", "silver"], ["why", "silver", "--json"], ["watermark"], ["watermark", "show", "--json"],
                     ["events"], ["events", "--level", "warn", "--table", "silver", "--json"], ["ls"],
                     ["checkpoint", "list"], ["checkpoint", "show", "silver"], ["preview", "silver"],
                     ["preview", "silver", "--json"], ["quarantine", "list"], ["quarantine", "show", "silver"]):
            with self.subTest(args):
                here, there = self.w.smelt(*args, "-p", "shop.yml"), self.remote(*args)
                self.assertEqual((there.code, there.err), (0, ""))
                self.assertEqual(self.plain(there.out), self.plain(here.out))

    def test_status_and_runs_without_a_name_are_of_all_pipelines(self):
        self.arrive(1)
        self.serve("shop", "iot")
        for name in ("iot", "shop"):
            self.assertEqual(self.remote("run", "-p", name).code, 0)
        status, runs = self.remote("status"), self.remote("runs")
        self.assertEqual([line.split()[0] for line in status.out.splitlines() if "  run 1 " in line], ["shop", "iot"])
        self.assertEqual([line.split()[-1] for line in runs.out.splitlines()[:2]], ["shop", "iot"])
        self.assertIn("smelt runs shop 1", runs.out)
        self.assertEqual([d["pipeline"] for d in json.loads(self.remote("status", "--json").out)["pipelines"]], ["shop", "iot"])
        self.assertEqual(self.remote("status", "iot").out.splitlines()[0].split()[0], "iot")

    def test_acts_are_done_on_the_server(self):
        self.arrive(1, 1000)
        self.serve("shop")
        self.remote("run")
        self.assertIn("1 broke a rule", self.remote("quarantine", "replay", "silver").out)
        self.assertEqual(self.remote("quarantine", "discard", "silver").code, 7)  # nobody said yes
        self.assertIn("1 discarded", self.remote("quarantine", "discard", "silver", "--yes").out)
        self.assertIn("begins again", self.remote("checkpoint", "reset", "bronze", "--yes").out)

    def test_run_ends_as_the_run_does(self):
        self.arrive(1)
        self.serve("shop", policy="fail")
        good = self.remote("run", "--report", "junit=good.xml")
        self.assertEqual(good.code, 0)
        self.assertIn("Run 1 succeeded in", good.out)
        self.arrive(1000)
        bad = self.remote("run", "--report", "junit=bad.xml", "--json")
        self.assertEqual(bad.code, 5)
        document = json.loads(bad.out)
        self.assertEqual((document["run"], document["state"]), (2, "failed"))
        self.assertEqual([flow["flow"] for flow in document["flows"]], ["bronze", "silver"])
        with open(self.w.path("good.xml")) as f:
            self.assertNotIn("<failure", f.read())
        with open(self.w.path("bad.xml")) as f:
            self.assertIn("small", f.read())

    def test_run_names_what_is_wrong_with_the_order(self):
        self.arrive(1)
        self.serve("shop", "mart")
        self.assertIn("which pipeline? The server has shop, mart", self.remote("run").err)
        none = self.remote("run", "nope")
        self.assertEqual((none.code, "nope" in none.err), (2, True), none.err)
        wrong = self.remote("run", "shop", "--select", "nope")
        self.assertEqual(wrong.code, 2)
        self.assertIn('selection "nope" matches nothing', wrong.err)
        for args in (["run", "--dry-run"], ["run", "-t", "prod"], ["validate"], ["query", "SELECT 1"],
                     ["checkpoint", "adopt", "silver"], ["ls", "--select", "silver"]):
            with self.subTest(args):
                self.assertEqual(self.remote(*args).code, 2)

    def test_ctrl_c_ends_the_waiting_and_not_the_run(self):
        self.arrive(1)
        server = self.serve("shop", failpoint="source.after_read:hang")
        process = self.w.start("run", *self.where())
        server.until("source.after_read")
        process.send_signal(signal.SIGINT)
        result = self.w.finish(process)
        self.assertEqual(result.code, 130)
        self.assertIn("the run goes on on the server", result.err)
        self.assertIn("smelt stop shop --server", result.err)
        self.assertIn("running", self.remote("runs").out)

    def test_roles_and_tokens_are_told_apart(self):
        self.arrive(1)
        self.serve("shop")
        self.assertEqual(self.w.smelt("status", "--server", self.url).code, 10)
        self.make_token("viewer")
        self.assertEqual(self.remote("status").code, 0)
        refused = self.remote("run")
        self.assertEqual(refused.code, 10)
        self.assertIn("give --token-file a token", refused.err)
        self.w.write("token", "x" * 43)
        wrong = self.remote("status")
        self.assertEqual(wrong.code, 10)
        self.assertIn("does not take this token", wrong.err)

    def test_tokens_are_made_and_revoked(self):
        self.serve("shop")
        self.w.write("ci", self.remote("token", "create", "--role", "viewer", "--name", "ci", "-q").out)
        there = ["--server", self.url, "--token-file", "ci"]
        self.assertEqual(self.w.smelt("status", *there).code, 0)
        row = next(line for line in self.remote("token", "list").out.splitlines() if " ci" in line)
        self.assertEqual(self.remote("token", "revoke", row.split()[0]).code, 0)
        self.assertEqual(self.w.smelt("status", *there).code, 10)
        self.assertEqual(self.remote("token", "revoke", "nope").code, 2)

    def test_an_address_that_another_server_has_is_refused(self):
        self.serve("shop")
        result = self.w.smelt("serve", "shop.yml", "--listen", self.url.split("//")[1])
        self.assertEqual(result.code, 7, result.out + result.err)
        self.assertIn("Address already in use", result.err)

    def test_what_is_no_server_is_said_in_words(self):
        busy = json.dumps({"error": {"code": "limit", "message": "too many requests"}}).encode()
        for url, words in ((self.peer(200, b"<html>"), "no server of smelt"),
                           (self.peer(500), "is it a server of smelt?"),
                           (self.peer(302, Location="http://127.0.0.1:1/"), "points elsewhere"),
                           (self.peer(503, busy), "too many requests"),
                           (self.peer(429, busy, **{"Retry-After": "7"}), "try again in 7 s"),
                           ("http://127.0.0.1:1", "Connection refused")):
            with self.subTest(words):
                result = self.w.smelt("status", "-p", "shop", "--server", url)
                self.assertEqual(result.code, 8)
                self.assertIn(words, result.err)
        self.assertEqual(self.w.smelt("status", "--server", "ftp://h").code, 2)
        self.assertEqual(self.w.smelt("status", "--token-file", "f").code, 2)


if __name__ == "__main__":
    world.run_tests()
