# SPDX-License-Identifier: Apache-2.0
"""What the figures depend on: the machine, the kernel, the versions. No names of machines."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from . import limits, tools

_VERSION_COMMANDS = {
    "rsync": ["rsync", "--version"], "cp": ["cp", "--version"], "tar": ["tar", "--version"],
    "fpsync": ["fpsync", "-V"], "rclone": ["rclone", "version"], "fio": ["fio", "--version"],
    "mkfs.xfs": ["mkfs.xfs", "-V"], "mkfs.btrfs": ["mkfs.btrfs", "--version"],
    "mkfs.ext4": ["mkfs.ext4", "-V"], "python": ["/usr/bin/python3", "--version"],
}


def kernel():
    """The kernel's version without what a distribution or a host adds to it."""
    return re.match(r"\d+(\.\d+)*", os.uname().release)[0]


def machine_name():
    """Such as `2-core-vm-linux-6.18`."""
    virtual = re.search(r"^flags.*\bhypervisor\b", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    release = ".".join(kernel().split(".")[:2])
    return f"{os.cpu_count()}-core-{'vm' if virtual else 'machine'}-linux-{release}"


def _first_line(command):
    if not shutil.which(command[0]):
        return None
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = (done.stdout or done.stderr).strip().splitlines()
    return re.sub(r"\s+", " ", lines[0]) if lines else None


def _processor():
    match = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return match[1] if match else os.uname().machine


def _commit():
    done = subprocess.run(["git", "-C", tools.BENCH, "describe", "--always", "--dirty"],
                          capture_output=True, text=True, check=False)
    return done.stdout.strip() or None


def describe():
    memory_kib = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[1])
    versions = {name: _first_line(command) for name, command in _VERSION_COMMANDS.items()}
    binary = tools.fastsync_binary()
    if binary:
        versions["fastsync"] = f"{_first_line([str(binary), '--version'])} (commit {_commit()})"
    return {
        "machine": machine_name(), "kernel": kernel(), "processor": _processor(),
        "cores": os.cpu_count(), "memory_gib": round(memory_kib / (1 << 20), 1),
        "vm": limits.dirty_settings(),
        "versions": {name: version for name, version in versions.items() if version},
    }
