# SPDX-License-Identifier: Apache-2.0
"""Runs one tool in a child that measures it: times, processor time of the whole tree, memory."""

import ctypes
import json
import os
import resource
import select
import signal
import time
from dataclasses import dataclass
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_READ_BYTES = 1 << 20


@dataclass(frozen=True)
class Job:
    """A command, and what surrounds it."""

    command: list
    target: Path              # made durable when the command is done
    output: Path              # where its standard output goes
    neighbour: Path | None    # a file that somebody else uses: read twice before the start
    cgroup: Path | None       # a memory control group to run in


def run(job, tick, tick_s=0.1):
    """Runs the job, calling `tick(pid)` every `tick_s`; returns what the child measured."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reader)
            os.setsid()
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            os.write(writer, json.dumps(_measure(job, writer)).encode())
        except BaseException as error:  # reported to the parent, whatever it is
            os.write(writer, json.dumps({"error": repr(error)}).encode())
        os._exit(0)
    os.close(writer)
    try:
        answer = _wait(reader, pid, tick, tick_s)
    except BaseException:
        os.killpg(pid, signal.SIGKILL)
        raise
    finally:
        os.close(reader)
        os.waitpid(pid, 0)
    if "error" in answer:
        raise RuntimeError(f"{job.command[0]}: {answer['error']}")
    return answer


def _wait(reader, pid, tick, tick_s):
    """The child says b"+" when the clock starts; the rest is its answer."""
    said, next_tick = b"", None
    while True:
        timeout = None if next_tick is None else max(0, next_tick - time.monotonic())
        if select.select([reader], [], [], timeout)[0]:
            part = os.read(reader, 65536)
            if not part:
                return json.loads(said.lstrip(b"+") or b'{"error": "killed"}')
            said += part
        if said and (next_tick is None or time.monotonic() >= next_tick):
            tick(pid)
            next_tick = time.monotonic() + tick_s


def _measure(job, writer):
    libc = ctypes.CDLL(None, use_errno=True)
    # What the tool leaves behind is reaped here, so its processor time is counted too.
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    if job.cgroup:
        (job.cgroup / "cgroup.procs").write_text(str(os.getpid()))
    if job.neighbour:
        _read_twice(job.neighbour)
    output = os.open(job.output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    target = os.open(job.target, os.O_RDONLY | os.O_DIRECTORY)
    os.write(writer, b"+")
    start = time.monotonic()
    tool = os.posix_spawnp(job.command[0], job.command, os.environ, file_actions=[
        (os.POSIX_SPAWN_DUP2, output, 1), (os.POSIX_SPAWN_DUP2, output, 2)])
    _, status = os.waitpid(tool, 0)
    returned = time.monotonic()
    synced = libc.syncfs(target)
    durable = time.monotonic()
    _reap_all()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "status": os.waitstatus_to_exitcode(status) or (-1 if synced else 0),
        "return_s": returned - start, "durable_s": durable - start,
        "cpu_s": used.ru_utime + used.ru_stime,
    }


def _read_twice(path):
    """Twice, so that the kernel takes it for a file in use and not for one read once."""
    for _ in range(2):
        with open(path, "rb", buffering=0) as file:
            while file.read(_READ_BYTES):
                continue


def _reap_all():
    try:
        while True:
            os.wait()
    except ChildProcessError:
        return


def tree_rss_bytes(pid):
    """Resident memory of all descendants. Pages that they share count for each."""
    total = 0
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            for child in Path(f"/proc/{pid}/task/{task}/children").read_text().split():
                pages = int(Path(f"/proc/{child}/statm").read_text().split()[1])
                total += pages * resource.getpagesize() + tree_rss_bytes(child)
    except (OSError, IndexError):
        pass  # it ended while it was looked at
    return total


def said(job):
    """What the command printed last, for a message."""
    return job.output.read_text(errors="replace").strip()[-2000:]


