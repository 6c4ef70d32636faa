# SPDX-License-Identifier: Apache-2.0
"""serve_lib.py -- `smelt serve` beside a test, which waits for what the server says.

A server ends with the test, whatever happens; nothing waits longer than PATIENCE.
"""
import os
import queue
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.environ["SM_SOURCE"], "tests", "crash"))
import world  # noqa: E402

PATIENCE = 120


class Server:
    def __init__(self, folder, *args, failpoint=None):
        self.process = subprocess.Popen([world.SMELT, "serve", "--listen", "127.0.0.1:0", *args], cwd=folder,
                                        env=world.environment(failpoint), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.seen = []
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        with self.process.stdout as out:
            for line in out:
                self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def until(self, *words):
        """The next line with all of these words in it."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                line = self.lines.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"the server never said {words}:\n" + "\n".join(self.seen))
            if line is None:
                raise AssertionError(f"the server ended before it said {words}:\n" + "\n".join(self.seen))
            self.seen.append(line)
            if all(word in line for word in words):
                return line

    def until_quiet(self, seconds=5):
        """Nothing was said for so long."""
        while True:
            try:
                line = self.lines.get(timeout=seconds)
            except queue.Empty:
                return
            if line is None:
                raise AssertionError("the server ended:\n" + "\n".join(self.seen))
            self.seen.append(line)

    def send(self, number):
        self.process.send_signal(number)

    def await_stopped(self):
        """A failpoint has stopped the process; SIGCONT lets it go on."""
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)

    def end(self, number=signal.SIGTERM):
        """Stop it; its exit status."""
        if self.process.poll() is None:
            self.send(number)
        try:
            return self.process.wait(PATIENCE)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
