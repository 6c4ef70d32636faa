# SPDX-License-Identifier: Apache-2.0
"""signals.py -- Ctrl-C: what is decided is finished, the rest is given up, the next run goes on.

A failpoint stops the process where the signal is to reach it, so nothing here depends on time.
"""
import os
import signal
import unittest

import kinds
import world

INTERRUPTED, TERMINATED = 130, 143


class Signals(unittest.TestCase):
    def setUp(self):
        self.w = world.World(self.id().split(".")[-1])
        self.w.write("pipeline.yml", kinds.chain(files=1))
        kinds.put_readings(self.w, 0, 5)

    def start(self, failpoint):
        return self.w.start("run", "pipeline.yml", failpoint=failpoint)

    def stopped(self, process):
        """Wait until a failpoint has stopped the process."""
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        self.assertTrue(os.WIFSTOPPED(status), status)

    def send_to_stopped(self, process, number):
        self.stopped(process)
        process.send_signal(number)
        process.send_signal(signal.SIGCONT)

    def wait_for_line(self, process, word):
        seen = b""
        while word not in seen:
            byte = os.read(process.stderr.fileno(), 1)
            self.assertNotEqual(byte, b"", seen)
            seen += byte

    def goes_on(self):
        result = self.w.run()
        self.assertEqual(result.code, 0, result.err)
        ids = [row for row in self.w.tables()["bronze"].values()]
        self.assertEqual(ids, [1] * 60)
        self.assertEqual(list(world.faults(self.w)), [])

    def test_a_signal_while_running_ends_with_130_and_the_next_run_goes_on(self):
        process = self.start("source.after_read:2:stop")
        self.send_to_stopped(process, signal.SIGINT)
        result = self.w.finish(process)
        self.assertEqual(result.code, INTERRUPTED, result.err)
        self.assertIn("stopping", result.err)
        self.assertEqual(self.w.store("select state from runs"), [("canceled",)])
        done = self.w.store("select count(*) from batches where state = 'done'")[0][0]
        self.assertLess(done, 5)
        self.goes_on()

    def test_a_query_that_runs_is_interrupted_and_leaves_no_file(self):
        rows = [{"id": i, "device": "d" * 100, "temperature": 1.0, "battery": 50} for i in range(200000)]
        self.w.write_rows("landing/a_big.json", rows, age=-1)
        self.w.save("before")
        counts = self.w.run(failpoint="count")
        reads = next(int(l.split()[2]) for l in counts.err.splitlines() if l.startswith("failpoint fs.read "))
        self.w.restore("before")
        process = self.start(f"fs.read:{reads // 2}:stop")
        self.send_to_stopped(process, signal.SIGINT)
        result = self.w.finish(process)
        self.assertEqual(result.code, INTERRUPTED, result.err)
        self.assertEqual(self.w.store("select count(*) from batches"), [(0,)])
        left = [n for _, _, names in os.walk(self.w.path("lake", "crash")) for n in names if "part-" in n]
        self.assertEqual(left, [])

    def test_a_signal_between_decided_and_done_waits_until_the_batch_is_done(self):
        process = self.start("flow.after_decided:2:stop")
        self.send_to_stopped(process, signal.SIGINT)
        result = self.w.finish(process)
        self.assertEqual(result.code, INTERRUPTED, result.err)
        self.assertEqual(self.w.store("select count(*) from batches where state <> 'done'"), [(0,)])
        self.assertGreaterEqual(self.w.store("select count(*) from batches")[0][0], 2)
        self.assertEqual(list(world.faults(self.w)), [])
        self.goes_on()

    def test_the_second_signal_stops_at_once_and_the_next_run_publishes_what_was_decided(self):
        process = self.start("flow.after_decided:2:hang")
        self.wait_for_line(process, b"fired")
        process.send_signal(signal.SIGINT)
        self.wait_for_line(process, b"again stops now")
        process.send_signal(signal.SIGINT)
        result = self.w.finish(process)
        self.assertEqual(result.code, INTERRUPTED, result.err)
        self.assertIn("the next run goes on", result.err)
        self.assertEqual(self.w.store("select count(*) from batches where state = 'decided'"), [(1,)])
        self.goes_on()

    def test_a_request_to_terminate_ends_with_143(self):
        process = self.start("source.after_read:2:stop")
        self.send_to_stopped(process, signal.SIGTERM)
        result = self.w.finish(process)
        self.assertEqual(result.code, TERMINATED, result.err)
        self.goes_on()


if __name__ == "__main__":
    world.run_tests()
