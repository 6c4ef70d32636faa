# SPDX-License-Identifier: Apache-2.0
"""test_notify.py -- a server tells a webhook of what fails and of its end, through faults of the
webhook and over its own death, and goes only where it may."""
import http.server
import json
import os
import queue
import signal
import sys
import threading
import unittest

import serve_lib

sys.path.insert(0, os.path.join(os.environ["SM_SOURCE"], "tests", "crash"))
import world  # noqa: E402

PIPELINE = """version: 1
pipeline: shop
storage: ./lake
trigger: {{interval: 1s}}
sources:
  orders: {{type: files, path: data/*.json, format: json, schema: [{{name: id, data_type: BIGINT}}]}}
tables:
  bronze:
    from: orders
    expectations: {{small: {{expect: id < {limit}, on_violation: fail}}}}
{more}"""


class Webhook(http.server.ThreadingHTTPServer):
    """Answers with the statuses that it was given, in turn, then with 200; `hang` is no answer."""

    daemon_threads = True

    def __init__(self, *answers):
        super().__init__(("127.0.0.1", 0), Receiver)
        self.answers = list(answers)
        self.heard = queue.Queue()
        self.over = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}/hook"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def next(self):
        return self.heard.get(timeout=serve_lib.PATIENCE)

    def end(self):
        self.over.set()
        self.shutdown()
        self.server_close()


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        message["key"] = self.headers["Idempotency-Key"]
        answer = self.server.answers.pop(0) if self.server.answers else 200
        message["answer"] = answer
        self.server.heard.put(message)
        if answer == "hang":
            self.server.over.wait(serve_lib.PATIENCE)
            return
        self.send_response(answer)
        if answer == 429:
            self.send_header("Retry-After", "1")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Notify(unittest.TestCase):
    def setUp(self):
        self.w = world.World(self.id().split(".")[-1][:60])

    def webhook(self, *answers):
        hook = Webhook(*answers)
        self.addCleanup(hook.end)
        return hook

    def pipeline(self, limit=100, more=""):
        self.w.write("shop.yml", PIPELINE.format(limit=limit, more=more))

    def project(self, hook, rest="{on: [failed, recovered]}"):
        self.w.write("smelt.yml", f"version: 1\nnotifications:\n  - {{url: '{hook.url}', {rest.strip('{}')}}}\n")

    def arrive(self, *ids):
        self.w.write_rows(f"data/{ids[0]}.json", [{"id": i} for i in ids])

    def serve(self, failpoint=None):
        server = serve_lib.Server(self.w.folder, "shop.yml", failpoint=failpoint)
        self.addCleanup(server.__exit__)
        server.until("serving 1 pipeline")
        return server

    def test_failure_is_told_and_its_end(self):
        hook = self.webhook()
        self.pipeline()
        self.project(hook)
        server = self.serve()
        self.arrive(1)
        server.until("run ", "succeeded")
        self.arrive(1000)
        told = hook.next()
        self.assertEqual((told["pipeline"], told["kind"], told["state"]), ("shop", "failed", "open"))
        self.assertEqual([problem["table"] for problem in told["problems"]], ["bronze"])
        self.assertIn("bronze failed", told["text"])
        self.assertEqual(told["key"], told["id"])
        self.pipeline(limit=5000)
        server.send(signal.SIGHUP)
        ended = hook.next()
        self.assertEqual((ended["kind"], ended["state"]), ("failed", "resolved"))
        self.assertEqual(server.end(), 0)
        self.assertTrue(hook.heard.empty())

    def test_webhook_that_fails_is_asked_again_and_no_run_waits(self):
        hook = self.webhook(500, 429)
        self.pipeline()
        self.project(hook)
        server = self.serve()
        self.arrive(1000)
        told = [hook.next() for _ in range(3)]
        self.assertEqual([message["answer"] for message in told], [500, 429, 200])
        self.assertEqual(len({message["id"] for message in told}), 1)
        server.until("nobody was told, trying again: the webhook answered with status 500")

    def test_webhook_that_hangs_delays_no_run_and_no_end(self):
        hook = self.webhook("hang")
        self.pipeline()
        self.project(hook)
        server = self.serve()
        self.arrive(1000)
        hook.next()
        server.until("run ", "failed")
        server.until("run ", "succeeded")
        self.assertEqual(server.end(), 0)

    def test_a_kill_before_or_behind_a_delivery_loses_none_and_tells_twice_under_one_id(self):
        for point, times in (("notify.before_send", 1), ("notify.after_answer", 2), ("store.after_commit:9", None)):
            with self.subTest(point):
                self.w = world.World(self.id().split(".")[-1][:40] + "-" + point.split(".")[1].replace(":", "-"))
                hook = self.webhook()
                self.pipeline()
                self.project(hook)
                self.arrive(1)
                server = self.serve(failpoint=None)
                server.until("run ", "succeeded")
                self.assertEqual(server.end(), 0)
                server = self.serve(failpoint=point + ":kill")
                self.arrive(1000)
                self.assertEqual(server.process.wait(serve_lib.PATIENCE), -signal.SIGKILL)
                self.serve()
                told = [hook.next()]
                while times is not None and len(told) < times:
                    told.append(hook.next())
                self.assertEqual({(m["kind"], m["state"]) for m in told}, {("failed", "open")})
                self.assertEqual(len({m["id"] for m in told}), 1)

    def test_what_was_not_told_is_told_after_a_kill(self):
        hook = self.webhook("hang")
        self.pipeline()
        self.project(hook)
        server = self.serve()
        self.arrive(1000)
        first = hook.next()
        server.end(signal.SIGKILL)
        self.serve()
        again = hook.next()
        self.assertEqual(again["id"], first["id"])

    def test_webhook_of_a_pipeline_must_be_listed(self):
        hook = self.webhook()
        self.pipeline(more=f"notifications: [{{url: '{hook.url}'}}]\n")
        self.w.write("smelt.yml", "version: 1\nserver: {egress: ['*.example.com']}\n")
        self.arrive(1000)
        server = self.serve()
        server.until("nobody was told", "127.0.0.1", "list it under server: egress:")
        self.assertTrue(hook.heard.empty())
        server.end()
        self.w.write("smelt.yml", "version: 1\nserver: {egress: ['127.0.0.1']}\n")
        self.serve()
        self.assertIn(hook.next()["kind"], ("failed", "expectation_failed"))


if __name__ == "__main__":
    world.run_tests()
