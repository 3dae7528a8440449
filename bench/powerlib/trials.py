# SPDX-License-Identifier: Apache-2.0
"""One trial: a run that something happens to, a look at what is left, and a second run."""

import contextlib
import os
import random
import subprocess
from dataclasses import dataclass, field

from riglib import system
from riglib.errors import RigError
from riglib.spec import MIB

from .judge import Verdict
from .neighbour import Neighbour

# A run that takes longer than this hangs.
_RUN_S_MAX = 600
_LOOK_S = 0.0005
_LINES_MAX = 5
_DELETING = "*deleting"

MODES = {
    "cut": "the power is cut at a random point of the run's writes",
    "after": "the power is cut when the run has ended with 0: nothing may be lost",
    "kill": "the run is killed at a random point of its writes",
    "eio": "writes to a random third of the disk fail until the run has ended",
    "glitch": "writes to a random third of the disk fail for a while in the middle of the run",
    "flush": "every flush of the disk fails, and the power is cut when the run has ended",
    "full": "what the disk is kept in fills up at a random point of the run's writes",
}


@dataclass
class Trial:
    """What was done to one run, and what came of it."""

    number: int
    points: list = field(default_factory=list)       # what happened, and when
    first_exit: int | None = None
    verdict: Verdict = field(default_factory=Verdict)
    lost: list = field(default_factory=list)         # what is not at the target after exit 0
    second_exit: int | None = None
    differences: list = field(default_factory=list)  # what rsync would still do then
    leftovers: list = field(default_factory=list)    # names of neither tree then
    said: list = field(default_factory=list)         # by the second run, where it failed
    trouble: str = ""          # what kept the trial from its end

    @property
    def is_good(self):
        return not (self.verdict.broken or self.lost or self.second_exit or self.differences
                    or self.leftovers or self.trouble)


