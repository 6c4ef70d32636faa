# SPDX-License-Identifier: Apache-2.0
"""matrix.py -- every failpoint, every kind of flow, every way to fail: nothing lost, nothing doubled.

    matrix.py            a sample: each point that a kind passes, some of the seams
    matrix.py --all      every pass of every point

For each case the world is set back, the kind's command runs with the failpoint, then without one.  The
second run must end well, every table must equal the uninterrupted run's, row by row, and faults() of
world.py must find nothing.  A run that a full or broken disk stopped must have said so and ended with 8.

The list of points comes from the program, so none is forgotten; one that a kind does not pass must
be in NOT_PASSED of kinds.py, with the reason, and one that no kind passes is a fault.
"""
import argparse
import time

import kinds
import world

DISK_FULL = 8  # the exit status of cli.md for something outside that is full or unreachable
IN_BUCKETS = ("s3.", "flow.after_remote_decided")  # test_s3.py passes them
SEAMS = ("fs.", "store.", "s3.")
ELSEWHERE = ("http.", "kafka.", "notify.", "outbox.")  # test_http_source.py, test_*_sink.py and test_notify.py kill there


class Matrix:
    def __init__(self, kind):
        self.kind = kind
        self.world = world.World(kind.name.replace(" ", "_"))
        kind.before(self.world)
        kind.arrive(self.world)
        self.world.save("before")
        result = self.command("count")
        if result.code != 0:
            raise AssertionError(f"the uninterrupted run ended with {result.code}:\n{result.err}")
        self.passes = {line.split()[1]: int(line.split()[2]) for line in result.err.splitlines()
                       if line.startswith("failpoint ")}
        self.rest("the uninterrupted run")
        self.tables = self.world.tables()
        self.counts = self.world.counts()
        self.lateness = self.world.lateness()

    def command(self, failpoint=None):
        return self.world.run(*self.kind.command, failpoint=failpoint)

    def rest(self, what):
        found = list(world.faults(self.world))
        if found:
            raise AssertionError(f"after {what}:\n  " + "\n  ".join(found))

    def compare(self, what):
        found = list(world.differences(self.world.tables(), self.tables))
        if found:
            raise AssertionError(f"after {what}:\n  " + "\n  ".join(found))
        if self.world.counts() != self.counts:
            raise AssertionError(f"after {what} the counts are {self.world.counts()} instead of {self.counts}")
        if self.world.lateness() != self.lateness:
            raise AssertionError(f"after {what} the lateness is {self.world.lateness()} instead of {self.lateness}")

    def case(self, *points):
        """Run with each of `points` in turn, then without.  False: the first was not reached."""
        self.world.restore("before")
        for i, point in enumerate(points):
            result = self.command(point)
            if not result.fired and i == 0:
                return False
            if result.fired and point.endswith(":kill") and not world.killed(result):
                raise AssertionError(f"the run outlived its kill with {result.code}:\n{result.err}")
            if not world.killed(result) and result.code not in (0, DISK_FULL):
                raise AssertionError(f"the run ended with {result.code}:\n{result.err}")
            if result.code == DISK_FULL and "smelt:" not in (result.out + result.err).replace(
                    "smelt: failpoint", "") and "failed" not in result.out + result.err:
                raise AssertionError(f"the run failed without a word:\n{result.out}{result.err}")
        result = self.command()
        if result.code != 0:
            raise AssertionError(f"the next run ended with {result.code}:\n{result.out}{result.err}")
        self.compare("the next run")
        self.rest("the next run")
        return True


class Report:
    def __init__(self):
        self.cases = 0
        self.failures = []

    def run(self, matrix, *points):
        """The sentence of one case; keeps going after a failure."""
        sentence = f"{matrix.kind.name} survives {' then '.join(points)}"
        self.cases += 1
        try:
            reached = matrix.case(*points)
        except AssertionError as error:
            self.failures.append(sentence)
            print(f"FAILED  {sentence}\n  {error}", flush=True)
            return True
        return reached


def check_list(matrices):
    """Faults of the list itself: what is passed and what is said not to be."""
    for m in matrices:
        for point, count in m.passes.items():
            reason, of = kinds.NOT_PASSED.get(point, ("", set()))
            if count == 0 and m.kind.name not in of and not point.startswith(SEAMS + ELSEWHERE):
                yield f"{m.kind.name} does not pass {point}, and no reason is given"
            if count > 0 and m.kind.name in of:
                yield f"{m.kind.name} passes {point}, although {reason}"
    for point in matrices[0].passes:
        if not any(m.passes[point] for m in matrices) and not point.startswith(IN_BUCKETS + ELSEWHERE):
            yield f"no kind of flow passes {point}"


def whole(report, matrix, every):
    """Every pass of every point; steps of the store and kills at a seam only every `every`th."""
    for point in matrix.passes:
        ways = ("EIO", "ENOSPC", "kill") if point.startswith(SEAMS) else ("kill",)
        for w, way in enumerate(ways):
            step = every if point == "store.step" or way == "kill" and len(ways) > 1 else 1
            nth = 1 + w % step
            while report.run(matrix, f"{point}:{nth}:{way}"):
                nth += step
    for first in ("flow.after_decided", "delta.after_link", "flow.after_publish", "reset.after_switch"):
        for second in ("flow.after_decided", "delta.after_link", "flow.after_publish", "store.after_commit"):
            if matrix.passes[first]:
                report.run(matrix, f"{first}:kill", f"{second}:kill", f"{first}:kill")


def sample(report, matrices):
    """Each point once per kind that does not share it with all, in turn; a few passes of each seam."""
    turn = 0
    for point in matrices[0].passes:
        passing = [m for m in matrices if m.passes[point]]
        if not passing:
            continue  # told by check_list(), unless kinds were left out
        if point.startswith(SEAMS):
            for way in ("kill", "EIO", "ENOSPC"):
                m = passing[turn % len(passing)]
                report.run(m, f"{point}:{1 + m.passes[point] * (1 + turn % 3) // 4}:{way}")
                turn += 1
            continue
        for m in passing[turn % 2::2] if len(passing) > 1 else passing:
            report.run(m, f"{point}:{1 + turn % m.passes[point]}:kill")
            turn += 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--kind", help="only this one")
    parser.add_argument("--every", type=int, default=1, help="with --all: of steps of the store, and of kills at seams, only each such one")
    parser.add_argument("--point", action="append", help="only this case: NAME:NTH:WAY; several: one after another")
    args = parser.parse_args()
    chosen = [k for k in kinds.KINDS if k.name == args.kind or args.kind is None and k.sampled]
    began = time.monotonic()
    report = Report()
    matrices = []
    for kind in chosen:
        matrices.append(Matrix(kind))
    if args.kind is None:
        for fault in check_list(matrices):
            report.failures.append(fault)
            print("FAILED  " + fault)
    if args.point:
        for m in matrices:
            report.run(m, *args.point)
    elif args.all:
        for m in matrices:
            whole(report, m, args.every)
    else:
        sample(report, matrices)
    print(f"{report.cases} cases, {len(report.failures)} failed, {time.monotonic() - began:.0f} s")
    world.leave(1 if report.failures else 0)


if __name__ == "__main__":
    main()
