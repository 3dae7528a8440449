# SPDX-License-Identifier: Apache-2.0
"""What the rig asks of the system: commands, mounts, processes."""

import json
import os
import subprocess
import time
from pathlib import Path

from .errors import RigError


def run(*command):
    """Runs a command; returns its output, or raises with what it wrote to standard error."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise RigError(f"{words[0]} is not installed (bench/setup installs what is needed)") from None
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().partition("\n")[0]
        raise RigError(f"{' '.join(words)}: {said or 'exit ' + str(done.returncode)}")
    return done.stdout.strip()


def wait_until(condition, seconds, what):
    """Waits for `condition()` to be true; raises RigError when it takes too long."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RigError(f"{what} did not happen within {seconds} s")
        time.sleep(0.02)


def read_json(path):
    """What the file holds; an empty dictionary when there is no such file, or only half of one."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return {}


def write_json(path, content):
    """Written beside and renamed, so that a reader never sees half of it."""
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(content, indent=1))
    fresh.rename(path)


def _unescape(field):
    return field.encode().decode("unicode_escape")


def mounts_below(directory):
    """Mount points at or below `directory`, the last mounted first."""
    inside = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        point = Path(_unescape(line.split()[4]))
        if point == directory or directory in point.parents:
            inside.append(point)
    return inside[::-1]


def queue_write(device, name, value):
    """Sets /sys/block/<device>/queue/<name>."""
    Path("/sys/block", Path(device).name, "queue", name).write_text(f"{value}\n")


def memory_available_bytes():
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    raise RigError("/proc/meminfo has no MemAvailable")


def process_started(pid):
    """The start time of a process in clock ticks: with the pid it names one process for good."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    state, *fields = stat.rpartition(")")[2].split()
    return None if state == "Z" else int(fields[18])


def start(command, log):
    """Starts a command that outlives this one; returns (pid, start time)."""
    with open(log, "ab") as output:
        process = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            start_new_session=True)
    return process.pid, process_started(process.pid)


def stop(pid, started, seconds=30):
    """Ends the process if it is still the one that was started; returns whether it is gone."""
    deadline = time.monotonic() + seconds
    signals = [15, 9]
    while started is not None and process_started(pid) == started:
        if signals and (len(signals) == 2 or time.monotonic() > deadline - seconds / 2):
            try:
                os.kill(pid, signals.pop(0))
            except ProcessLookupError:
                return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
