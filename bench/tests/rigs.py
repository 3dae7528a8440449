# SPDX-License-Identifier: Apache-2.0
"""Rigs for tests: made under a name of their own, always removed, or skipped with the reason."""

import contextlib
import mmap
import os
import shutil
import time
import unittest
from pathlib import Path

from riglib import filesystem
from riglib.rig import Rig
from riglib.spec import DiskSpec
from riglib.system import memory_available_bytes

MIB = 1 << 20


def why_not(served=True, needed_bytes=3 << 30):
    """Why rigs cannot be made here, or None."""
    if os.geteuid() != 0:
        return "needs root"
    if not Path("/dev/loop-control").exists():
        return "needs /dev/loop-control"
    if served and not Path("/dev/fuse").exists():
        return "needs /dev/fuse"
    for tool in ("losetup", "mkfs.xfs", "make", "gcc") + (("nbdfuse",) if served else ()):
        if not shutil.which(tool):
            return f"needs {tool} (bench/setup)"
    if memory_available_bytes() < needed_bytes:
        return f"needs {needed_bytes >> 30} GiB of free memory"
    return None


def seconds(action):
    """How long something takes, by the machine's clock."""
    start = time.monotonic()
    action()
    return time.monotonic() - start


class RigTest(unittest.TestCase):
    """A test that makes rigs."""

    def setUp(self):
        reason = why_not()
        if reason:
            self.skipTest(reason)

    def rig(self, label="disk", **spec):
        rig = Rig(f"test-{os.getpid()}-{label}")
        spec = {"disk": "hdd", "filesystem": "xfs", "size_bytes": 512 * MIB} | spec
        rig.up(DiskSpec(**spec))
        self.addCleanup(rig.down)
        return rig

    def raw(self, **spec):
        """A rig whose filesystem is unmounted, for tests of the device itself."""
        rig = self.rig(**spec)
        filesystem.unmount(rig.mount_point)
        return rig


class Direct(contextlib.AbstractContextManager):
    """A file or device with direct I/O, so that every request reaches the disk."""

    def __init__(self, path, flags=os.O_RDWR):
        self._fd = os.open(path, flags | os.O_DIRECT | os.O_CLOEXEC, 0o600)
        self._buffer = mmap.mmap(-1, MIB)

    def __exit__(self, *_):
        os.close(self._fd)

    def write(self, offset, data):
        self._buffer[:len(data)] = data
        with memoryview(self._buffer) as view, view[:len(data)] as part:
            if os.pwritev(self._fd, [part], offset) != len(data):
                raise OSError("short write")

    def read(self, offset, size):
        with memoryview(self._buffer) as view, view[:size] as part:
            if os.preadv(self._fd, [part], offset) != size:
                raise OSError("short read")
            return bytes(part)

    def flush(self):
        os.fsync(self._fd)

    def allocate(self, size):
        os.posix_fallocate(self._fd, 0, size)
