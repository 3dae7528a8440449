# SPDX-License-Identifier: Apache-2.0
"""Where is copied from and to: a pair of simulated disks, or two directories on real ones."""

import contextlib
import os
import shutil
from pathlib import Path

from riglib.rig import Rig
from riglib.spec import DiskSpec
from riglib.system import run

from . import cache

MIB = 1 << 20
_SPARE_BYTES = 512 * MIB  # logs, tables and what else a filesystem keeps for itself


def block_device(path):
    """The name in /sys/class/block of the disk or partition below a path; None if there is none."""
    name = Path(run("findmnt", "-no", "SOURCE", "--target", path).partition("[")[0]).resolve().name
    return name if Path("/sys/class/block", name).exists() else None


class RigPair:
    """Two simulated disks with the same kind of filesystem."""

    cold = "source filesystem unmounted and mounted again; target filesystem made anew"

    def __init__(self, source, target):
        self._source_spec, self._target_spec = source, target
        self._rigs = []

    def __enter__(self):
        try:
            for end, spec in (("source", self._source_spec), ("target", self._target_spec)):
                rig = Rig(f"compare-{os.getpid()}-{end}")
                rig.up(spec)
                self._rigs.append(rig)
        except BaseException:
            self.__exit__()
            raise
        self.devices = [rig.device.name for rig in self._rigs]
        return self

    def __exit__(self, *_):
        for rig in self._rigs[::-1]:
            rig.down()

    @property
    def source(self):
        return self._rigs[0].mount_point / "work"

    @property
    def target(self):
        return self._rigs[1].mount_point / "copy"

    @contextlib.contextmanager
    def untimed(self):
        """For preparing and checking: no simulated disk takes time."""
        with self._rigs[0].untimed(), self._rigs[1].untimed():
            yield

    def empty_target(self):
        self._rigs[1].reformat()
        self.target.mkdir()

    def make_cold(self):
        for rig in self._rigs:
            rig.remount()

    def counters(self):
        return self._rigs[1].counters()


class DirectoryPair:
    """Two directories of the user's; works only below a directory of its own in each."""

    _OWN = "fastsync-compare"

    def __init__(self, source, target):
        self._source, self._target = Path(source) / self._OWN, Path(target) / self._OWN
        self._made = []
        self.cold = ("caches dropped (/proc/sys/vm/drop_caches)" if os.geteuid() == 0
                     else "source files dropped from the page cache; inodes stay cached (not root)")

    def __enter__(self):
        for directory in (self._source, self._target):
            directory.mkdir()
            self._made.append(directory)
        self.devices = [block_device(self._source), block_device(self._target)]
        return self

    def __exit__(self, *_):
        for directory in self._made:
            shutil.rmtree(directory)

    @property
    def source(self):
        return self._source / "work"

    @property
    def target(self):
        return self._target / "copy"

    def untimed(self):
        return contextlib.nullcontext()

    def empty_target(self):
        if self.target.exists():
            shutil.rmtree(self.target)
        self.target.mkdir()

    def make_cold(self):
        run("sync", "-f", self._source)
        run("sync", "-f", self._target)
        if os.geteuid() == 0:
            Path("/proc/sys/vm/drop_caches").write_text("3\n")
            return
        for path in [*self.source.rglob("*"), self._source / "limit.bin"]:
            if path.is_file() and not path.is_symlink():
                cache.drop(path)

    def counters(self):
        return {}


def rig_pair(disks, filesystem, work_bytes, limit_bytes, rate_mb_s=None, seek_ms=None):
    """`disks` is SOURCE:TARGET."""
    source, target = disks.split(":")
    # Room for the copy, for what was overwritten and is not yet freed, and for fio's file.
    size_bytes = int(work_bytes * 1.3) + limit_bytes + _SPARE_BYTES

    def spec(disk):
        return DiskSpec(disk=disk, filesystem=filesystem, size_bytes=size_bytes,
                        rate_mb_s=rate_mb_s, seek_ms=seek_ms)

    return RigPair(spec(source), spec(target))
