# SPDX-License-Identifier: Apache-2.0
"""Builds what is written in C when its sources are newer."""

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


def small_files():
    """The path of the program that copies small files in several ways."""
    source, program = BENCH / "ways" / "small_files.c", BUILD / "small-files"
    BUILD.mkdir(exist_ok=True)
    with open(BUILD / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
            run("gcc", "-O2", "-Wall", "-o", program, source, "-luring", "-lpthread")
    return program


def model_library():
    """The path of the disk model as a shared library, for its tests."""
    disk_server()
    return BUILD / "libdiskmodel.so"
