# SPDX-License-Identifier: Apache-2.0
"""fault_proxy.py -- between smelt and the S3 server, and not always kind.

    with FaultProxy(endpoint, judge) as proxy: … proxy.endpoint …

`judge(method, path, number)` says what becomes of a request: None (passed on), "drop" (hung up on
before the server sees it), "lose" (its answer is lost), "ignore" (a condition that is not met is
told as met), "cut" (hung up on behind half of the answer's body), "hang" (no answer as long as the
proxy stands), or (status, code) for an answer of its own.  What came is kept: `asked` are (method, path, act), `encryption` counts what those said that
make an object, None where they said nothing.
"""
import collections
import http.client
import http.server
import threading
import urllib.parse


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, headers, body, cut=False):
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in ("connection", "transfer-encoding", "date", "server"):
                self.send_header(name, value)
        if not any(name.lower() == "content-length" for name, _ in headers):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[:len(body) // 2] if cut else body)
        self.close_connection |= cut

    def pass_on(self, body, headers):
        server = http.client.HTTPConnection(self.server.upstream, timeout=30)
        server.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers:
            server.putheader(name, value)
        server.endheaders(body)
        got = server.getresponse()
        result = got.status, got.getheaders(), got.read()
        server.close()
        return result

    def handle_any(self):
        length = int(self.headers.get("Content-Length", 1 if self.command in ("PUT", "POST") else 0))
        body = self.rfile.read(length)
        if len(body) < length:  # cut off on the way, perhaps in its head, which looks like a short one
            self.close_connection = True
            return
        number, act = self.server.count(self.command, self.path, self.headers)
        headers = list(self.headers.items())
        if act == "hang":
            self.server.hung.set()
            self.server.ended.wait()
        if act in ("drop", "hang"):
            self.close_connection = True
            return
        if isinstance(act, tuple):
            text = f"<Error><Code>{act[1]}</Code><Message>as asked, number {number}</Message></Error>"
            self.answer(act[0], [("Content-Type", "application/xml")], text.encode())
            return
        result = self.pass_on(body, headers)
        if act == "lose":
            self.close_connection = True
            return
        if act == "ignore" and result[0] == 412:
            result = (200, [], b"")
        self.answer(*result, cut=act == "cut")

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any


class FaultProxy(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, endpoint, judge):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = urllib.parse.urlsplit(endpoint).netloc
        self.judge = judge
        self.lock = threading.Lock()
        self.hung, self.ended = threading.Event(), threading.Event()
        self.asked = []
        self.encryption = collections.Counter()
        self.endpoint = f"http://127.0.0.1:{self.server_address[1]}"

    def count(self, method, path, headers):
        with self.lock:
            if method == "PUT" and "partNumber=" not in path or method == "POST" and "?uploads=" in path:
                self.encryption[headers.get("x-amz-server-side-encryption")] += 1
            act = self.judge(method, path, len(self.asked))
            self.asked.append((method, path, act))
            return len(self.asked), act

    def handle_error(self, request, client_address):
        pass  # who hangs up is no fault here

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.shutdown()
        self.server_close()