class Trials:
    """The trials of one way to break runs, on one disk."""

    def __init__(self, disk, source, judge, command, options):
        self._disk, self._source, self._judge = disk, source, judge
        self._target = disk.mount_point / "target"
        self._command = [*command, f"{source}/", f"{self._target}/"]
        self._options = options
        self._total_bytes = 0

    def measure(self):
        """A run that nothing happens to says how much is written."""
        self._disk.restore()
        before = self._disk.written_bytes
        with self._neighbour():
            code = self._run().returncode
        system.run("sync", "-f", self._disk.mount_point)
        self._total_bytes = self._disk.written_bytes - before
        return code

    def trial(self, number):
        chance = random.Random(f"{self._options.seed}/{number}")
        self._disk.restore()
        happens = getattr(self, f"_{self._options.mode}")
        trial = Trial(number)
        try:
            for _ in range(self._options.times):
                with self._neighbour():
                    happens(chance, trial)
                self._look(trial, chance)
                if trial.verdict.broken or trial.lost:
                    break
            self._repair(trial)
        except (RigError, OSError, subprocess.TimeoutExpired) as error:
            trial.trouble = str(error)
        return trial

    # What happens to the run

    def _cut(self, chance, trial):
        after_bytes = self._point(chance)
        seed, keep_percent = chance.randrange(1 << 32), chance.choice((0, 50, 90))
        trial.points.append(f"{keep_percent} % kept, after {after_bytes} bytes")
        self._disk.cut(seed, keep_percent, after_bytes)
        trial.first_exit = self._run().returncode
        self._disk.cut(seed, keep_percent, 0)

    def _after(self, chance, trial):
        seed, keep_percent = chance.randrange(1 << 32), chance.choice((0, 50, 90))
        trial.points.append(f"{keep_percent} % kept")
        trial.first_exit = self._run().returncode
        self._disk.cut(seed, keep_percent, 0)

    def _kill(self, chance, trial):
        after_bytes = self._point(chance)
        trial.points.append(f"after {after_bytes} bytes")
        with self._start() as run:
            self._await(run, after_bytes)
            run.kill()
        trial.first_exit = run.returncode

    def _eio(self, chance, trial):
        start, end = self._third(chance)
        trial.points.append(f"bytes {start} to {end}")
        self._disk.fail_writes(start, end)
        trial.first_exit = self._run().returncode

    def _glitch(self, chance, trial):
        start, end = self._third(chance)
        after_bytes, for_bytes = self._point(chance) // 2, self._point(chance) // 4
        trial.points.append(f"bytes {start} to {end}, after {after_bytes} bytes for {for_bytes}")
        with self._start() as run:
            self._await(run, after_bytes)
            self._disk.fail_writes(start, end)
            self._await(run, for_bytes)
            self._disk.heal()
            trial.first_exit = run.wait(_RUN_S_MAX)

    def _flush(self, chance, trial):
        seed, keep_percent = chance.randrange(1 << 32), chance.choice((0, 50))
        trial.points.append(f"{keep_percent} % kept")
        self._disk.fail_flushes()
        trial.first_exit = self._run().returncode
        self._disk.cut(seed, keep_percent, 0)

    def _full(self, chance, trial):
        spare_bytes = self._point(chance) + MIB // 2
        trial.points.append(f"after {spare_bytes} bytes")
        self._disk.fill(spare_bytes)
        trial.first_exit = self._run().returncode

    def _point(self, chance):
        if self._options.after is not None:
            return self._options.after
        # Some points lie behind the end, for a cut between the last write and the exit. What one run
        # has done, the next does not write again.
        return chance.randrange(4096, self._total_bytes * 21 // 20 // self._options.times)

    def _third(self, chance):
        size = self._options.size_bytes
        start = chance.randrange(size // 2) // 4096 * 4096
        return start, start + size // 3

    # What is left

    def _look(self, trial, chance):
        self._disk.heal()
        # After errors some people start anew, and others just run it again. What a run that ended with 0
        # has written has to be on the disk.
        mode, ended = self._options.mode, trial.first_exit == 0
        if mode in ("eio", "glitch", "full") and (
                ended or chance.random() < 0.5 or not self._is_writable()):
            trial.points.append("mounted anew")
            self._disk.remount()
        trial.verdict = self._judge.verdict(self._target)
        if ended:
            trial.lost, _ = self._differences()

    def _repair(self, trial):
        second = self._run()
        trial.second_exit = second.returncode
        if second.returncode:
            trial.said = second.stderr.strip().splitlines()[:_LINES_MAX]
        # What is in the cache is not yet on the disk.
        self._disk.remount()
        trial.differences, trial.leftovers = self._differences()

    def _is_writable(self):
        """A journal that could not be written shows when the next commit is asked for."""
        probe = self._disk.mount_point / "probe"
        try:
            with open(probe, "wb") as file:
                os.fsync(file)
            probe.unlink()
            system.run("sync", "-f", self._disk.mount_point)
        except (OSError, RigError):
            return False
        return True

    def _differences(self):
        """What rsync would copy, by checksums, and what it would delete."""
        said = system.run("rsync", "-aHAXnci", "--delete", f"{self._source}/", f"{self._target}/")
        lines = said.splitlines()
        return ([line for line in lines if not line.startswith(_DELETING)],
                [line.removeprefix(_DELETING).strip() for line in lines if line.startswith(_DELETING)])

    # Running

    def _neighbour(self):
        if not self._options.sharp:
            return contextlib.nullcontext()
        return Neighbour(self._disk.mount_point, self._options.fs)

    def _start(self):
        return subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)

    def _await(self, run, bytes_more):
        """Waits until so much more is written, or the run has ended."""
        end = self._disk.written_bytes + bytes_more
        while run.poll() is None and self._disk.written_bytes < end:
            with contextlib.suppress(subprocess.TimeoutExpired):
                run.wait(_LOOK_S)

    def _run(self):
        return subprocess.run(self._command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True, errors="replace",
                              timeout=_RUN_S_MAX, check=False)
