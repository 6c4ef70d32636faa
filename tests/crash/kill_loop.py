# SPDX-License-Identifier: Apache-2.0
"""kill_loop.py -- kill -9 at random moments while files keep arriving.

    kill_loop.py [--kills N] [--seed S]

The seed is printed; the moments are random fractions of the time that an undisturbed run takes, so
the same seed asks for the same moments but the machine decides what they hit.  In the end one run
catches up, and the tables equal those of a world where nothing was ever killed.
"""
import argparse
import os
import random
import signal
import subprocess
import time

import kinds
import world

MORE = """  per_device:
    type: materialized_view
    sql: SELECT device, count(*) AS rows, sum(battery) AS battery FROM silver GROUP BY device
"""


def make(name):
    w = world.World(name)
    w.write("pipeline.yml", kinds.chain(files=2, more=MORE))
    kinds.put_readings(w, 0, 1)
    return w


def run_and_kill(w, seconds):
    """True: the run was killed; False: it ended before."""
    process = w.start("run", "pipeline.yml")
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
    result = w.finish(process)
    if result.code not in (0, -signal.SIGKILL):
        raise AssertionError(f"a run ended with {result.code}:\n{result.out}{result.err}")
    return result.code != 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"))
    args = parser.parse_args()
    print(f"seed {args.seed}", flush=True)
    dice = random.Random(args.seed)
    quiet, w = make("quiet"), make("killed")
    files = 1
    began = time.monotonic()
    assert run_and_kill(quiet, world.RUN_SECONDS) is False
    usual = time.monotonic() - began
    killed = ended = 0
    while killed < args.kills:
        if dice.random() < 0.7:
            kinds.put_readings(w, files, files + 1)
            files += 1
        began = time.monotonic()
        if run_and_kill(w, dice.random() * usual * 1.5):
            killed += 1
        else:
            ended += 1
            usual = 0.5 * (usual + time.monotonic() - began)
    kinds.put_readings(quiet, 1, files)
    for one in (quiet, w):
        assert run_and_kill(one, world.RUN_SECONDS) is False
    found = list(world.differences(w.tables(), quiet.tables())) + list(world.faults(w))
    print(f"{killed} runs killed, {ended} ended before, {files} files")
    print("\n".join(found) if found else "every table equals the undisturbed one's")
    world.leave(1 if found else 0)


if __name__ == "__main__":
    main()
