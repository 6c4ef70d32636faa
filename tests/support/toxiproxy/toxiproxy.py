# SPDX-License-Identifier: Apache-2.0
"""toxiproxy.py -- connections on the way to a service: cut, slowed, broken in the middle.

    with Toxiproxy("toxiproxy.log") as proxy:
        link = proxy.link("s3", "127.0.0.1:9000")   # listens at link.address
        link.cut()                                  # connections end, new ones are refused
        link.spoil("latency", "downstream", latency=200)
        link.mend()

The program is built by scripts/setup; what there is to spoil with says its own page.
"""
import http.client
import json
import os
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
PROGRAM = os.path.join(ROOT, "build", "deps", "toxiproxy", "server")
SECONDS = 20


def free_port():
    done = subprocess.run([sys.executable, os.path.join(ROOT, "tests", "support", "free_ports.py"), "1"],
                          capture_output=True, text=True, check=True)
    return int(done.stdout)


class Link:
    def __init__(self, proxy, name, address):
        self.proxy, self.name, self.address, self.toxics = proxy, name, address, []

    def cut(self):
        self.proxy.ask("POST", f"/proxies/{self.name}", {"enabled": False})

    def spoil(self, kind, stream, toxicity=1.0, **attributes):
        name = f"{kind}_{stream}"
        self.proxy.ask("POST", f"/proxies/{self.name}/toxics", {
            "name": name, "type": kind, "stream": stream, "toxicity": toxicity, "attributes": attributes})
        self.toxics.append(name)

    def mend(self):
        while self.toxics:
            self.proxy.ask("DELETE", f"/proxies/{self.name}/toxics/{self.toxics.pop()}")
        self.proxy.ask("POST", f"/proxies/{self.name}", {"enabled": True})


class Toxiproxy:
    def __init__(self, log):
        if not os.path.exists(PROGRAM):
            sys.exit("there is no toxiproxy for the tests: run scripts/setup --tests")
        self.port, self.log, self.process = free_port(), log, None

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        connection.request(method, path, json.dumps(body) if body is not None else None)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        if answer.status >= 300:
            raise AssertionError(f"toxiproxy answers {answer.status} to {method} {path}: {text}")
        return text

    def link(self, name, upstream, listen=None):
        address = listen or f"127.0.0.1:{free_port()}"
        self.ask("POST", "/proxies", {"name": name, "listen": address, "upstream": upstream})
        return Link(self, name, address)

    def answers(self):
        try:
            return bool(self.ask("GET", "/version"))
        except OSError:
            return False

    def __enter__(self):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([PROGRAM, "-host", "127.0.0.1", "-port", str(self.port)],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until = time.monotonic() + SECONDS
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > until:
                raise AssertionError(f"toxiproxy does not answer: see {self.log}")
            time.sleep(0.02)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
