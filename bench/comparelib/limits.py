# SPDX-License-Identifier: Apache-2.0
"""What is set for the time of a comparison and put back afterwards: dirty limits, a memory limit."""

import contextlib
import os
from pathlib import Path

_VM = Path("/proc/sys/vm")
_CGROUP = Path("/sys/fs/cgroup")


@contextlib.contextmanager
def dirty_bytes(limit_bytes):
    """Lets writers have `limit_bytes` of dirty memory in all, half of it before writeback starts."""
    if not limit_bytes:
        yield
        return
    # Writing a ratio clears the matching bytes and the other way round: put back what was in use.
    before = {}
    for name in ("dirty", "dirty_background"):
        in_use = int((_VM / f"{name}_bytes").read_text())
        key = f"{name}_bytes" if in_use else f"{name}_ratio"
        before[key] = (_VM / key).read_text()
    try:
        (_VM / "dirty_bytes").write_text(str(limit_bytes))
        (_VM / "dirty_background_bytes").write_text(str(limit_bytes // 2))
        yield
    finally:
        for key, value in before.items():
            (_VM / key).write_text(value)


@contextlib.contextmanager
def device_dirty_bytes(devices, limit_bytes):
    """Lets the writers to a filesystem's disk have `limit_bytes` of dirty memory (from Linux 6.2 on).

    For filesystems that use the disk's own backing_dev_info, as xfs and ext4 do and btrfs does not.
    """
    if not limit_bytes:
        yield
        return
    block = Path("/sys/class/block", devices[0]).resolve()
    whole_disk = block.parent if (block / "partition").exists() else block
    bdi = Path("/sys/class/bdi", (whole_disk / "dev").read_text().strip())
    before = [(name, (bdi / name).read_text()) for name in ("strict_limit", "max_ratio")]
    try:
        (bdi / "max_bytes").write_text(str(limit_bytes))
        (bdi / "strict_limit").write_text("1")
        yield
    finally:
        # max_bytes is kept by the kernel as a ratio.
        for name, value in before:
            (bdi / name).write_text(value)


def dirty_settings():
    """What is in force: {name: value}."""
    names = ("dirty_ratio", "dirty_background_ratio", "dirty_bytes", "dirty_background_bytes",
             "dirty_expire_centisecs")
    return {name: int((_VM / name).read_text()) for name in names}


@contextlib.contextmanager
def memory_cgroup(limit_bytes):
    """A memory control group for the tools and the neighbour's file; None without a limit."""
    if not limit_bytes:
        yield None
        return
    v1 = _CGROUP / "memory"
    group = (v1 if v1.is_dir() else _CGROUP) / f"fastsync-compare-{os.getpid()}"
    group.mkdir()
    try:
        knob = "memory.limit_in_bytes" if v1.is_dir() else "memory.max"
        (group / knob).write_text(str(limit_bytes))
        yield group
    finally:
        group.rmdir()
