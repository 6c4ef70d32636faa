# SPDX-License-Identifier: Apache-2.0
"""test_http_source.py -- an endpoint is read page by page, each record once, through faults and kills, and
what smelt asks with is told to nobody else."""
import base64
import glob
import http.server
import json
import os
import sys
import threading
import unittest
import urllib.parse

import serve_lib

sys.path.insert(0, os.path.join(os.environ["SM_SOURCE"], "tests", "crash"))
import world  # noqa: E402

TOKEN = "tok-4711-secret"
PIPELINE = """version: 1
pipeline: shop
storage: ./lake
{more}sources:
  orders: {{type: http, schema: [{{name: id, data_type: BIGINT}}], {source}}}
tables:
  bronze:
    from: orders
"""


class Endpoint(http.server.ThreadingHTTPServer):
    """Asks `answer(query)` what to say: a value, or (status, headers, text)."""

    daemon_threads = True

    def __init__(self, answer):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer, self.asked, self.heads = answer, [], []
        self.host = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def end(self):
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        self.server.asked.append(self.path)
        self.server.heads.append(dict(self.headers))
        said = self.server.answer(dict(urllib.parse.parse_qsl(url.query)))
        status, headers, text = said if isinstance(said, tuple) else (200, {}, json.dumps(said))
        body = text if isinstance(text, bytes) else text.encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.server.body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.do_GET()

    def log_message(self, *_):
        pass


def ids(first, last):
    return [{"id": i} for i in range(first, last + 1)]


