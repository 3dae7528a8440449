# SPDX-License-Identifier: Apache-2.0
"""Where is copied from and to: a pair of simulated disks, one of them, or two directories on real ones.

A place's `devices` are those of the source and those of the target, by their names in
/sys/class/block; its `counters()` are the disk servers', of the source and of the target.
"""

import contextlib
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

from riglib.errors import RigError
from riglib.rig import Rig
from riglib.spec import DISKS, DiskSpec
from riglib.system import run

from . import cache

MIB = 1 << 20
_SPARE_BYTES = 512 * MIB  # logs, tables and what else a filesystem keeps for itself


def block_devices(path):
    """The name in /sys/class/block of the disk or partition below a path, in a list; an empty one if
    there is none."""
    name = Path(run("findmnt", "-no", "SOURCE", "--target", path).partition("[")[0]).resolve().name
    return [name] if Path("/sys/class/block", name).exists() else []


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
        self.devices = [_names(rig) for rig in self._rigs]
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
        return [rig.counters() for rig in self._rigs]


class SameRig:
    """Two directories of one simulated disk. Where it can, the filesystem is made without reflinks:
    sharing blocks is not copying."""

    cold = "target directory removed, the filesystem of both unmounted and mounted again; xfs without reflinks"

    def __init__(self, spec):
        self._spec = replace(spec, reflink=False)
        self._rig = Rig(f"compare-{os.getpid()}-both")

    def __enter__(self):
        self._rig.up(self._spec)
        self.devices = [_names(self._rig)] * 2
        return self

    def __exit__(self, *_):
        self._rig.down()

    @property
    def source(self):
        return self._rig.mount_point / "work"

    @property
    def target(self):
        return self._rig.mount_point / "copy"

    def untimed(self):
        return self._rig.untimed()

    def empty_target(self):
        if self.target.exists():
            shutil.rmtree(self.target)
        run("sync", "-f", self._rig.mount_point)
        if self._rig.spec.discards:
            run("fstrim", self._rig.mount_point)  # as a filesystem that is made anew does
        self.target.mkdir()

    def make_cold(self):
        self._rig.remount()

    def counters(self):
        return [self._rig.counters()] * 2


def _names(rig):
    return [device.name for device in rig.devices]


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
        self.devices = [block_devices(self._source), block_devices(self._target)]
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
        return [{}, {}]


def _parse_end(text):
    """(kind, number of disks) of `hdd` or `4xhdd`."""
    match = re.fullmatch(r"(?:([2-9]|[1-9]\d)x)?([a-z]+)", text)
    if not match or match[2] not in DISKS:
        raise RigError(f"there is no disk '{text}': {', '.join(DISKS)}, or several as 4xhdd")
    return match[2], int(match[1] or 1)


def parse_disks(text):
    """SOURCE:TARGET in full, from `KIND`, `KIND:KIND`, `4xKIND:4xKIND` or `KIND:same`."""
    source, colon, target = text.partition(":")
    _parse_end(source)
    if colon and target != "same":
        _parse_end(target)
    return f"{source}:{target if colon else source}"


def rigs(disks, filesystem, work_bytes, limit_bytes, raid=None, **figures):
    """The simulated disks of `disks`, which is SOURCE:TARGET, for a work of about so many bytes.

    `raid` is the profile of those ends that are several disks.
    """
    source, target = disks.split(":")
    # Room for the copy, for what was overwritten and is not yet freed, and for fio's file.
    end_bytes = int(work_bytes * 1.3) + limit_bytes

    def spec(end, needed_bytes):
        kind, devices = _parse_end(end)
        # With a profile that keeps everything twice half of the bytes are room.
        copies = 2 if devices > 1 and raid in ("raid1", "raid10") else 1
        return DiskSpec(disk=kind, filesystem=filesystem, devices=devices,
                        raid=raid if devices > 1 else None,
                        size_bytes=needed_bytes * copies // devices + _SPARE_BYTES, **figures).resolved()

    if target == "same":
        return SameRig(spec(source, 2 * end_bytes))
    return RigPair(spec(source, end_bytes), spec(target, end_bytes))
