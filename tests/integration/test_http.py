# SPDX-License-Identifier: Apache-2.0
"""test_http.py -- the server: who may what, what is answered, what is refused."""
import concurrent.futures
import hmac
import http.client
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import http_lib  # noqa: E402

ROLES = ["none", "viewer", "operator", "admin"]
SAFE = {
    "content-security-policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}


class Http(unittest.TestCase):
    def setUp(self):
        self.w = http_lib.world.World(self.id().split(".")[-1][:60])
        self.w.write("pipeline.yml", http_lib.PIPELINE)
        self.arrive(1, -1)

    def arrive(self, *prices):
        self.n = getattr(self, "n", 0) + 1
        self.w.write(f"orders/{self.n}.json", "".join(json.dumps({"id": i, "price": p}) + "\n" for i, p in enumerate(prices)))

    def serve(self, **options):
        return http_lib.Server(self.w.folder, **options)

    def cookie(self, s):
        """A browser that has logged in: headers that it sends."""
        answer = s.ask("/api/v1/login", "POST", token="", body={"token": s.admin})
        self.assertEqual(answer.status, 200, answer.body)
        return {"Cookie": answer.cookies[0].split(";")[0], "X-Smelt-CSRF": answer.json()["csrf"],
                "Origin": f"http://127.0.0.1:{s.port}"}

    # ---- who may what ----

    def operations(self, s):
        document = s.ask("/api/v1/openapi.json", token="").json()
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                yield path, method.upper(), operation

    def fill(self, path):
        return re.sub(r"\{(\w+)\}", lambda m: {"pipeline": "shop", "run": "1", "ticket": "1"}.get(m.group(1), "none"), path)

    def test_every_route_below_its_role_is_refused(self):
        with self.serve() as s:
            tokens = {role: s.token(role) for role in ROLES[1:]}
            tokens["none"] = ""
            seen = 0
            for path, method, operation in self.operations(s):
                least = ROLES.index(operation["x-smelt-role"])
                if operation.get("x-smelt-rows"):
                    least = max(least, 2)
                for role in ROLES[:least]:
                    answer = s.ask(self.fill(path), method, token=tokens[role], body={} if method == "POST" else None)
                    self.assertEqual((answer.status, answer.code()),
                                     (401, "unauthorized") if role == "none" else (403, "denied"), (path, method, role))
                    seen += 1
                answer = s.ask(self.fill(path), method, token=tokens[ROLES[least]] or "", body=b"{" if method == "POST" else None) \
                    if path != "/api/v1/stream" else None
                if answer is not None:
                    self.assertNotIn(answer.status, (401, 403, 500), (path, method, answer.body))
            self.assertGreater(seen, 20)

    def test_public_read_shows_no_rows(self):
        self.w.smelt("run")
        with self.serve(SMELT_PUBLIC="1") as s:
            self.assertEqual(s.ask("/api/v1/overview", token="").status, 200)
            self.assertEqual(s.ask("/api/v1/tokens", token="").status, 401)
            public = s.ask("/api/v1/pipelines/shop/events?level=debug", token="")
            self.assertEqual(public.status, 200)
            self.assertNotIn(b"samples", public.body)
            self.assertIn(b"samples", s.ask("/api/v1/pipelines/shop/events?level=debug").body)

    def test_messages_of_failures_show_viewers_no_values_on_any_route(self):
        self.w.write("pipeline.yml", http_lib.PIPELINE.replace("on_violation: quarantine", "on_violation: fail") + """  cast:
    type: materialized_view
    sql: SELECT (price::BIGINT * 1000000007)::INTEGER AS n FROM sold
  keys:
    from: orders
    expectations: {one: {unique: [id], on_violation: fail}}
""")
        self.arrive(-471147114711)
        self.w.smelt("run", "--select", "keys", "sold+")
        self.w.write("orders/0.json", json.dumps({"id": 31337313373133, "price": 815815815815}) + "\n")
        self.w.smelt("run")
        values = (b"471147114711", b"31337313373133", b"815815815815", b', for example {')
        with self.serve() as s:
            viewer, operator = s.token("viewer"), s.token("operator")
            seen = b""
            for path, method, operation in self.operations(s):
                if method != "GET" or path == "/api/v1/stream" or "{hook}" in path:
                    continue
                path = self.fill(path).replace("datasets/none", "datasets/sold")
                answer = s.ask(path, token=viewer)
                seen += s.ask(path, token=operator).body
                for value in values:
                    self.assertNotIn(value, answer.body, path)
            self.assertIn(values[3], seen, "nothing was there that could be hidden")
            places = s.stream(token=viewer)
            first = places.next()
            self.assertEqual(first[0], "open")
            again = s.stream(token=viewer, last=re.sub(r"-\d+", "-0", places.last))
            for kind, data in again.until("run_finished"):
                self.assertNotIn("for example", json.dumps(data))
                self.assertNotIn("samples", json.dumps(data))
            again.close()
            places.close()

    def test_runs_that_find_nothing_hide_none_that_found_something(self):
        self.w.smelt("run")
        self.arrive(2, 3)
        for _ in range(5):
            self.w.smelt("run")
        with self.serve() as s:
            rules = s.ask("/api/v1/pipelines/shop/quality?runs=2").json()
            priced, = next(t for t in rules["tables"] if t["name"] == "sold")["expectations"]
            self.assertEqual((priced["passed"], priced["failed"], priced["run"]), (2, 0, 2))
            self.assertEqual(priced["history"], [{"passed": 1, "failed": 1}, {"passed": 2, "failed": 0}, None])
            self.assertEqual(rules["runs"], [1, 2, 6])
            row, = s.ask("/api/v1/overview").json()["pipelines"]
            self.assertEqual([r["number"] for r in row["last_runs"]], [6, 2, 1])
            self.assertEqual(row["run"]["number"], 6)
            self.assertEqual([r["number"] for r in s.ask("/api/v1/pipelines/shop/grid?runs=1").json()["runs"]], [6, 2])

    def test_a_table_that_is_too_old_is_not_among_what_is_well(self):
        self.w.write("pipeline.yml", """version: 1
pipeline: shop
storage: ./lake
freshness: {warn_after: 1h, error_after: 6h}
sources:
  orders:
    type: files
    path: orders/*.json
    format: json
    schema_hints: id BIGINT, price TIMESTAMP
    watermark: {column: price, delay: 1 hour}
tables:
  hours: {from: orders, deduplicate: {keys: [id]}, unbounded_state: accepted}
""")
        os.unlink(self.w.path("orders", "1.json"))
        self.arrive("2026-01-01T10:00:00")
        self.w.smelt("run")
        with self.serve() as s:
            d = s.ask("/api/v1/overview").json()
            self.assertEqual((d["state"], d["sentence"]), ("stale", "hours is stale"))
            self.assertEqual(d["pipelines"][0]["stale"], ["hours"])
            need, = d["attention"]
            self.assertEqual((need["kind"], need["table"], need["href"]), ("stale", "hours", "p/shop/t/hours"))
            self.assertRegex(need["message"], "^its newest row is of .* ago, by its event time, and 6 h 0 min are allowed$")
            hours, = [t for t in s.ask("/api/v1/pipelines/shop").json()["datasets"] if t["name"] == "hours"]
            self.assertEqual((hours["state"], hours["reason"]), ("stale", need["message"]))
            metrics = s.ask("/metrics").body.decode()
            self.assertIn('smelt_table_stale{pipeline="shop",table="hours"} 2\n', metrics)
            self.assertRegex(metrics, r'smelt_table_lag_seconds\{pipeline="shop",table="hours"\} \d{7,}\n')

    def test_late_rows_are_among_what_needs_attention(self):
        self.w.write("pipeline.yml", """version: 1
pipeline: shop
storage: ./lake
sources:
  orders: {type: files, path: "orders/*.json", format: json, schema_hints: "id BIGINT, price TIMESTAMP"}
tables:
  hours:
    watermark: {column: price, delay: 1 hour}
    sql: SELECT window(price, '1 hour') AS w, count(*) AS n FROM STREAM(orders) GROUP BY ALL
""")
        os.unlink(self.w.path("orders", "1.json"))
        self.arrive("2026-01-01T10:00:00", "2026-01-02T10:00:00")
        self.w.smelt("run")
        self.arrive("2026-01-01T10:00:00")
        self.w.smelt("run")
        with self.serve() as s:
            need, = [n for n in s.ask("/api/v1/overview").json()["attention"] if n["kind"] == "late_rows"]
            self.assertEqual((need["table"], need["count"], need["href"]), ("hours", 1, "p/shop/streaming"))

    def test_who_may_not_is_told_before_the_body_is_taken(self):
        with self.serve() as s:
            head = (b"POST /api/v1/pipelines/shop/runs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                    b"Content-Length: 1000000\r\n\r\n")
            with socket.create_connection(("127.0.0.1", s.port), timeout=20) as link:
                link.sendall(head)  # and nothing of the body
                self.assertIn(b" 401 ", link.recv(4096).split(b"\r\n")[0])
            answer = s.ask("/api/v1/pipelines/shop/runs", "POST", token="", body={"select": "x" * 60000})
            self.assertEqual((answer.status, answer.code()), (401, "unauthorized"))

    def test_login_logout_and_refusals_are_written_down(self):
        with self.serve() as s:
            viewer = s.token("viewer")
            cookie = self.cookie(s)
            s.ask("/api/v1/logout", "POST", token="", headers=cookie, body={})
            self.assertEqual(s.ask("/api/v1/pipelines/shop/runs", "POST", token=viewer, body={}).status, 403)
            self.assertEqual(s.ask("/api/v1/overview", token="wrong").status, 401)
            admin = s.ask("/api/v1/me").json()["token"]
            rows = [(r["act"], r["by"], r["outcome"]) for r in s.ask("/api/v1/audit").json()["audit"]]
            self.assertEqual(rows[0][:2], ("authenticate", ""))
            self.assertEqual(rows[1][::2], ("startRun", "refused"))
            self.assertNotIn(rows[1][1], ("", admin))
            self.assertEqual(rows[2:4], [("logout", admin, "ok"), ("login", admin, "ok")])

    def test_a_token_has_so_many_sessions_and_the_oldest_end(self):
        with self.serve() as s:
            cookies = [self.cookie(s) for _ in range(34)]
            states = [s.ask("/api/v1/overview", token="", headers=c).status for c in cookies]
            self.assertEqual(states, [401] * 2 + [200] * 32)

    def test_long_details_of_an_act_are_cut_and_not_lost(self):
        with self.serve() as s:
            s.ask("/api/v1/tokens", "POST", body={"role": "viewer", "name": "n" * 250, "days": 1})
            s.ask("/api/v1/pipelines/shop/tables/sold/quarantine?limit=7&rule=" + "r" * 256 + "&row=" + "w" * 256)
            s.ask("/api/v1/pipelines/shop/retry", "POST", body={"all": True})
            long = "select " * 1000
            s.ask("/api/v1/pipelines/shop/runs", "POST", body={"select": long[:4000], "exclude": "e" * 4000})
            row = s.ask("/api/v1/audit").json()["audit"][0]
            self.assertEqual(row["act"], "startRun")
            self.assertTrue(row["details"]["truncated"])
            self.assertTrue(row["details"]["select"].startswith("select select"))

    def test_two_hosts_or_a_port_that_is_none_are_no_request(self):
        with self.serve() as s:
            for headers in (b"Host: 127.0.0.1\r\nHost: evil.example\r\n", b"Host: 127.0.0.1:80a\r\n", b"Host: localhost:\xc3\xa9\r\n",
                            b"Host: 127.0.0.1:99999\r\n", b"Host: [::1]x\r\n"):
                got = s.raw(b"GET /healthz HTTP/1.1\r\n" + headers + b"Connection: close\r\n\r\n")
                self.assertIn(b" 400 ", got.split(b"\r\n")[0], headers)
            for headers in (b"Host: 127.0.0.1\r\n", b"Host: [::1]:8480\r\n", b"Host: localhost:65535\r\n"):
                got = s.raw(b"GET /healthz HTTP/1.1\r\n" + headers + b"Connection: close\r\n\r\n")
                self.assertIn(b" 200 ", got.split(b"\r\n")[0], headers)

    def test_a_table_is_as_far_behind_as_its_newest_event(self):
        pipeline = """version: 1
pipeline: shop
storage: ./lake
freshness: {warn_after: 1h}
sources:
  orders: {type: files, path: "orders/*.json", format: json, schema_hints: "id BIGINT, price TIMESTAMP"}
tables:
  plain: {from: orders}
  hours:
    watermark: {column: price, delay: 1 hour}
    sql: SELECT window(price, '1 hour') AS w, count(*) AS n FROM STREAM(orders) GROUP BY ALL
"""
        self.w.write("pipeline.yml", pipeline)
        os.unlink(self.w.path("orders", "1.json"))
        self.arrive("2026-01-01T10:00:00", "2026-01-02T10:00:00")
        self.w.smelt("run")
        with self.serve() as s:
            tables = {t["name"]: t["freshness"] for t in s.ask("/api/v1/pipelines/shop/status").json()["tables"]}
            self.assertEqual((tables["plain"]["state"], tables["plain"]["since"]), ("fresh", "written"))
            self.assertEqual((tables["hours"]["state"], tables["hours"]["since"]), ("late", "event_time"))
            age = time.time() - 1767348000  # 2026-01-02T10:00:00Z
            self.assertAlmostEqual(tables["hours"]["lag_seconds"], age, delta=60)

    def test_a_page_that_is_loaded_often_keeps_its_stream(self):
        with self.serve() as s:
            for _ in range(30):
                stream = s.stream()
                self.assertEqual(stream.status, 200)
                stream.next()
                stream.close()
            held = [s.stream() for _ in range(8)]
            self.assertEqual({stream.status for stream in held}, {200})
            refused = s.stream()
            self.assertEqual(refused.status, 429)
            self.assertIn("there are too many streams", refused.response.read().decode())
            for stream in held:
                stream.close()

    def test_tokens_are_made_listed_and_revoked(self):
        with self.serve() as s:
            made = s.ask("/api/v1/tokens", "POST", body={"role": "viewer", "name": "screen", "days": 1})
            self.assertEqual(made.status, 201)
            made = made.json()
            self.assertEqual(s.ask("/api/v1/overview", token=made["token"]).status, 200)
            listed = [t for t in s.ask("/api/v1/tokens").json()["tokens"] if t["id"] == made["id"]]
            self.assertEqual(listed[0]["state"], "active")
            self.assertNotIn(made["token"].encode(), s.ask("/api/v1/tokens").body)
            self.assertEqual(s.ask("/api/v1/tokens/" + made["id"], "DELETE").status, 200)
            self.assertEqual(s.ask("/api/v1/overview", token=made["token"]).status, 401)
            self.assertEqual(s.ask("/api/v1/tokens/none", "DELETE").status, 404)
            audit = s.ask("/api/v1/audit").json()["audit"]
            self.assertEqual([(row["act"], row["outcome"]) for row in audit][:3],
                             [("revokeToken", 'there is no token "none"'),
                              ("authenticate", "the token is not known, has expired or was revoked"), ("revokeToken", "ok")])
            self.assertEqual(audit[2]["address"], "127.0.0.1")
        with open(os.path.join(self.w.folder, "lake/.smelt/control/smelt.db"), "rb") as f:
            self.assertNotIn(made["token"].encode(), f.read())

    def test_the_first_token_is_a_file_for_its_owner_only(self):
        with self.serve() as s:
            path = os.path.join(self.w.folder, "lake/.smelt/control/admin-token")
            self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
            self.assertIsNotNone(s.link)
        with self.serve() as s:
            self.assertIsNone(s.link)
            self.assertEqual(s.ask("/api/v1/tokens").status, 200)

    # ---- browsers ----

    def test_a_link_logs_in_once(self):
        with self.serve() as s:
            code = s.link.split("#code=")[1]
            answer = s.ask("/api/v1/login", "POST", token="", body={"code": code})
            self.assertEqual((answer.status, answer.json()["role"]), (200, "admin"))
            self.assertRegex(answer.cookies[0], r"^smelt=[\w-]{43}; Path=/; HttpOnly; SameSite=Strict; Max-Age=604800$")
            self.assertEqual(s.ask("/api/v1/login", "POST", token="", body={"code": code}).status, 401)

    def test_a_cookie_changes_nothing_from_another_site(self):
        with self.serve() as s:
            good = self.cookie(s)
            body = {"role": "viewer"}

            def post(**other):
                headers = {k: v for k, v in {**good, **other}.items() if v is not None}
                return s.ask("/api/v1/tokens", "POST", token="", body=body, headers=headers).status

            self.assertEqual(post(), 201)
            self.assertEqual(post(Origin="http://evil.example"), 403)
            self.assertEqual(post(Origin=None), 403)
            self.assertEqual(post(Origin="null"), 403)
            self.assertEqual(post(**{"X-Smelt-CSRF": None}), 403)
            self.assertEqual(post(**{"X-Smelt-CSRF": "x" * 43}), 403)
            self.assertEqual(post(**{"Content-Type": "text/plain"}), 415)
            self.assertEqual(s.ask("/api/v1/overview", token="", headers={"Cookie": good["Cookie"]}).status, 200)
            self.assertEqual(s.ask("/api/v1/logout", "POST", token="", body={}, headers=good).status, 200)
            self.assertEqual(s.ask("/api/v1/overview", token="", headers={"Cookie": good["Cookie"]}).status, 401)

    def test_without_tokens_another_site_changes_nothing_either(self):
        with self.serve(auth=False) as s:
            body, own = {"role": "viewer"}, {"X-Smelt-CSRF": "1"}
            self.assertEqual(s.ask("/api/v1/tokens", "POST", body=body).status, 403)
            self.assertEqual(s.ask("/api/v1/tokens", "POST", body=body, headers={**own, "Origin": "http://evil.example"}).status, 403)
            self.assertEqual(s.ask("/api/v1/tokens", "POST", body=body, headers=own).status, 201)

    def test_other_names_of_this_machine_are_refused(self):
        with self.serve(auth=False) as s:
            for name, status in (("localhost", 200), ("127.0.0.1", 200), ("[::1]:1", 200), ("evil.example", 403),
                                 ("127.0.0.1.evil.example", 403), ("", 403)):
                self.assertEqual(s.ask("/api/v1/overview", headers={"Host": name}).status, status, name)

    def test_guessing_is_stopped_for_a_minute(self):
        with self.serve() as s:
            for _ in range(10):
                self.assertEqual(s.ask("/api/v1/overview", token="wrong", address="127.0.0.7").status, 401)
            answer = s.ask("/api/v1/overview", token="wrong", address="127.0.0.7")
            self.assertEqual(answer.status, 429)
            self.assertLessEqual(int(answer.headers["retry-after"]), 60)
            self.assertEqual(s.ask("/api/v1/login", "POST", token="", body={"token": "x"}, address="127.0.0.7").status, 429)
            self.assertEqual(s.ask("/api/v1/overview").status, 200)

    def test_guessing_locks_no_good_token_out(self):
        with self.serve() as s:
            for _ in range(11):
                s.ask("/api/v1/overview", token="wrong", address="127.0.0.7")
            self.assertEqual(s.ask("/api/v1/overview", token="wrong", address="127.0.0.7").status, 429)
            self.assertEqual(s.ask("/api/v1/overview", address="127.0.0.7").status, 200)
            login = s.ask("/api/v1/login", "POST", token="", body={"token": s.admin}, address="127.0.0.7")
            self.assertEqual(login.status, 200)

    # ---- what is answered ----

    def test_answers_are_packed_and_known_again(self):
        self.w.smelt("run")
        with self.serve() as s:
            path = "/api/v1/pipelines/shop/status"
            plain = s.ask(path)
            packed = s.ask(path, headers={"Accept-Encoding": "br, gzip;q=0.5"})
            self.assertEqual(packed.body, plain.body)
            self.assertLess(len(packed.raw), len(plain.raw))
            self.assertNotIn("content-encoding", s.ask(path, headers={"Accept-Encoding": "gzip;q=0"}).headers)
            again = s.ask(path, headers={"If-None-Match": 'W/"x", ' + plain.headers["etag"]})
            self.assertEqual((again.status, again.raw), (304, b""))
            self.arrive(2)
            self.w.smelt("run")
            self.assertEqual(s.ask(path, headers={"If-None-Match": plain.headers["etag"]}).status, 200)

    def test_every_answer_has_the_headers_that_protect(self):
        with self.serve() as s:
            for path, status in (("/", (200, 404)), ("/assets/vendor/preact.js", (200,)), ("/healthz", (200,)),
                                 ("/api/v1/overview", (200,)), ("/api/v1/none", (404,)), ("/assets/none.js", (404,))):
                answer = s.ask(path)
                self.assertIn(answer.status, status, path)
                self.assertEqual(SAFE.items() - answer.headers.items(), set(), path)
                self.assertNotIn("access-control-allow-origin", answer.headers)

    def test_documents_are_those_of_the_command_line(self):
        self.w.smelt("run")
        with self.serve() as s:
            for path, command in (("status", ["status"]), ("runs", ["runs"]), ("runs/1", ["runs", "1"]),
                                  ("checkpoints", ["checkpoint", "list"]), ("checkpoints/sold", ["checkpoint", "show", "sold"]),
                                  ("plan", ["plan"]), ("datasets/sold", ["show", "sold"])):
                printed = json.loads(self.w.smelt(*command, "--json").out)
                answered = s.ask("/api/v1/pipelines/shop/" + path).json()
                self.assertEqual({**answered, **printed}, answered, path)

    def test_a_flow_that_falls_behind_is_told_with_what_waits(self):
        # Six million rows come each second, and a batch takes one: of the six that the run has, each leaves more.
        self.w.write("pipeline.yml", "version: 1\npipeline: flood\nstorage: ./lake\nengine: {threads: 1}\nsources:\n"
                     "  ticks: {type: generate, rows_per_second: 6000000}\ntables:\n  few:\n"
                     "    sql: SELECT value FROM STREAM(ticks) WHERE sha256(value::VARCHAR) < '0001'\n"
                     "    freshness: {warn_after: 1h}\n")
        self.assertEqual(self.w.smelt("run").code, 0)
        with self.serve() as s:
            base = "/api/v1/pipelines/flood/"
            doc = s.ask(base + "streaming?since=600").json()
            waiting = [b["lag"]["rows"] for b in doc["batches"]]
            self.assertEqual(waiting, sorted(waiting))
            told, = [a for a in doc["advice"] if a["kind"] == "falling_behind"]
            self.assertIn(f"{waiting[-1]:,} rows wait", told["message"])
            flow, = s.ask(base + "checkpoints").json()["checkpoints"]
            self.assertEqual(flow["lag"]["ticks"]["rows"], waiting[-1])
            self.assertEqual(s.ask(base + "status").json()["tables"][0]["freshness"]["lag_rows"], waiting[-1])
            metrics = s.ask("/metrics").body.decode()
            self.assertIn(f'smelt_table_lag_rows{{pipeline="flood",table="few"}} {waiting[-1]}\n', metrics)
            self.assertIn(f'smelt_source_lag_rows{{pipeline="flood",flow="few",source="ticks"}} {waiting[-1]}\n', metrics)
            self.assertRegex(metrics, r'smelt_source_lag_seconds\{pipeline="flood",flow="few",source="ticks"\} \d+\n')

    def test_below_a_base_path_all_is_below_it(self):
        with self.serve(base="/data/smelt") as s:
            self.assertEqual(s.url, f"http://127.0.0.1:{s.port}/data/smelt/")
            self.assertEqual(s.ask("/api/v1/overview").status, 200)
            self.assertEqual(s.ask("/assets/vendor/preact.js").status, 200)
            s.base = ""
            self.assertEqual(s.ask("/api/v1/overview").status, 404)
            s.base = "/data/smelt"

    # ---- limits ----

    def test_what_is_too_large_is_refused(self):
        with self.serve() as s:
            self.assertEqual(s.ask("/api/v1/overview?x=" + "a" * 9000).status, 414)
            self.assertEqual(s.ask("/api/v1/tokens", "POST", body=b" " * (1024 * 1024 + 1)).status, 413)
            self.assertEqual(s.ask("/api/v1/tokens", "POST", body=b"[" * 100000).status, 400)
            self.assertIn(s.ask("/api/v1/overview", headers={"X": "a" * 60000}).status, (413, 431))
            for body in (b"[]", b"{", b'{"role":1}', b'{"role":"viewer","x":1}', b'{"role":"viewer","days":0}', b"\xff", b"null"):
                self.assertEqual(s.ask("/api/v1/tokens", "POST", body=body).status, 400, body)
            self.assertEqual(s.ask("/api/v1/overview", "PATCH").status, 405)
            for line in (b"GET / HTTP/1.1\r\n\r\n", b"GET /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\x00\x01\x02\r\n\r\n",
                         b"GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n"):
                self.assertNotIn(b"200 OK", s.raw(line))
            self.assertEqual(s.ask("/healthz").status, 200)

    def outside(self, schema):
        """Values just outside of the bounds that the document names."""
        if schema["type"] == "string" and "enum" not in schema:
            yield "x" * (schema["maxLength"] + 1)
            if schema.get("minLength", 0):
                yield "x" * (schema["minLength"] - 1)
        elif schema["type"] == "integer":
            yield schema["minimum"] - 1
            if schema["maximum"] < 2**63 - 1:
                yield schema["maximum"] + 1
        elif "enum" in schema:
            yield "none of them"

    def test_every_bound_of_every_route_is_kept(self):
        with self.serve() as s:
            seen = 0
            for path, method, operation in self.operations(s):
                body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
                asked = [(name, {"body": {name: value}}, "") for name, schema in body.get("properties", {}).items()
                         for value in self.outside(schema)]
                asked += [(p["name"], {}, f"?{p['name']}={value}".replace(" ", "+")) for p in operation.get("parameters", [])
                          if p["in"] == "query" for value in self.outside(p["schema"])]
                for name, more, query in asked:
                    answer = s.ask(self.fill(path) + query, method, **more)
                    self.assertEqual(answer.status, 400, (path, name))
                    self.assertIn(f'"{name}"', answer.json()["error"]["message"], path)
                    seen += 1
            self.assertGreater(seen, 40)

    def test_no_program_that_a_run_starts_gets_a_connection(self):
        with self.serve() as s:
            stream = s.stream()
            self.assertEqual(stream.next()[0], "open")
            here, seen = f"/proc/{s.process.pid}/", 0
            for fd in os.listdir(here + "fd"):
                if os.readlink(f"{here}fd/{fd}").startswith("socket:"):
                    with open(f"{here}fdinfo/{fd}") as f:
                        flags = int(re.search(r"flags:\s*(\d+)", f.read()).group(1), 8)
                    self.assertTrue(flags & os.O_CLOEXEC, fd)
                    seen += 1
            self.assertGreaterEqual(seen, 3)
            stream.close()

    # ---- the stream ----

    def test_a_stream_goes_on_where_it_was_left(self):
        self.w.smelt("run")
        with self.serve() as s:
            first = s.stream()
            self.assertEqual(first.next()[0], "open")
            self.arrive(3)
            self.w.smelt("run")
            seen = first.until("run_finished")
            first.close()
            self.arrive(4)
            self.w.smelt("run")
            second = s.stream(last=first.last)
            more = second.until("run_finished")
            second.close()
            ids = [data["id"] for _, data in seen + more if "id" in data]
            self.assertEqual(ids, sorted(set(ids)))
            stored = [e["id"] for e in s.ask("/api/v1/pipelines/shop/events?after=0&limit=1000").json()["events"]]
            self.assertEqual(ids, [i for i in stored if i >= ids[0]])
            self.assertEqual({data["pipeline"] for _, data in seen + more if "id" in data}, {"shop"})

    def test_a_stream_ends_with_its_token_and_with_the_server(self):
        with self.serve() as s:
            made = s.ask("/api/v1/tokens", "POST", body={"role": "viewer"}).json()
            stream = s.stream(token=made["token"])
            other = s.stream()
            self.assertEqual(stream.next()[0], "open")
            s.ask("/api/v1/tokens/" + made["id"], "DELETE")
            while stream.response.readline():
                pass
            self.assertEqual(other.next()[0], "open")
        try:
            rest = other.response.read()
        except http.client.IncompleteRead as e:  # the socket closed before the last chunk
            rest = e.partial
        self.assertEqual(rest, b"")

    def test_one_address_gets_eight_streams(self):
        with self.serve() as s:
            streams = [s.stream(address="127.0.0.9") for _ in range(8)]
            self.assertEqual([x.status for x in streams], [200] * 8)
            self.assertEqual(s.stream(address="127.0.0.9").status, 429)
            self.assertEqual(s.stream().status, 200)
            for x in streams:
                x.close()

    # ---- acts ----

    def test_runs_are_started_and_waited_for(self):
        self.arrive(5, -2)
        with http_lib.Serve(self.w.folder) as s:
            operator = s.token("operator")
            done = s.run()
            self.assertEqual((done["exit_code"], done["state"].split("_")[0]), (0, "succeeded"))
            runs = "/api/v1/pipelines/shop/runs"
            self.assertEqual(s.ask(runs, "POST", body={"full_refresh": "*"}, token=operator).status, 403)
            self.assertEqual(s.ask(runs, "POST", body={"select": "sol"}).status, 400)
            self.assertEqual(s.ask(runs, "POST", body={"with_quarantine": True}).status, 400)
            self.assertEqual(s.run(full_refresh="*", with_quarantine=True)["exit_code"], 0)
            self.assertEqual(s.ask("/api/v1/tickets/99999").status, 404)
            self.assertEqual(s.ask("/api/v1/pipelines/nope/runs", "POST", body={}).status, 404)
            for act, state in (("pause", "paused"), ("resume", "resumed"), ("stop", "idle")):
                self.assertEqual(s.ask("/api/v1/pipelines/shop/" + act, "POST", token=operator).json()["state"], state)
            self.assertEqual(s.ask("/api/v1/pipelines/shop/retry", "POST", token=operator).status, 202)
            acts = [row["act"] for row in s.ask("/api/v1/audit").json()["audit"]]
            self.assertEqual(acts[:4], ["retryRun", "stopRun", "resumePipeline", "pausePipeline"])

    def test_only_so_many_wait_for_a_run(self):
        self.w.write("pipeline.yml", http_lib.PIPELINE.replace("FROM sold", "FROM sold, " + http_lib.ENDLESS))
        with http_lib.Serve(self.w.folder) as s, concurrent.futures.ThreadPoolExecutor(5) as pool:
            ticket = s.ask("/api/v1/pipelines/shop/runs", "POST", body={}).json()["ticket"]
            begun = time.monotonic()
            waiting = [pool.submit(s.ask, f"/api/v1/tickets/{ticket}?wait=30") for _ in range(5)]
            done, held = concurrent.futures.wait(waiting, return_when=concurrent.futures.FIRST_COMPLETED)
            self.assertLess(time.monotonic() - begun, 25)
            self.assertEqual([x.result().json()["state"] for x in done], ["waiting"])
            self.assertEqual(len(held), 4)
            s.ask("/api/v1/pipelines/shop/stop", "POST", body={})
            self.assertEqual({x.result().json()["state"] for x in held}, {"canceled"})
            self.assertEqual(s.ask(f"/api/v1/tickets/{ticket}?wait=30").json()["state"], "canceled")

    def test_rows_set_aside_are_shown_replayed_and_discarded(self):
        with http_lib.Serve(self.w.folder) as s:
            s.run()
            base = "/api/v1/pipelines/shop/"
            tokens = {role: s.token(role) for role in ROLES[1:]}
            self.assertEqual(s.ask(base + "quarantine", token=tokens["viewer"]).json()["quarantines"][0]["rules"], {"priced": 1})
            self.assertEqual(s.ask(base + "quarantine/sold", token=tokens["viewer"]).status, 403)
            rows = s.ask(base + "quarantine/sold?rule=priced", token=tokens["operator"]).json()["rows"]
            self.assertEqual(rows[0]["row"]["price"], -1)
            self.assertEqual(s.ask(base + "quarantine/sold/discard", "POST", body={}, token=tokens["operator"]).status, 403)
            replayed = s.ask(base + "quarantine/sold/replay", "POST", body={"rule": "priced"}, token=tokens["operator"]).json()
            self.assertEqual((replayed["taken"], replayed["written"], replayed["left"]), (1, 0, 1))
            for body in ({}, {"rule": "", "row": ""}, {"all": False}, {"all": True, "rule": "priced"}):
                self.assertEqual(s.ask(base + "quarantine/sold/discard", "POST", body=body).status, 400, body)
            self.assertEqual(s.ask(base + "quarantine").json()["quarantines"][0]["rules"], {"priced": 1})
            self.assertEqual(s.ask(base + "quarantine/sold/discard", "POST", body={"all": True}).json()["left"], 0)
            preview = s.ask(base + "datasets/sold/preview?limit=1", token=tokens["operator"]).json()
            self.assertEqual(len(preview["rows"]), 1)
            self.assertEqual(s.ask(base + "datasets/sold/preview", token=tokens["viewer"]).status, 403)
            self.assertIn("previewDataset", [row["act"] for row in s.ask("/api/v1/audit").json()["audit"]])

    def test_invalid_files_are_not_deployed_and_told(self):
        with http_lib.Serve(self.w.folder) as s:
            self.w.write("pipeline.yml", http_lib.PIPELINE.replace("from: orders", "from: order"))
            answer = s.ask("/api/v1/reload", "POST", body={})
            self.assertEqual(answer.status, 422)
            self.assertIn(b"order", answer.body)
            overview = s.ask("/api/v1/overview").json()
            self.assertEqual([need["kind"] for need in overview["attention"] if need["kind"] == "reload"], ["reload"])
            self.assertEqual(s.run()["exit_code"], 0)
            self.w.write("pipeline.yml", http_lib.PIPELINE)
            self.assertEqual(s.ask("/api/v1/reload", "POST", body={}).status, 200)
            self.assertIsNone(s.ask("/api/v1/overview").json()["pipelines"][0]["reload_error"])

    def test_a_run_that_finds_nothing_hides_no_counts(self):
        with http_lib.Serve(self.w.folder) as s:
            s.run()
            s.run()
            self.assertEqual(s.ask("/api/v1/pipelines/shop").json()["run"]["state"], "completed")
            sold = next(d for d in s.ask("/api/v1/pipelines/shop").json()["datasets"] if d["name"] == "sold")
            self.assertEqual((sold["state"], sold["counters"]["read"], sold["counters"]["quarantined"]), ("idle", 2, 1))
            self.assertNotIn("rows_per_second", {k: v for k, v in sold.items() if v})
            needs = s.ask("/api/v1/overview").json()["attention"]
            self.assertEqual([(n["kind"], n["table"], n["count"]) for n in needs], [("quarantine", "sold", 1)])

    def test_what_happened_over_time(self):
        with http_lib.Serve(self.w.folder) as s:
            s.run()
            self.arrive(7)
            s.run()
            base = "/api/v1/pipelines/shop/"
            grid = s.ask(base + "grid?runs=10").json()
            self.assertEqual([t["name"] for t in grid["tables"]], ["sold", "total"])
            self.assertEqual({len(t["cells"]) for t in grid["tables"]}, {len(grid["runs"])})
            rule = s.ask(base + "quality").json()["tables"][0]["expectations"][0]
            self.assertEqual((rule["name"], rule["passed"] + rule["failed"]), ("priced", 1))
            self.assertEqual(len(rule["history"]), len(grid["runs"]))
            batches = s.ask(base + "streaming?since=600").json()["batches"]
            self.assertGreaterEqual(len([b for b in batches if b["flow"] == "sold"]), 2)
            self.assertEqual(batches, sorted(batches, key=lambda b: b["done"]))
            self.assertNotIn("samples", json.dumps(batches))
            self.assertEqual(s.ask(base + "streaming").json()["advice"], [])
            self.assertEqual(s.ask(base[:-1]).json()["trigger"], "available now")
            versions = s.ask(base + "datasets/sold/history").json()["versions"]
            self.assertEqual([v["version"] for v in versions], list(range(len(versions) - 1, -1, -1)))
            self.assertEqual(sum(v["rows"] for v in versions), 2)
            events = s.ask("/api/v1/events?limit=1000").json()["events"]
            self.assertEqual({e["pipeline"] for e in events}, {"shop"})

    # ---- the block `server` of smelt.yml ----

    def settings(self, text):
        self.w.write("smelt.yml", "version: 1\nserver:\n" + "".join(f"  {line}\n" for line in text))

    def test_the_project_says_where_and_to_whom(self):
        self.settings(["listen: 127.0.0.1:0", "base_path: /data/smelt/", "hosts: [smelt.example]", "public_read: true",
                       "public_metrics: true", "trusted_proxies: [127.0.0.1]"])
        with http_lib.Serve(self.w.folder, listen=(), base="/data/smelt") as s:
            self.assertTrue(s.url.endswith("/data/smelt/"))
            proxied = {"X-Forwarded-Host": "smelt.example", "X-Forwarded-Proto": "https", "X-Forwarded-For": "9.9.9.9, 10.0.0.1"}
            self.assertEqual(s.ask("/api/v1/overview", token="", headers={"Host": "smelt.example"}).status, 200)
            self.assertEqual(s.ask("/api/v1/overview", token="", headers={"Host": "other.example"}).status, 403)
            self.assertEqual(s.ask("/metrics", token="").status, 200)
            login = s.ask("/api/v1/login", "POST", token="", body={"token": s.admin}, headers=proxied)
            self.assertRegex(login.cookies[0], r"^__Host-smelt=.*; Secure; ")
            cookie = {"Cookie": login.cookies[0].split(";")[0], "X-Smelt-CSRF": login.json()["csrf"], **proxied}
            for origin, status in (("https://smelt.example", 201), ("http://smelt.example", 403)):
                self.assertEqual(s.ask("/api/v1/tokens", "POST", token="", body={"role": "viewer"},
                                       headers={**cookie, "Origin": origin}).status, status)
            self.assertEqual(s.ask("/api/v1/audit").json()["audit"][0]["address"], "10.0.0.1")
            taken_off = {"X-Forwarded-Prefix": "/elsewhere/"}
            s.base = ""
            page = s.ask("/", headers=taken_off)
            self.assertIn(b'"/elsewhere/', page.body)
            s.base = "/data/smelt"

    def test_what_everybody_could_reach_is_refused_without_tokens(self):
        self.settings(["listen: 0.0.0.0:0", "auth: none"])
        result = self.w.smelt("serve")
        self.assertEqual(result.code, 3, result.err)
        self.assertIn("smelt.yml:3:11: error[SM0904]", result.err)
        self.assertEqual(self.w.smelt("validate").code, 3)
        self.settings(["auth: none"])
        result = self.w.smelt("serve", "--listen", "0.0.0.0:0")
        self.assertEqual(result.code, 10, result.err)
        self.assertIn("server.auth is none", result.err)

    def test_what_is_not_encrypted_is_said(self):
        self.settings(["listen: 0.0.0.0:0"])
        with http_lib.Serve(self.w.folder, listen=()) as s:
            self.assertIn("not encrypted", "".join(s.said))

    def test_the_page_can_be_encrypted(self):
        certificate, key = self.w.path("c.pem"), self.w.path("k.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2",
                        "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate], check=True, capture_output=True)
        self.settings(["listen: 127.0.0.1:0", "tls: {certificate: c.pem, key: k.pem}"])
        with http_lib.Serve(self.w.folder, listen=()) as s:
            self.assertTrue(s.url.startswith("https://"))
            link = http.client.HTTPSConnection("127.0.0.1", s.port, context=ssl.create_default_context(cafile=certificate))
            link.request("GET", "/api/v1/overview", headers={"Authorization": "Bearer " + s.admin})
            self.assertEqual(link.getresponse().status, 200)
            link.close()
        self.assertNotIn("SM0908", self.w.smelt("validate").err)
        for wrong, words in (("k.pem", "holds no certificate"), ("none.pem", "none.pem")):  # a key is none, nor is nothing
            self.settings(["listen: 127.0.0.1:0", f"tls: {{certificate: {wrong}, key: k.pem}}"])
            self.assertIn(words, self.w.smelt("serve").err)
            told = self.w.smelt("validate")  # where files are checked, keys need not be: a warning
            self.assertEqual(told.code, 0, told.err)
            self.assertRegex(told.err, r"smelt\.yml:4:\d+: warning\[SM0908\]: .*" + re.escape(words))

    def test_a_signed_request_starts_a_run_once(self):
        self.w.write("hook.txt", "s3cret\n")
        self.w.write("smelt.yml", "version: 1\nsecrets: {hook: {file: hook.txt}}\n")
        self.w.write("pipeline.yml", http_lib.PIPELINE.replace("storage: ./lake", 'storage: ./lake\ntrigger: {when: [{webhook: {secret: "${secret.hook}"}}]}'))
        with http_lib.Serve(self.w.folder) as s:
            good, now = "/api/v1/pipelines/shop/hooks/run", str(int(time.time()))
            sign = hmac.new(b"s3cret", now.encode() + b".{}", "sha256").hexdigest()
            headers = {"X-Smelt-Timestamp": now, "X-Smelt-Signature": "sha256=" + sign}
            self.assertEqual(s.ask(good, "POST", token="", body=b"{}", headers=headers).status, 202)
            again = s.ask(good, "POST", token="", body=b"{}", headers=headers)
            self.assertEqual(again.status, 409)
            self.assertIn(b"seen already", again.body)
            self.assertEqual(s.ask(good, "POST", token="", body=b"{ }", headers=headers).status, 403)
            self.assertEqual(s.ask(good.replace("shop", "nope"), "POST", token="", body=b"{}", headers=headers).status, 403)

    def test_the_guide_shows_how_a_request_is_signed(self):
        with open(os.path.join(os.environ["SM_SOURCE"], "docs/guide/serve.md"), encoding="utf-8") as f:
            shown = re.search(r"```sh\n(body=.*?)```", f.read(), re.S).group(1)
        self.w.write("hook.txt", "s3cret\n")
        self.w.write("smelt.yml", "version: 1\nsecrets: {hook: {file: hook.txt}}\n")
        self.w.write("pipeline.yml", http_lib.PIPELINE.replace("storage: ./lake", 'storage: ./lake\ntrigger: {when: [{webhook: {secret: "${secret.hook}"}}]}'))
        with http_lib.Serve(self.w.folder) as s:
            script = shown.replace("http://127.0.0.1:8480/", s.url)
            done = subprocess.run(["sh", "-euc", script], cwd=self.w.folder, capture_output=True, text=True, timeout=60, check=True)
            self.assertRegex(done.stdout, r'"ticket": *\d+')

    def test_commands_ask_a_server(self):
        with http_lib.Serve(self.w.folder) as s:
            self.w.write("elsewhere/token", s.admin + "\n")

            def smelt(*args, token="elsewhere/token"):
                return self.w.smelt(*args, "--server", s.url, "--token-file", token)

            ran = smelt("run", "shop")
            self.assertEqual(ran.code, 0, ran.err)
            self.assertIn("sold", ran.out)
            listed = smelt("runs")
            self.assertEqual(listed.out.split("Next")[0], self.w.smelt("runs").out.split("Next")[0])
            self.assertEqual(json.loads(smelt("status", "--json").out), json.loads(self.w.smelt("status", "--json").out))
            self.assertEqual(smelt("run", "--select", "nothing").code, 2)
            self.assertEqual(smelt("run", "--full-refresh", "*").code, 7)
            self.assertEqual(smelt("run", "--full-refresh", "*", "--yes").code, 0)
            self.assertEqual(smelt("run", "nope").code, 2)
            self.assertIn("nothing was running", smelt("stop").err)
            self.assertEqual(smelt("pause").code, 0)
            self.assertEqual(smelt("resume").code, 0)
            self.assertEqual(smelt("retry").code, 0)
            self.assertEqual(smelt("reload").code, 0)
            self.w.write("elsewhere/viewer", s.token("viewer") + "\n")
            self.assertEqual(smelt("run", token="elsewhere/viewer").code, 10)
            self.w.write("elsewhere/wrong", "wrong\n")
            self.assertEqual(smelt("runs", token="elsewhere/wrong").code, 10)
            self.w.write("pipeline.yml", http_lib.PIPELINE.replace("on_violation: quarantine", "on_violation: fail"))
            self.assertEqual(smelt("reload").code, 0)
            self.arrive(-3)
            self.assertEqual(smelt("run").code, 5)
            self.assertEqual(self.w.smelt("run").code, 5)
        self.assertEqual(self.w.smelt("runs", "--server", s.url).code, 8)
        self.assertEqual(self.w.smelt("stop").code, 2)

    def test_tokens_are_made_on_the_machine_too(self):
        with http_lib.Serve(self.w.folder) as s:
            made = json.loads(self.w.smelt("token", "create", "--role", "operator", "--name", "ci", "--json").out)
            self.assertEqual(s.ask("/api/v1/overview", token=made["token"]).status, 200)
            self.assertEqual(self.w.smelt("token", "revoke", made["id"]).code, 0)
            self.assertEqual(s.ask("/api/v1/overview", token=made["token"]).status, 401)
            self.assertIn(made["id"] + "  operator  revoked", self.w.smelt("token", "list").out)
            self.assertEqual(self.w.smelt("token", "revoke", "t0").code, 2)
            self.assertEqual(self.w.smelt("token", "create", "--role", "owner").code, 2)


if __name__ == "__main__":
    unittest.main(verbosity=2, warnings="ignore")
