# SPDX-License-Identifier: Apache-2.0
"""test_http_sink.py -- rows of tables go out over HTTP: none is lost, and a receiver that knows the
Idempotency-Key of a request has each of them once, whatever dies in between."""
import glob
import http.server
import json
import os
import re
import shlex
import shutil
import signal
import sys
import threading
import unittest

import serve_lib

SOURCE = os.environ["SM_SOURCE"]
sys.path.insert(0, os.path.join(SOURCE, "tests", "crash"))
import world  # noqa: E402

TOKEN = "tok-4711-secret"
PIPELINE = """version: 1
pipeline: p
schema: s
storage: ./lake
{more}sources:
  feed: {{type: files, path: "in/*.json", format: json, max_files_per_trigger: 1,
         schema: [{{name: id, data_type: BIGINT}}, {{name: t, data_type: TIMESTAMP}}, {{name: x, data_type: VARCHAR}}]}}
tables:
  bronze: {{from: feed}}
sinks:
  out: {{type: http, from: {select}, {sink}}}
"""


class Receiver(http.server.ThreadingHTTPServer):
    """Keeps each request, and the rows of one whose key it does not know; `answer(number)` may say
    (status, headers, text) for the request of that number, before or instead of taking it."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = lambda number: None
        self.heads, self.bodies, self.all, self.once, self.known = [], [], [], [], {}
        self.host = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def end(self):
        self.shutdown()
        self.server_close()

    def take(self, key, body):
        rows = [row["id"] for row in rows_of(body)]
        if key in self.known and self.known[key] != body:
            raise AssertionError(f"{key} has another body than before")
        self.all += rows
        if key not in self.known:
            self.known[key] = body
            self.once += rows


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        end = self.server
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        end.heads.append({"path": self.path, "method": self.command, **self.headers})
        end.bodies.append(body)
        said = end.answer(len(end.heads))
        if said is None:
            end.take(self.headers["Idempotency-Key"], body)
            said = (200, {}, "")
        self.send_response(said[0])
        for name, value in {"Content-Length": str(len(said[2])), **said[1]}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(said[2].encode())

    do_PUT = do_POST

    def log_message(self, *_):
        pass


def rows_of(body):
    if body.startswith("["):
        return json.loads(body)
    return [json.loads(line) for line in body.splitlines()]


class HttpSink(unittest.TestCase):
    def setUp(self):
        self.begin()

    def begin(self, sink="", select="bronze", more="", url="url: '{host}/hook'"):
        self.w = world.World(self.id().split(".")[-1][:60])
        self.end = Receiver()
        self.addCleanup(self.end.end)
        self.write(sink, select, more, url)

    def write(self, sink="", select="bronze", more="", url="url: '{host}/hook'"):
        self.w.write("pipeline.yml", PIPELINE.format(more=more, select=select, sink=", ".join(
            part for part in (url.format(host=self.end.host), sink) if part)))

    def feed(self, *files):
        for k in files:
            self.w.write_rows(f"in/{k}.json", [{"id": 10 * k + i, "t": "2026-01-01T00:00:00.5Z", "x": "a"} for i in range(10)],
                              age=k)

    def run_ok(self, failpoint=None):
        done = self.w.run(failpoint=failpoint)
        self.assertEqual(done.code, 0, done.err + done.out)
        return done

    def refused(self, *words, code=None):
        done = self.w.run()
        self.assertNotEqual(done.code, 0)
        for word in words:
            self.assertIn(word, done.err + done.out)
        if code is not None:
            self.assertEqual(done.code, code)
        return done

    def keys(self):
        return [head["Idempotency-Key"] for head in self.end.heads]

    def outbox(self):
        return [name for name in os.listdir(self.w.path("lake", ".smelt", "outbox")) if not name.endswith(".sent")]

    # ---- what is sent ----

    def test_new_rows_go_out_once_in_parts_with_a_key_each(self):
        self.begin("batch: {rows: 4}")
        self.feed(0)
        self.run_ok()
        self.run_ok()
        self.assertEqual([len(json.loads(body)) for body in self.end.bodies], [4, 4, 2])
        self.assertEqual(json.loads(self.end.bodies[0])[0], {"id": 0, "t": "2026-01-01T00:00:00.500000Z", "x": "a"})
        self.assertEqual(self.end.heads[0]["Content-Type"], "application/json")
        self.assertEqual((self.end.heads[0]["method"], self.end.heads[0]["path"]), ("POST", "/hook"))
        self.feed(1)
        self.run_ok()
        self.assertEqual(self.end.once, list(range(20)))
        self.assertEqual(self.end.all, list(range(20)))
        generation = self.w.store("select uuid from generations where flow = 'out'")[0][0]
        for key, (batch, part) in zip(self.keys(), ((0, 1), (0, 2), (0, 3), (1, 1), (1, 2), (1, 3))):
            self.assertRegex(key, rf"^{generation}-{batch}-[0-9a-f]{{8}}-{part}$")
        self.assertEqual(self.outbox(), [])

    def test_forms_of_a_body(self):
        for sink, bodies, kind in (
                ("format: ndjson", ['{"id":1}\n{"id":2}\n'], "application/x-ndjson"),
                ("format: object", ['{"id":1}', '{"id":2}'], "application/json"),
                ("format: json, method: PUT", ['[{"id":1},{"id":2}]'], "application/json"),
                ("format: object, headers: {content-type: application/cloudevents+json, X-Team: 7}",
                 ['{"id":1}', '{"id":2}'], "application/cloudevents+json")):
            with self.subTest(sink=sink):
                self.begin(sink, select="SELECT id FROM STREAM(bronze)")
                self.w.write("in/1.json", '{"id":1}\n{"id":2}\n')
                self.run_ok()
                self.assertEqual(self.end.bodies, bodies)
                head = {name.lower(): value for name, value in self.end.heads[0].items()}
                self.assertEqual(head["content-type"], kind)
                self.assertEqual(head.get("x-team"), "7" if "X-Team" in sink else None)
                self.assertEqual(head["method"], "PUT" if "PUT" in sink else "POST")

    def test_values_are_json_whatever_they_are(self):
        self.begin(select='"SELECT id, CAST(\'nan\' AS DOUBLE) AS f, {a: t, b: [t, NULL]} AS s, MAP {\'k\': t} AS m, '
                          'CAST(1.10 AS DECIMAL(10,2)) AS d, x FROM STREAM(bronze)"')
        self.w.write("in/1.json", json.dumps({"id": 1, "t": "2026-01-01T00:00:00Z", "x": 'ä"\n\u2028'}) + "\n")
        self.run_ok()
        at = "2026-01-01T00:00:00.000000Z"
        self.assertEqual(json.loads(self.end.bodies[0]), [
            {"id": 1, "f": None, "s": {"a": at, "b": [at, None]}, "m": {"k": at}, "d": 1.1, "x": 'ä"\n\u2028'}])

    def test_a_row_that_is_larger_than_a_request_goes_alone(self):
        self.begin("batch: {bytes: 100}", select="'SELECT id, x FROM STREAM(bronze)'")
        sizes = (10, 300, 10, 10, 200)
        self.w.write("in/1.json", "".join(json.dumps({"id": i, "x": "y" * n}) + "\n" for i, n in enumerate(sizes)))
        self.run_ok()
        self.assertEqual([[row["id"] for row in json.loads(body)] for body in self.end.bodies], [[0], [1], [2, 3], [4]])

    # ---- kills ----

    def test_killed_at_any_point_a_receiver_that_knows_the_key_has_each_row_once(self):
        points = ["outbox.after_keep:1", "flow.before_decided:4", "flow.after_decided:4", "outbox.after_sent:1", "flow.after_publish:4",
                  "flow.after_done:4"]
        points += [f"http.{side}_send:{number}" for side in ("before", "after") for number in (1, 2, 5)]
        for point in points:
            with self.subTest(point=point):
                self.begin("batch: {rows: 5}")
                self.feed(0, 1, 2)
                done = self.w.run(failpoint=point + ":kill")
                self.assertEqual(done.code, -signal.SIGKILL, done.err)
                self.run_ok()
                self.assertEqual(sorted(self.end.once), list(range(30)))
                self.assertEqual(sorted(set(self.end.all)), list(range(30)))  # none is missing without the key
                again = len(self.end.all) - 30
                self.assertEqual(again, 5 if point.startswith("http.after_send") else 0)
                self.assertEqual(self.outbox(), [])
                self.run_ok()
                self.assertEqual(len(self.end.heads), 6 + again // 5)

    def test_killed_before_the_sink_remembers_a_batch_and_again_behind_the_next_one(self):
        self.feed(0)
        self.w.save("before")
        number, done = 0, False
        while not done:  # the first commit that says so
            number += 1
            self.w.restore("before")
            self.end.heads, self.end.bodies, self.end.all, self.end.once, self.end.known = [], [], [], [], {}
            self.assertEqual(self.w.run(failpoint=f"store.after_commit:{number}:kill").code, -signal.SIGKILL)
            done = self.w.store("select b.n from batches b join generations g on g.id = b.generation_id "
                                "where g.flow = 'out' and b.state = 'done'")
        self.feed(1)
        self.assertEqual(self.w.run(failpoint="flow.after_publish:2:kill").code, -signal.SIGKILL)
        self.run_ok()
        self.assertEqual(self.end.all, list(range(20)))

    def test_a_disk_that_fails_loses_nothing(self):
        self.begin("batch: {rows: 5}")
        self.feed(0)
        self.assertEqual(self.w.run("--select", "bronze").code, 0)
        self.w.save("before")
        for seam in ("fs.write", "fs.fsync", "fs.rename"):
            number, fired = 1, True
            while fired:
                with self.subTest(seam=seam, number=number):
                    self.w.restore("before")
                    self.end.heads, self.end.bodies, self.end.all, self.end.once, self.end.known = [], [], [], [], {}
                    fired = self.w.run(failpoint=f"{seam}:{number}:EIO").fired
                    self.run_ok()
                    self.assertEqual(self.end.once, list(range(10)))
                number += 1
            self.assertGreater(number, 2)

    def test_a_power_cut_that_takes_the_marks_of_parts_sends_with_the_same_keys(self):
        self.begin("batch: {rows: 5}")
        self.feed(0)
        self.assertEqual(self.w.run(failpoint="http.after_send:2:kill").code, -signal.SIGKILL)
        for path in glob.glob(self.w.path("lake", ".smelt", "outbox", "*.parts")):
            os.unlink(path)
        self.run_ok()
        self.assertEqual(self.keys()[:2], self.keys()[2:])
        self.assertEqual(self.end.once, list(range(10)))

    def test_what_was_decided_is_sent_as_it_was_whatever_the_file_says_now(self):
        self.begin("format: ndjson, batch: {rows: 5}")
        self.feed(0)
        self.assertEqual(self.w.run(failpoint="http.after_send:1:kill").code, -signal.SIGKILL)
        self.write("format: json")
        self.run_ok()
        self.assertEqual(self.end.once, list(range(10)))
        self.assertEqual([head["Content-Type"] for head in self.end.heads], 3 * ["application/x-ndjson"])

    def test_what_was_decided_and_is_not_here_is_missed(self):
        self.feed(0)
        self.assertEqual(self.w.run(failpoint="flow.after_decided:2:kill").code, -signal.SIGKILL)
        box, = glob.glob(self.w.path("lake", ".smelt", "outbox", "*.outbox"))
        os.rename(box, self.w.path("box"))
        self.refused("what it has to send is not there", "smelt checkpoint reset out", code=11)
        os.rename(self.w.path("box"), box)
        self.run_ok()
        self.assertEqual(self.end.all, list(range(10)))

    def test_a_reset_sends_all_again_under_other_keys(self):
        self.feed(0)
        self.run_ok()
        self.assertEqual(self.w.smelt("checkpoint", "reset", "out", "--yes").code, 0)
        self.run_ok()
        self.assertEqual(self.end.once, 2 * list(range(10)))

    def test_an_older_control_store_repeats_rows_and_hides_none(self):
        self.feed(0)
        self.run_ok()
        store = self.w.control()
        older = self.w.path("older")
        os.rename(store, older)
        shutil.copytree(older, store)
        self.feed(1)
        self.run_ok()
        shutil.rmtree(store)
        os.rename(older, store)
        self.w.smelt("checkpoint", "adopt", "bronze", "--yes")
        self.feed(2)
        self.run_ok()
        self.assertEqual(sorted(set(self.end.once)), list(range(30)))

    # ---- faults of the other side ----

    def test_a_busy_receiver_is_asked_again_with_the_same_key(self):
        answers = {1: (429, {"Retry-After": "1"}, ""), 2: (503, {}, ""), 3: (408, {}, ""), 4: (409, {}, "")}
        self.begin("retry: {backoff: 10ms}")
        self.end.answer = answers.get
        self.feed(0)
        self.run_ok()
        self.assertEqual(self.end.once, list(range(10)))
        self.assertEqual(len(set(self.keys())), 1)
        self.assertEqual(len(self.keys()), 5)

    def test_an_answer_that_does_not_come_is_asked_for_again(self):
        self.begin("retry: {backoff: 10ms}")

        def answer(number):
            if number == 1:  # taken, and the answer is lost
                self.end.take(self.end.heads[0]["Idempotency-Key"], self.end.bodies[0])
                raise ConnectionResetError
            return None

        self.end.answer = answer
        self.end.handle_error = lambda *_: None
        self.feed(0)
        self.run_ok()
        self.assertEqual(self.end.once, list(range(10)))
        self.assertEqual(self.end.all, 2 * list(range(10)))

    def test_nobody_there_is_told_and_the_next_run_goes_on(self):
        self.begin("batch: {rows: 5}, retry: {max_attempts: 2, backoff: 10ms}")
        self.end.answer = lambda number: (500, {}, "oops\nsecond line") if number > 1 else None
        self.feed(0)
        done = self.refused("request 2 of 2 (Idempotency-Key ", "answered with status 500: oops (asked 2 times)",
                            "nothing is lost, the next run goes on with this request", code=8)
        self.assertNotIn("second line", done.err + done.out)
        self.end.answer = lambda number: (503, {"Retry-After": "3600"}, "")
        self.refused("asks for a pause of 3600 s", code=8)
        self.end.answer = lambda number: None
        self.feed(1)
        self.run_ok()
        self.assertEqual(self.end.all, list(range(20)))  # the first request was not sent again
        self.assertEqual(len(set(self.keys())), 4)

    def test_a_run_that_may_be_tried_again_is_by_the_file(self):
        self.begin("retry: {max_attempts: 1}", more="retry: {max_attempts: 3, backoff: 100ms}\n")
        self.feed(0)
        self.end.answer = lambda number: (503, {}, "") if number < 3 else None
        result = self.w.run()
        self.assertEqual(result.code, 0, result.out + result.err)
        self.assertIn("try 2 of 3 follows in 0.1 s", result.err)
        self.assertIn("try 3 of 3 follows in 0.2 s", result.err)
        self.assertEqual(sorted(self.end.all), list(range(10)))
        self.feed(1)
        self.end.answer = lambda number: (503, {}, "")
        result = self.w.run()
        self.assertNotEqual(result.code, 0)
        self.assertEqual(len(self.end.heads), 6)
        result = self.w.smelt("run", "--json")
        self.assertEqual(json.loads(result.out)["state"], "failed")  # one document, of the last try
        self.end.heads.clear()
        self.end.answer = lambda number: (503, {}, "") if number < 3 else None
        process = self.w.start("run", "--continuous")
        for _ in range(600):
            if len(self.end.all) == 20:
                break
            threading.Event().wait(0.05)
        process.terminate()
        self.w.finish(process)
        self.feed(2)
        self.end.heads = [{}] * 6
        self.end.answer = lambda number: (400, {}, "no")  # another try would not help
        self.assertNotEqual(self.w.run().code, 0)
        self.assertEqual(len(self.end.heads), 7)

    def test_a_refusal_stops_the_sink_there_and_loses_nothing(self):
        for said, words in (((422, {}, "row 7 has no name"), ["answered with status 422: row 7 has no name", "let the receiver take it", "smelt checkpoint reset out"]),
                            ((401, {}, "who?"), ["answered with status 401: who?"]),
                            ((302, {"Location": "http://127.0.0.1:9/x"}, ""), ["status 302", "not followed"])):
            with self.subTest(said=said):
                self.begin("batch: {rows: 5}")
                self.end.answer = lambda number: said if number == 2 else None  # noqa: B023
                self.feed(0)
                self.refused('sink "out": request 2 of 2', *words)
                self.assertEqual(len(self.end.heads), 2)  # once: it would be refused again
                self.run_ok()
                self.assertEqual(self.end.all, list(range(10)))
                self.assertEqual(self.keys()[1], self.keys()[2])

    def test_a_long_answer_is_no_fault(self):
        self.end.answer = lambda number: self.end.take("x", self.end.bodies[-1]) or (200, {}, "z" * (20 << 20))
        self.feed(0)
        self.run_ok()
        self.assertEqual(len(self.end.heads), 1)

    def test_a_stop_ends_it_between_requests_and_the_next_run_goes_on(self):
        self.begin("batch: {rows: 1}, retry: {backoff: 30s}")
        self.end.answer = lambda number: (503, {}, "") if number == 4 else None
        self.feed(0)
        process = self.w.start("run")
        for _ in range(600):
            if len(self.end.heads) == 4:
                break
            threading.Event().wait(0.05)
        process.send_signal(signal.SIGTERM)
        done = self.w.finish(process)
        self.assertNotEqual(done.code, 0)
        self.assertEqual(self.end.all, [0, 1, 2])
        self.run_ok()
        self.assertEqual(self.end.all, list(range(10)))

    def test_who_stops_a_run_that_fails_gets_no_other_try(self):
        self.begin("retry: {max_attempts: 1}", more="retry: {max_attempts: 3, backoff: 10ms}\nengine: {workers: 4}\n")
        with open(self.w.path("pipeline.yml"), "a", encoding="utf-8") as f:
            f.write(f"  slow: {{type: http, from: bronze, url: '{self.end.host}/slow', retry: {{backoff: 30s}}}}\n")
        self.end.answer = lambda number: (503, {}, "")
        self.feed(0)
        process = self.w.start("run")
        for _ in range(600):
            if {head["path"] for head in self.end.heads} == {"/hook", "/slow"}:
                break
            threading.Event().wait(0.05)
        process.send_signal(signal.SIGTERM)
        done = self.w.finish(process)
        self.assertEqual(done.code, 8, done.err + done.out)
        self.assertNotIn("follows", done.err + done.out)
        self.assertEqual(len(self.end.heads), 2)

    # ---- who sends ----

    def test_secrets_reach_the_host_and_nothing_else(self):
        self.w.write("token", TOKEN + "\n")
        self.w.write("smelt.yml", f"version: 1\nsecrets: {{t: {{file: token}}}}\nconnections:\n  api: {{type: http, base_url: "
                                  f"'{self.end.host}/v1/', bearer: '${{secret.t}}', headers: {{X-Team: a}}}}\n")
        self.write(url="connection: api, url: 'in?key=q-secret'")
        self.end.answer = lambda number: (401, {}, f"who is {TOKEN}?") if number == 1 else None
        self.feed(0)
        told = [self.refused("127.0.0.1", "answered with status 401"), self.run_ok(), self.w.smelt("events")]
        self.assertEqual(self.end.heads[-1]["Authorization"], "Bearer " + TOKEN)
        self.assertEqual((self.end.heads[-1]["path"], self.end.heads[-1]["X-Team"]), ("/v1/in?key=q-secret", "a"))
        for one in told:
            self.assertNotIn("q-secret", one.out + one.err)
        for one in told + [self.w.smelt("plan", "--json"), self.w.smelt("show", "out", "--resolved")]:
            self.assertNotIn(TOKEN, one.out + one.err)
        for folder, _, names in os.walk(self.w.path("lake")):
            for name in names:
                with open(os.path.join(folder, name), "rb") as f:
                    self.assertNotIn(TOKEN.encode(), f.read(), name)

    def test_who_asks_is_said_in_one_way(self):
        self.w.write("token", TOKEN + "\n")
        for login, text in (("username: me, bearer: '${secret.t}'", "said by one of them"), ("username: me", "give both")):
            self.w.write("smelt.yml", f"version: 1\nsecrets: {{t: {{file: token}}}}\nconnections:\n  api: {{type: http, "
                                      f"base_url: '{self.end.host}/v1/', {login}}}\n")
            self.write(url="connection: api, url: in")
            result = self.w.smelt("validate")
            self.assertNotEqual(result.code, 0)
            self.assertIn(text, result.out + result.err)

    def test_an_answer_that_repeats_the_address_is_not_told(self):
        for url, said in (("url: '{host}/hooks/p-secret?key=q-secret'", '{"status": 404, "path": "/hooks/p-secret"}'),
                          ("url: '{host}/hooks?key=q-secret'", "no hook for key=q-secret")):
            with self.subTest(said=said):
                self.begin(url=url)
                self.end.answer = lambda number: (404, {}, said)  # noqa: B023
                self.feed(0)
                done = self.refused("answered with status 404")
                for one in (done, self.w.smelt("events")):
                    self.assertNotIn("-secret", one.out + one.err)

    def test_a_connection_has_no_key_of_requests(self):
        self.w.write("smelt.yml", "version: 1\nconnections:\n  api: {type: http, base_url: "
                                  f"'{self.end.host}', headers: {{idempotency-key: mine}}}}\n")
        self.write(url="connection: api, url: hook")
        self.feed(0)
        self.refused("cannot have Idempotency-Key")
        self.assertEqual(self.end.heads, [])

    def test_a_server_sends_where_it_may(self):
        for listed in (False, True):
            with self.subTest(listed=listed):
                self.begin(more="trigger: continuous\n")
                self.feed(0)
                allowed = f"server: {{egress: ['127.0.0.1:{self.end.server_port}']}}\n" if listed else ""
                self.w.write("smelt.yml", "version: 1\n" + allowed)
                server = serve_lib.Server(self.w.folder, "pipeline.yml")
                self.addCleanup(server.__exit__)
                if not listed:
                    server.until("egress")
                    self.assertEqual(self.end.heads, [])
                    continue
                server.until("serving 1 pipeline")
                for last in (10, 20):
                    for _ in range(300):
                        if len(self.end.all) == last:
                            break
                        threading.Event().wait(0.1)
                    self.assertEqual(self.end.all, list(range(last)))
                    self.feed(1)
                server.end()

    # ---- what is said ----

    def test_the_plan_says_what_it_promises(self):
        self.feed(0)
        self.assertRegex(self.w.smelt("plan").out, r"out +\+ new +at least once")
        self.assertIn("sink (http)", self.w.smelt("ls").out)

    def test_what_cannot_be_is_told_with_its_place(self):
        for sink, url, text in (
                ("delivery: exactly_once", None, "Idempotency-Key"), ("format: csv", None, "it writes json, ndjson or object"),
                ("topic: t", None, "has no `topic`"), ("headers: {Authorization: x}", None, "bearer"),
                ("headers: {idempotency-key: x}", None, "one of its own"), ("headers: [a]", None, "no map"),
                ("batch: {rows: 0}", None, "rows"), ("batch: {bytes: 17MiB}", None, "bytes"), ("batch: {row: 1}", None, "rows"),
                ("format: object, batch: {rows: 2}", None, "one row"), ("retry: {backoff: 2m}", None, "backoff_max"),
                ("", "url: example.com", "http://"), ("", "connection: nobody", "no connection `nobody` of type http"),
                ("", "method: POST", "lacks `url` or `connection`"), ("method: GET", None, "PUT")):
            with self.subTest(sink=sink, url=url):
                self.write(sink, url=url or "url: 'http://127.0.0.1:9/'")
                done = self.w.smelt("validate")
                self.assertNotEqual(done.code, 0)
                self.assertIn(text, done.err + done.out)
                self.assertIn("pipeline.yml:1", done.err + done.out)

    def test_the_page_of_the_guide_does_what_it_says(self):
        with open(f"{SOURCE}/docs/guide/webhooks.md", encoding="utf-8") as f:
            page = f.read()
        pipeline, project = re.findall(r"```yaml\n(.*?)```", page, re.S)
        self.w.write("pipeline.yml", pipeline)
        self.w.write("smelt.yml", project.replace("https://hooks.example.com", self.end.host))
        self.w.write("orders/1.json", '{"id": 1, "price": 150}\n{"id": 2, "price": 50}\n')
        os.environ["HOOK_TOKEN"] = TOKEN
        for line in page.split("```console\n")[1].split("```")[0].strip().split("\n"):
            done = self.w.smelt(*shlex.split(line)[2:])
            self.assertEqual(done.code, 0, done.out + done.err)
        self.assertEqual(self.end.bodies, ['[{"id":1,"price":150}]'])
        self.assertEqual(self.end.heads[0]["Authorization"], "Bearer " + TOKEN)


if __name__ == "__main__":
    world.run_tests()
