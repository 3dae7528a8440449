# SPDX-License-Identifier: Apache-2.0
"""What kind of disk is asked for, and what follows from it."""

import re
from dataclasses import dataclass, replace

from .errors import RigError

DISKS = ("nvme", "hdd", "smr")
FILESYSTEMS = ("xfs", "ext4", "btrfs")
# The least number of disks for each of btrfs's data profiles; the first is the default.
RAIDS = {"raid0": 2, "raid1": 2, "raid10": 4}
DEVICES_MAX = 16

MIB = 1 << 20
_UNITS = {"": 1, "K": 1 << 10, "M": MIB, "G": 1 << 30, "T": 1 << 40}

# A 3.5-inch disk of 7200 turns a minute. A flush waits for half a turn and a bit.
_HDD_RATE_MB_S, _HDD_SEEK_MS, _HDD_FLUSH_MS = 150.0, 8.5, 5.0
# Small enough that a simulated disk of a few GiB has bands and a cache to fill.
_SMR_BAND_MB, _SMR_CACHE_MB = 32, 16


def parse_bytes(text):
    """`4G`, `512M`, `4096`: powers of 1024."""
    match = re.fullmatch(r"(\d+)([KMGT]?)(i?B)?", text.strip(), re.IGNORECASE)
    if not match:
        raise RigError(f"'{text}' is not a size such as 512M or 4G")
    return int(match[1]) * _UNITS[match[2].upper()]


def check_name(name):
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,31}", name):
        raise RigError(f"'{name}' is not a name: up to 32 of a-z, 0-9 and '-'")
    return name


@dataclass(frozen=True)
class DiskSpec:
    """A disk, or several alike, and the filesystem on them. A rate, seek time or cost of None is the
    kind's own."""

    disk: str
    filesystem: str
    size_bytes: int
    rate_mb_s: float | None = None
    seek_ms: float | None = None
    flush_ms: float | None = None
    band_mb: int | None = None
    cache_mb: int | None = None
    fault_file: str | None = None
    devices: int = 1         # each of size_bytes
    raid: str | None = None  # the data profile over several; None is raid0
    reflink: bool = True     # False: xfs is made without, and nobody can share blocks

    def resolved(self):
        """The same with the kind's own figures filled in, and checked."""
        if self.disk not in DISKS or self.filesystem not in FILESYSTEMS:
            raise RigError(f"a disk is one of {DISKS}, a filesystem one of {FILESYSTEMS}")
        if self.disk != "smr" and (self.band_mb or self.cache_mb):
            raise RigError("only an smr disk has bands and a cache")
        spins, shingled = self.disk != "nvme", self.disk == "smr"
        own = {
            "rate_mb_s": _HDD_RATE_MB_S if spins else 0.0,
            "seek_ms": _HDD_SEEK_MS if spins else 0.0,
            "flush_ms": _HDD_FLUSH_MS if spins else 0.0,
            "band_mb": _SMR_BAND_MB if shingled else 0,
            "cache_mb": _SMR_CACHE_MB if shingled else 0,
        }
        asked = {key: getattr(self, key) for key in own}
        for key, value in asked.items():
            if value is not None and value < 0:
                raise RigError(f"{key} cannot be negative")
        size_bytes = self.size_bytes // 4096 * 4096
        if size_bytes < 64 * MIB:
            raise RigError("a disk has at least 64 MiB")
        return replace(self, size_bytes=size_bytes, raid=self._resolved_raid(), **{
            key: own[key] if asked[key] is None else asked[key] for key in own})

    def _resolved_raid(self):
        """The data profile; None for a single disk."""
        if not 1 <= self.devices <= DEVICES_MAX:
            raise RigError(f"a rig has 1 to {DEVICES_MAX} disks")
        if self.devices == 1:
            if self.raid:
                raise RigError(f"{self.raid} is for several disks")
            return None
        if self.filesystem != "btrfs":
            raise RigError("of these filesystems only btrfs takes several disks")
        if self.fault_file:
            raise RigError("faults are for a rig of one disk")
        raid = self.raid or next(iter(RAIDS))
        if self.devices < RAIDS.get(raid, DEVICES_MAX + 1):
            raise RigError(f"{raid} does not go with {self.devices} disks: "
                           + ", ".join(f"{name} takes {least} or more" for name, least in RAIDS.items()))
        return raid

    @property
    def is_served(self):
        """Whether the disk server simulates it; otherwise it is memory behind a loop device."""
        return bool(self.disk != "nvme" or self.rate_mb_s or self.seek_ms or self.flush_ms
                    or self.fault_file)

    @property
    def title(self):
        """Such as `hdd`, or `4xhdd raid0`."""
        return self.disk if self.devices == 1 else f"{self.devices}x{self.disk} {self.raid}"

    @property
    def rotational(self):
        return self.disk != "nvme"

    @property
    def scheduler(self):
        """What Linux gives a disk of this kind: heads with one queue, or flash with many."""
        return "mq-deadline" if self.rotational else "none"

    @property
    def discards(self):
        """Of these disks, shingled ones know TRIM: it tells them which bands are empty."""
        return self.disk == "smr"

    def settings_text(self, untimed=False):
        """What the disk server reads."""
        return "".join(f"{key} {value:g}\n" for key, value in (
            ("rate_mb_s", self.rate_mb_s), ("seek_ms", self.seek_ms), ("flush_ms", self.flush_ms),
            ("smr_band_mb", self.band_mb), ("smr_cache_mb", self.cache_mb), ("untimed", untimed)))
