# SPDX-License-Identifier: Apache-2.0
"""Builds the disk server when its sources are newer than it."""

import fcntl
from pathlib import Path

from .system import run

BENCH = Path(__file__).resolve().parent.parent
BUILD = BENCH / ".build-disk"


def disk_server():
    """The path of the built server. Two callers at once build once."""
    BUILD.mkdir(exist_ok=True)
    with open(BUILD / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run("make", "--silent", "-C", BENCH / "disk", f"OUT={BUILD}")
    return BUILD / "disk-server"


def model_library():
    """The path of the disk model as a shared library, for its tests."""
    disk_server()
    return BUILD / "libdiskmodel.so"
