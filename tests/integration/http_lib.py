# SPDX-License-Identifier: Apache-2.0
"""http_lib.py -- a server over the pipelines of a world, and a client that hides nothing."""
import gzip
import http.client
import json
import os
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["SM_SOURCE"], "tests", "crash"))
import world  # noqa: E402,F401

SERVER = os.path.join(os.environ["SM_BUILD"], "bin", "serve_files")

PIPELINE = """version: 1
pipeline: shop
storage: ./lake
sources:
  orders: {type: files, path: "orders/*.json", format: json, schema_hints: "id BIGINT, price DOUBLE"}
tables:
  sold:
    from: orders
    expectations:
      priced: {expect: price > 0, on_violation: quarantine}
  total:
    type: materialized_view
    sql: SELECT count(*) AS n FROM sold
"""


# A part of a query that has no end in the time of a test.
ENDLESS = "range(1000000) AS a, range(1000000) AS b, range(1000000) AS c"


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.cookies = [value for name, value in response.getheaders() if name.lower() == "set-cookie"]
        self.raw = response.read()
        packed = self.headers.get("content-encoding") == "gzip"
        self.body = gzip.decompress(self.raw) if packed else self.raw

    def json(self):
        return json.loads(self.body)

    def code(self):
        return self.json()["error"]["code"]


class Server:
    """serve_files over pipeline.yml of a folder."""

    def __init__(self, folder, auth=True, base="", files=("pipeline.yml",), listen="127.0.0.1:0", **env):
        environment = dict(os.environ, **env)
        if auth:
            environment["SMELT_AUTH"] = "1"
        self.process = subprocess.Popen([SERVER, listen, base, *files], cwd=folder, env=environment, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.line = self.process.stdout.readline().strip()
        if not self.line:
            raise AssertionError("no server: " + self.process.stderr.read())
        self.link = self.line if "#code=" in self.line else None
        self.url = self.line.split("login#")[0]
        self.port = int(self.url.split("/")[2].rsplit(":", 1)[1])
        self.base = base
        token = os.path.join(folder, "lake", ".smelt", "control", "admin-token")
        self.admin = None
        if auth and os.path.exists(token):
            with open(token) as f:
                self.admin = f.read().strip()

    def ask(self, path, method="GET", token=None, body=None, headers=None, address=None):
        """`token` None is the admin's; "" is nobody's."""
        fields = dict(headers or {})
        token = self.admin if token is None else token
        if token:
            fields["Authorization"] = "Bearer " + token
        data = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            fields.setdefault("Content-Type", "application/json")
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60,
                                          source_address=(address, 0) if address else None)
        try:
            link.request(method, self.base + path, body=data, headers=fields)
            return Answer(link.getresponse())
        finally:
            link.close()

    def token(self, role):
        return self.ask("/api/v1/tokens", "POST", body={"role": role}).json()["token"]

    def raw(self, data, address=None):
        """Send bytes, give back all that comes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60,
                                      source_address=(address, 0) if address else None) as s:
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
            got = b""
            while True:
                part = s.recv(65536)
                if not part:
                    return got
                got += part

    def stream(self, path="/api/v1/stream", last=None, token=None, address=None):
        return Stream(self, path, last, self.admin if token is None else token, address)

    def close(self):
        """0 when it ended well: with sanitizers, without a leak too."""
        self.process.stdin.close()
        err = self.process.stderr.read()
        self.process.stdout.close()
        self.process.stderr.close()
        status = self.process.wait(timeout=60)
        if status:
            raise AssertionError(f"the server ended with {status}: {err}")

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.close()
        else:
            self.process.kill()
            self.process.communicate()


class Serve(Server):
    """`smelt serve` in a folder: the same, and it runs pipelines."""

    def __init__(self, folder, *args, listen=("--listen", "127.0.0.1:0"), base=""):
        self.process = subprocess.Popen([world.SMELT, "serve", *listen, *args], cwd=folder, text=True,
                                        env=world.environment(None), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.base, self.link, self.said, self.admin = base, None, [], None
        while not (self.said and "the page is at" in self.said[-1]):
            line = self.process.stderr.readline()
            if not line:
                raise AssertionError("no server: " + "".join(self.said))
            self.said.append(line)
        self.url = self.said[-1].split()[-1]
        self.port = int(self.url.split("/")[2].rsplit(":", 1)[1])
        token = os.path.join(folder, "lake", ".smelt", "control", "admin-token")
        if os.path.exists(token):
            with open(token) as f:
                self.admin = f.read().strip()

    def run(self, **body):
        """Start a run and wait for its end: the ticket's document."""
        answer = self.ask("/api/v1/pipelines/shop/runs", "POST", body=body)
        if answer.status != 202:
            raise AssertionError(answer.body)
        ticket = answer.json()["ticket"]
        while True:
            doc = self.ask(f"/api/v1/tickets/{ticket}?wait=30").json()
            if doc["state"] != "waiting":
                return doc

    def close(self):
        self.process.terminate()
        err = self.process.stderr.read()
        self.process.stderr.close()
        status = self.process.wait(timeout=60)
        if status:
            raise AssertionError(f"the server ended with {status}: {err}")


class Stream:
    def __init__(self, server, path, last, token, address):
        headers = {"Accept": "text/event-stream"}
        if token:
            headers["Authorization"] = "Bearer " + token
        if last:
            headers["Last-Event-ID"] = last
        self.link = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60,
                                               source_address=(address, 0) if address else None)
        self.link.request("GET", server.base + path, headers=headers)
        self.response = self.link.getresponse()
        self.status = self.response.status
        self.last = last

    def next(self):
        """The next event: (type, data)."""
        kind, data = None, None
        while True:
            line = self.response.readline().decode().rstrip("\n")
            if not line and data is not None:
                return kind, json.loads(data)
            if line.startswith("id: "):
                self.last = line[4:]
            elif line.startswith("event: "):
                kind = line[7:]
            elif line.startswith("data: "):
                data = line[6:]
            elif not line and self.response.closed:
                raise EOFError

    def until(self, kind):
        """All events up to one of that type."""
        got = []
        while True:
            got.append(self.next())
            if got[-1][0] == kind:
                return got

    def close(self):
        self.link.sock.shutdown(socket.SHUT_RDWR)
        self.link.close()
