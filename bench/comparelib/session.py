# SPDX-License-Identifier: Apache-2.0
"""Carries out one group: prepares, runs every tool in every round, measures and checks."""

import contextlib
import os
import subprocess
import tempfile
import time
from pathlib import Path

from riglib.build import BUILD
from riglib.errors import RigError

from . import cache, launch, limits, places, verify
from .sampling import Sampler, machine_cpu_s
from .tools import TOOLS, fio_seconds, limit_file, shown_command, why_not
from .works import SEED, WORKS, write_random

MIB = 1 << 20
_LIMIT_BYTES_MAX = 512 * MIB
_NEIGHBOUR_BYTES = 128 * MIB
_NOBODY = 65534
# Of a copy that could read no file: cp's, and rsync's and fastsync's.
_DENIED_STATUSES = (1, 23)


class Session:
    """One group on its pair of disks."""

    def __init__(self, group, progress):
        self._group, self._progress = group, progress
        self._work = WORKS[group.work]
        self._checked = set()
        self._lacking = {}
        self.left_out = {}
        self._tools = [tool for name in group.tools if self._takes_part(tool := TOOLS[name])]

    @property
    def run_count(self):
        return len(self._tools) * self._group.runs

    def run(self, deadline=None):
        """The group's result: everything that the report needs, and nothing of this machine's paths.

        With a deadline, rounds for which there is no time any more are left out, never the first.
        """
        with contextlib.ExitStack() as stack:
            self._pair = stack.enter_context(self._make_pair())
            self._scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            self._neighbour = stack.enter_context(_neighbour())
            self._prepare_source()
            stack.enter_context(limits.dirty_bytes(self._group.dirty_bytes))
            stack.enter_context(limits.device_dirty_bytes(self._pair.devices[1],
                                                          self._group.device_dirty_bytes))
            self._cgroup = stack.enter_context(limits.memory_cgroup(self._group.memory_bytes))
            runs = self._rounds(deadline)
            commands = {tool.name: shown_command(tool, self._pair.source, self._pair.target)
                        for tool in self._tools}
        return {
            "title": self._group.title, "slug": self._group.slug, "places": self._group.places,
            "grows": self._group.grows,
            "work": f"{self._group.work}: {self._work.what}", "scale": self._group.scale,
            "files": self._files, "bytes": self._bytes, "rounds": self._rounds_done,
            "rounds_asked": self._group.runs, "cold": self._pair.cold,
            "rate_mb_s": self._group.rate_mb_s, "seek_ms": self._group.seek_ms,
            "vm": self._vm, "memory_bytes": self._group.memory_bytes,
            "device_dirty_bytes": self._group.device_dirty_bytes,
            "neighbour_bytes": _NEIGHBOUR_BYTES, "left_out": self.left_out,
            "commands": commands, "runs": runs, "lacking": self._lacking,
        }

    # Preparing

    def _takes_part(self, tool):
        reason = why_not(tool)
        if self._work.again and not tool.updates:
            reason = "does not update"
        if reason:
            self.left_out[tool.name] = reason
        return reason is None

    def _make_pair(self):
        group = self._group
        if group.source:
            return places.DirectoryPair(group.source, group.target)
        work_bytes = self._work.bytes_at(group.scale)
        return places.rigs(group.disks, group.filesystem, work_bytes, min(_LIMIT_BYTES_MAX, work_bytes),
                           group.raid, rate_mb_s=group.rate_mb_s, seek_ms=group.seek_ms)

    def _prepare_source(self):
        self._progress.say(f"{self._group.title}: making the files")
        self._vm = limits.dirty_settings()
        with self._pair.untimed():
            self._pair.source.mkdir()
            self._work.make(self._pair.source, self._group.scale)
            files = [path.lstat() for path in self._pair.source.rglob("*") if not path.is_dir()]
            self._files = len(files)
            self._bytes = sum(min(file.st_size, file.st_blocks * 512) for file in files)
            if any(tool.limit for tool in self._tools):
                size = max(MIB, min(_LIMIT_BYTES_MAX, self._bytes) // MIB * MIB)
                write_random(limit_file(self._pair.source), size, SEED)

    # Running

    def _rounds(self, deadline):
        runs, longest_s, self._rounds_done = [], 0.0, 0
        self._vm = limits.dirty_settings()
        for number in range(self._group.runs):
            start = time.monotonic()
            if deadline and number and start + longest_s > deadline:
                break
            turn = number % max(1, len(self._tools))
            for tool in self._tools[turn:] + self._tools[:turn]:
                runs.append(self._run(tool, number))
            longest_s = max(longest_s, time.monotonic() - start)
            self._rounds_done += 1
        return runs

    def _run(self, tool, number):
        """One measured run of one tool."""
        label = f"{self._group.title}, round {number + 1}/{self._group.runs}: {tool.name}"
        self._progress.begin(label)
        command = self._command(tool)
        run = {"tool": tool.name, "round": number}
        with self._pair.untimed():
            self._pair.empty_target()
            if self._work.denied:
                os.chown(self._pair.target, _NOBODY, _NOBODY)
            if self._work.again:
                self._copy_before(command, number)
            self._pair.make_cold()
        if self._cgroup:
            cache.drop(self._neighbour)  # so that its pages are charged to the group
        sampler = Sampler(self._pair.devices, self._progress.tick)
        job = launch.Job(command, self._pair.target, self._scratch / "output", self._neighbour,
                         self._cgroup)
        cpu_before_s = machine_cpu_s()
        measured = launch.run(job, sampler.tick)
        sampler.tick(None)
        run |= measured | {"machine_cpu_s": machine_cpu_s() - cpu_before_s}
        run |= self._aftermath(sampler)
        if run["status"] not in (_DENIED_STATUSES if self._work.denied else (0,)):
            run["error"] = f"exit {run['status']}: {launch.said(job)}"
        elif tool.limit:
            scaled_s = fio_seconds(job.output.read_text()) * self._bytes
            run["durable_s"] = scaled_s / limit_file(self._pair.source).stat().st_size
            run["return_s"] = None
        else:
            with self._pair.untimed():
                if tool.lacks:
                    self._note_lacking(tool)
                else:
                    run["error"] = self._check(tool)
        self._progress.end(run)
        return run

    def _note_lacking(self, tool):
        if tool.name not in self._checked:
            self._checked.add(tool.name)
            self._lacking[tool.name] = verify.lacking(self._pair.source, self._pair.target)

    def _copy_before(self, command, number):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RigError(f"{command[0]}: the copy before the clock failed: {done.stderr.strip()}")
        if self._work.change:
            self._work.change(self._pair.source, SEED + number)

    def _aftermath(self, sampler):
        """What is to be seen before the next run disturbs it."""
        source_counters, target_counters = self._pair.counters()
        return {
            "source_counters": source_counters, "counters": target_counters,
            "neighbour_share": cache.cached_bytes(self._neighbour) / _NEIGHBOUR_BYTES,
            "source_cached_bytes": cache.tree_cached_bytes(self._pair.source),
            "target_cached_bytes": cache.tree_cached_bytes(self._pair.target),
            "peak_dirty_bytes": sampler.peak_dirty_bytes,
            "peak_rss_bytes": sampler.peak_rss_bytes or None,
            "source_busy_share": sampler.busy_share(0), "target_busy_share": sampler.busy_share(1),
            "source_members_busy_share": sampler.members_busy_share(0),
            "target_members_busy_share": sampler.members_busy_share(1),
            "both_busy_share": sampler.both_busy_share(), "series": sampler.series(),
        }

    def _command(self, tool):
        """The tool's, with each directory of the source as an operand or as the user where the work
        says so."""
        source = self._pair.source
        words = tool.command(source, self._pair.target)
        if self._work.operands:
            places = [f"{source}/", f"{source}/."]
            words = [each for word in words for each in (
                [str(folder) + word.removeprefix(str(source)) for folder in sorted(source.iterdir())]
                if word in places else [word])]
        if self._work.denied:
            words = ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups", *words]
        return words

    def _check(self, tool):
        if self._work.denied:
            return verify.quick_directories(self._pair.source, self._pair.target)
        if self._work.operands:
            return verify.joined(self._pair.source, self._pair.target)
        wrong = verify.quick(self._pair.source, self._pair.target)
        if wrong or tool.name in self._checked:
            return wrong
        self._checked.add(tool.name)
        return verify.thorough(self._pair.source, self._pair.target, tool.check)


@contextlib.contextmanager
def _neighbour():
    """A file that another program on the machine is using."""
    BUILD.mkdir(exist_ok=True)
    path = BUILD / f"neighbour-{os.getpid()}"
    try:
        write_random(path, _NEIGHBOUR_BYTES, SEED - 1)
        yield path
    finally:
        path.unlink(missing_ok=True)