class Http(unittest.TestCase):
    def setUp(self):
        self.w = world.World(self.id().split(".")[-1][:60])

    def endpoint(self, answer):
        end = Endpoint(answer)
        self.addCleanup(end.end)
        return end

    def pipeline(self, source, more=""):
        self.w.write("pipeline.yml", PIPELINE.format(source=source, more=more))

    def run_ok(self, failpoint=None):
        done = self.w.run(failpoint=failpoint)
        self.assertEqual(done.code, 0, done.err + done.out)
        return done

    def refused(self, *words):
        done = self.w.run()
        self.assertNotEqual(done.code, 0)
        for word in words:
            self.assertIn(word, done.err + done.out)
        return done

    def check(self, last):
        self.assertEqual(sorted(row["id"] for row in self.w.rows("bronze")), list(range(1, last + 1)))

    def pages(self):
        return glob.glob(self.w.path("lake", ".smelt", "spool", "*", "*", "*.page"))

    # ---- pages ----

    def follows(self, pagination, answer, rest="records_path: data.items"):
        """A list of 5 grows to 8; each form of pages reads each record once."""
        self.rows = ids(1, 5)
        end = self.endpoint(answer)
        self.host = end.host
        self.pipeline(f"url: '{end.host}/orders', {rest}, pagination: {pagination}")
        self.run_ok()
        self.check(5)
        self.run_ok()
        self.check(5)
        self.rows = ids(1, 8)
        self.run_ok()
        self.check(8)
        self.assertEqual(self.pages(), [])

    def test_page_numbers(self):
        self.follows("{type: page_number}",
                     lambda q: {"data": {"items": self.rows[2 * int(q["page"]) - 2:2 * int(q["page"])]}})

    def test_offsets(self):
        self.follows("{type: offset, limit: 2}", lambda q: {
            "data": {"items": self.rows[int(q["offset"]):int(q["offset"]) + int(q["limit"])]}})

    def test_links_in_the_answer(self):
        def answer(q):
            at = int(q.get("at", 0))
            more = at + 2 < len(self.rows)
            return {"data": {"items": self.rows[at:at + 2]}, "next": f"/orders?at={at + 2}" if more else None}

        self.follows("{type: json_link, next_url_path: next}", answer)

    def test_links_in_the_head(self):
        def answer(q):
            at = int(q.get("at", 0))
            more = at + 2 < len(self.rows)
            link = {"Link": f'<{self.host}/x>; rel="prev", <{self.host}/orders?at={at + 2}>; rel="next"'} if more else {}
            return 200, link, json.dumps(self.rows[at:at + 2])

        self.follows("{type: header_link}", answer, "method: GET")

    def test_tokens(self):
        def answer(q):
            at = int(q.get("after", "t0")[1:])
            return {"data": {"items": self.rows[at:at + 2]}, "meta": {"next": f"t{at + 2}" if at + 2 < len(self.rows) else ""}}

        self.follows("{type: cursor, cursor_path: meta.next, cursor_param: after}", answer)

    def test_one_page_and_what_is_behind_it(self):
        self.follows("single_page", lambda q: {"data": {"items": self.rows}})

    def test_a_list_that_does_not_grow_at_its_end_is_refused(self):
        rows = ids(1, 3)
        end = self.endpoint(lambda q: rows)
        self.pipeline(f"url: '{end.host}'")
        self.run_ok()
        rows.pop(0)
        self.refused("does not begin with the 3 records that were taken", "`cursor`")
        self.check(3)

    # ---- cursor ----

    def test_cursor_asks_for_news_only_and_passes_over_what_it_knows(self):
        self.rows = [{"id": i, "at": f"2026-01-0{(i + 1) // 2}"} for i in range(1, 6)]  # two share a day
        end = self.endpoint(lambda q: [r for r in reversed(self.rows) if r["at"] >= q["since"]])
        self.pipeline(f"url: '{end.host}', cursor: {{cursor_path: at, param: since, initial_value: '2026-01-01'}}")
        self.run_ok()
        self.rows.append({"id": 6, "at": "2026-01-03"})
        self.rows.append({"id": 7, "at": "2026-01-04"})
        self.run_ok()
        self.run_ok()
        self.check(7)
        self.assertEqual([path.split("=")[1] for path in end.asked], ["2026-01-01", "2026-01-03", "2026-01-04"])

    def test_a_number_keeps_its_digits(self):
        big = 9007199254740993
        end = self.endpoint(lambda q: [{"id": big}] if int(q.get("after", 0)) < big else [])
        self.pipeline(f"url: '{end.host}', cursor: {{cursor_path: id, param: after}}")
        self.run_ok()
        self.run_ok()
        self.assertEqual(end.asked[1], f"/?after={big}")
        self.assertEqual(self.w.rows("bronze")[0]["id"], big)

    # ---- kills ----

    def test_a_kill_beside_the_spool_loses_nothing_and_doubles_nothing(self):
        points = ("http.before_spool:2", "http.after_spool:2", "fs.fsync_dir", "source.after_read", "flow.before_decided",
                  "flow.after_decided", "flow.after_done")
        for point in points:
            for form in ("{type: page_number}", "{type: offset, limit: 2}"):
                with self.subTest(point=point, form=form):
                    self.setUp()

                    def answer(q):
                        at = 2 * int(q["page"]) - 2 if "page" in q else int(q["offset"])
                        return ids(1, 7)[at:at + 2]

                    end = self.endpoint(answer)
                    self.pipeline(f"url: '{end.host}', pagination: {form}")
                    killed = self.w.run(failpoint=f"{point}:kill")
                    self.assertTrue(killed.fired, killed.err)
                    self.run_ok()
                    self.check(7)
                    self.run_ok()
                    self.check(7)
                    if point == "http.after_spool:2":  # what was kept is not asked for again
                        self.assertLessEqual(sum("page=1" in p or "offset=0" in p for p in end.asked), 1)

    def test_a_lost_spool_is_told(self):
        end = self.endpoint(lambda q: ids(1, 3))
        self.pipeline(f"url: '{end.host}'")
        self.run_ok()
        for head in glob.glob(self.w.path("lake", ".smelt", "spool", "*", "*", "head.json")):
            os.unlink(head)
        self.refused("page 1 was read", "--full-refresh")
        self.check(3)
        self.assertEqual(self.w.run("--full-refresh", "*", "--yes").code, 0)
        self.check(3)

    # ---- faults of the other side ----

    def test_429_is_asked_again_after_what_it_says(self):
        said = [(429, {"Retry-After": "1"}, ""), (503, {}, ""), ids(1, 2)]
        end = self.endpoint(lambda q: said.pop(0))
        self.pipeline(f"url: '{end.host}'")
        self.run_ok()
        self.check(2)
        self.assertEqual(len(end.asked), 3)

    def test_faults_are_told_once_and_clearly(self):
        cases = (
            ((404, {}, "no such list\nmore"), ["answered with status 404: no such list"]),
            ((301, {"Location": "http://127.0.0.1:1/x"}, ""), ["status 301", "not followed"]),
            ((200, {}, "<html>"), ["the answer is no JSON"]),
            ((200, {}, '{"rows": 1}'), ["nothing at `records_path` data"]),
            ((200, {}, b" " * (17 << 20)), ["larger"]),
            ((200, {}, '{"data": [], "next": "http://127.0.0.2:9/x"}'), ["another host is not asked"]),
            ((200, {}, '{"data": [], "next": "?k=v"}'), ["names itself"]),
        )
        for said, words in cases:
            with self.subTest(words=words):
                end = self.endpoint(lambda q: said)
                self.pipeline(f"url: '{end.host}/list?key=abc', records_path: data, pagination: {{type: json_link}}")
                done = self.refused(*words)
                self.assertNotIn("key=abc", done.err + done.out)
                self.assertLessEqual(len(end.asked), 2)

    def test_what_is_no_form_is_refused(self):
        for source, words in (("pagination: {type: pages}", "header_link"), ("pagination: {type: offset, size: 3}", "no `size`"),
                              ("cursor: {cursor_path: id}", "`param`"), ("headers: {Authorization: x}", "bearer")):
            with self.subTest(source=source):
                self.pipeline(f"url: 'http://127.0.0.1:9/x', {source}")
                self.refused(words)

    # ---- who asks ----

    def test_secrets_reach_the_host_and_nothing_else(self):
        end = self.endpoint(lambda q: (401, {}, f"who is {TOKEN}?"))
        self.w.write("token", TOKEN + "\n")
        self.w.write("smelt.yml", f"version: 1\nsecrets: {{t: {{file: token}}}}\nconnections:\n  api: {{type: http, "
                                  f"base_url: '{end.host}/v1/', bearer: '${{secret.t}}', headers: {{X-Team: a}}}}\n")
        self.pipeline("connection: api, url: orders")
        said = self.refused("/v1/orders answered with status 401")
        end.answer = lambda q: ids(1, 2)
        told = [said, self.run_ok(), self.w.smelt("plan", "pipeline.yml", "--json"), self.w.smelt("events", "pipeline.yml")]
        self.check(2)
        self.assertEqual(end.heads[-1]["Authorization"], "Bearer " + TOKEN)
        self.assertEqual(end.heads[-1]["X-Team"], "a")
        for one in told:
            self.assertNotIn(TOKEN, one.out + one.err)
        for folder, _, names in os.walk(self.w.path("lake")):
            for name in names:
                with open(os.path.join(folder, name), "rb") as f:
                    self.assertNotIn(TOKEN.encode(), f.read(), name)

    def test_a_password_and_a_body(self):
        end = self.endpoint(lambda q: ids(1, 1))
        self.w.write("token", TOKEN + "\n")
        self.w.write("smelt.yml", f"version: 1\nsecrets: {{t: {{file: token}}}}\nconnections:\n  api: {{type: http, "
                                  f"base_url: '{end.host}', username: me, password: '${{secret.t}}'}}\n")
        self.pipeline("connection: api, url: /q, method: POST, body: {a: [1]}, params: {'x y': 'ä&'}")
        self.run_ok()
        self.assertEqual(base64.b64decode(end.heads[0]["Authorization"].split()[1]).decode(), "me:" + TOKEN)
        self.assertEqual(end.body, {"a": [1]})
        self.assertEqual(end.asked[0], "/q?x%20y=%C3%A4%26")

    def test_a_server_goes_where_it_may_and_polls(self):
        for listed in (False, True):
            with self.subTest(listed=listed):
                self.setUp()
                self.rows = ids(1, 2)
                end = self.endpoint(lambda q: self.rows)
                self.pipeline(f"url: '{end.host}', poll_interval: 200ms", more="trigger: continuous\n")
                port = end.server_port
                allowed = f"server: {{egress: ['127.0.0.1:{port}']}}\n" if listed else ""
                self.w.write("smelt.yml", "version: 1\n" + allowed)
                server = serve_lib.Server(self.w.folder, "pipeline.yml")
                self.addCleanup(server.__exit__)
                if not listed:
                    server.until("egress")
                    self.assertEqual(end.asked, [])
                    continue
                server.until("serving 1 pipeline")
                for last in (2, 4):
                    self.rows = ids(1, last)
                    for _ in range(300):
                        if "bronze" in self.w.table_folders() and len(self.w.rows("bronze")) == last:
                            break
                        threading.Event().wait(0.1)
                    self.check(last)
                server.end()

    # ---- records ----

    def test_columns_are_inferred_and_grow_and_bad_records_are_kept(self):
        rows = [{"id": 1, "at": "2026-01-01T00:00:00Z"}]
        end = self.endpoint(lambda q: rows)
        self.w.write("pipeline.yml", PIPELINE.format(source=f"url: '{end.host}'", more="").replace(
            "schema: [{name: id, data_type: BIGINT}], ", ""))
        self.run_ok()
        rows += [{"id": 2, "name": "a\nb"}, 7, {"id": "no"}]
        self.run_ok()
        got = sorted((row["id"] or 0, row["name"], row["_rescued_data"] or "") for row in self.w.rows("bronze"))
        self.assertEqual([row[:2] for row in got], [(0, None), (1, None), (2, "a\nb")])
        self.assertIn('"id":"no"', got[0][2])
        self.assertEqual(len(self.w.rows("bronze__quarantine")), 1)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
