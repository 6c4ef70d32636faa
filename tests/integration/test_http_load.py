# SPDX-License-Identifier: Apache-2.0
"""test_http_load.py -- many at once, slow ones, and those that never end: others are served, memory is bounded."""
import concurrent.futures
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import http_lib  # noqa: E402

CONNECTIONS = 10_000
READERS = 32
EVENTS_A_SECOND = 1_000
SECONDS = 10


def resident(process):
    with open(f"/proc/{process.pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS")) / 1024


def threads(process):
    return len(os.listdir(f"/proc/{process.pid}/task"))


class Load(unittest.TestCase):
    def setUp(self):
        self.w = http_lib.world.World(self.id().split(".")[-1][:60])
        self.w.write("pipeline.yml", http_lib.PIPELINE)
        self.w.write("orders/1.json", '{"id": 1, "price": 2}\n')
        self.w.smelt("run")

    def test_metrics_are_as_prometheus_wants_them(self):
        self.w.write("orders/2.json", '{"id": 2, "price": -2}\n')
        self.w.smelt("run")
        tool = shutil.which("promtool") or os.path.join(os.environ["SM_SOURCE"], "build/deps/promtool/usr/bin/promtool")
        self.assertTrue(os.path.exists(tool), "no promtool: run scripts/setup --all-tests")
        with http_lib.Server(self.w.folder) as s:
            body = s.ask("/metrics").body
        self.assertIn(b'smelt_table_rows{pipeline="shop",table="sold",fate="quarantined"} 1\n', body)
        result = subprocess.run([tool, "check", "metrics"], input=body, capture_output=True)
        self.assertEqual((result.returncode, result.stdout + result.stderr), (0, b""))

    def test_only_so_many_engines_read_rows(self):
        self.w.write("pipeline.yml", http_lib.PIPELINE + f"""  endless:
    type: view
    sql: SELECT count(*) AS n FROM sold, {http_lib.ENDLESS}
""")
        with http_lib.Serve(self.w.folder) as s, concurrent.futures.ThreadPoolExecutor(4) as pool:
            path = "/api/v1/pipelines/shop/datasets/endless/preview"
            asked = [pool.submit(s.ask, path) for _ in range(4)]
            done, held = concurrent.futures.wait(asked, return_when=concurrent.futures.FIRST_COMPLETED)
            refused = done.pop().result()
            self.assertEqual((refused.status, refused.headers["retry-after"]), (503, "5"), refused.body)
            self.assertEqual(len(held), 3)
            self.assertEqual({x.result().status for x in held}, {503})
            self.assertTrue(all(b"longer than 30 s" in x.result().body for x in held))
            self.assertEqual(s.ask("/api/v1/pipelines/shop/quarantine").status, 200)

    def test_who_drips_is_cut_off_and_others_are_served(self):
        with http_lib.Server(self.w.folder) as s:
            slow = []
            for i in range(120):
                c = socket.create_connection(("127.0.0.1", s.port), source_address=("127.0.0.66", 0))
                c.sendall(b"GET /api/v1/overview HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
                slow.append(c)
            end = time.monotonic() + 60
            while slow and time.monotonic() < end:
                for c in list(slow):
                    try:
                        c.sendall(b"a")
                        c.setblocking(False)
                        if c.recv(1) == b"":
                            raise ConnectionError
                    except BlockingIOError:
                        c.setblocking(True)
                    except OSError:
                        slow.remove(c)
                self.assertEqual(s.ask("/healthz").status, 200)
            self.assertEqual(len(slow), 0, "still connected")

    def test_thousands_in_a_row_leave_nothing_behind(self):
        with http_lib.Server(self.w.folder) as s:
            for _ in range(200):
                s.ask("/healthz")
            before = resident(s.process)
            for _ in range(CONNECTIONS):
                with socket.create_connection(("127.0.0.1", s.port)) as c:
                    c.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                    self.assertTrue(c.recv(100).startswith(b"HTTP/1.1 200"))
            self.assertLess(resident(s.process) - before, 150)
            self.assertLess(threads(s.process), 20)
            self.assertEqual(s.ask("/api/v1/overview").status, 200)

    def test_thousands_of_events_to_many_readers_take_bounded_memory(self):
        with http_lib.Server(self.w.folder) as s:
            streams = [s.stream(address=f"127.0.0.{10 + i // 8}") for i in range(READERS)]
            for stream in streams:
                self.assertEqual(stream.next()[0], "open")
            stop, seen, most = threading.Event(), [0] * READERS, [0.0, 0.0]

            def read(i):
                while not stop.is_set():
                    _, data = streams[i].next()
                    seen[i] += 1
                    if data.get("message") == "the last":
                        return

            # The last reader stands still: it must cost nothing.
            readers = [threading.Thread(target=read, args=(i,), daemon=True) for i in range(READERS - 1)]
            for thread in readers:
                thread.start()
            self.tell(EVENTS_A_SECOND, SECONDS, most, s.process)
            for thread in readers:
                thread.join(60)
                self.assertFalse(thread.is_alive(), "a reader did not get the last event")
            self.assertLess(most[1] - most[0], 100, "the second half of the events still took memory, in MB")
            self.assertEqual(min(seen[:-1]), max(seen[:-1]))
            stop.set()
            for stream in streams:
                stream.close()

    def tell(self, rate, seconds, most, process):
        """What a run of another process would store: events, `rate` of them a second."""
        store = sqlite3.connect(os.path.join(self.w.control(), "smelt.db"), timeout=60, isolation_level=None)
        pipeline = store.execute("select id from pipelines").fetchone()[0]
        n = 0
        for i in range(seconds * 10):
            begun = time.monotonic()
            store.execute("begin immediate")
            for _ in range(rate // 10):
                n += 1
                store.execute("insert into events (pipeline_id, seq, time_ms, level, type, dataset, message, details) "
                              "values (?, 0, ?, 1, 'dataset_committed', 'sold', ?, ?)",
                              (pipeline, int(time.time() * 1000), f"event {n}", '{"version": 1, "operation": "X"}'))
            store.execute("commit")
            half = i // (seconds * 5)
            most[half] = max(most[half], resident(process))
            time.sleep(max(0, 0.1 - (time.monotonic() - begun)))
        store.execute("insert into events (pipeline_id, seq, time_ms, level, type, message) values (?, 0, ?, 1, 'maintenance', 'the last')",
                      (pipeline, int(time.time() * 1000)))
        store.close()


if __name__ == "__main__":
    unittest.main(verbosity=2, warnings="ignore")
