# SPDX-License-Identifier: Apache-2.0
"""What is compared together, and the sets that results in this repository come from."""

from dataclasses import dataclass

GIB = 1 << 30

_MODES = ("direct", "dontcache", "advise", "keep")
_RIVALS = ("rsync-preallocate", "rsync", "cp")
_CLAIM = ("fastsync", "rsync-preallocate", "cp", "pipeline", "pipeline-no-advice")


@dataclass(frozen=True)
class Group:
    """One work on one pair of disks by several tools."""

    work: str
    scale: float
    tools: tuple
    runs: int
    disks: str | None = None          # SOURCE:TARGET of simulated disks
    raid: str | None = None           # of those that are several
    filesystem: str | None = None
    rate_mb_s: float | None = None
    seek_ms: float | None = None
    source: str | None = None         # directories on real disks instead
    target: str | None = None
    dirty_bytes: int | None = None    # vm.dirty_bytes while it runs
    device_dirty_bytes: int | None = None  # the same for the target disk alone
    memory_bytes: int | None = None   # limit of the tools' memory control group
    grows: bool = False               # the same work at other scales is in the same set

    @property
    def places(self):
        """Such as `hdd:smr xfs`, or `4xhdd:4xhdd raid0 btrfs`."""
        if self.source:
            return "real disks"
        return " ".join(word for word in (self.disks, self.raid, self.filesystem) if word)

    @property
    def title(self):
        words = [self.places, self.work]
        if self.grows:
            words.append(f"scale {self.scale:.3g}")
        if self.rate_mb_s is not None:
            words.append(f"{self.rate_mb_s:g} MB/s")
        if self.dirty_bytes:
            words.append(f"vm.dirty_bytes {self.dirty_bytes >> 20} MiB")
        if self.device_dirty_bytes:
            words.append(f"target max_bytes {self.device_dirty_bytes >> 20} MiB")
        if self.memory_bytes:
            words.append(f"memory {self.memory_bytes >> 20} MiB")
        return ", ".join(words)

    @property
    def slug(self):
        """The title as part of a file name."""
        return "".join(c if c.isalnum() or c == "." else "-" for c in self.title.replace(", ", "-"))


def _claim(filesystem, runs, more=(), **limits):
    """Two equal disks of 150 MB/s that hardly seek: only the order of reading and writing counts."""
    return Group("large", 1.0, _CLAIM + more, runs, disks="hdd:hdd", filesystem=filesystem,
                 rate_mb_s=150, seek_ms=0.1, **limits)


def _fast(work, scale, filesystem, more=()):
    """As fast as memory behaves like a disk, beside the tools that people have."""
    return Group(work, scale, ("fastsync", "rsync-preallocate", "cp", *more), 3,
                 disks="nvme:nvme", filesystem=filesystem)


def _spinning(work, scale, disks, filesystem, more=(), runs=2, **array):
    """Disks that seek as they come, beside the tools that people have, each copying everything."""
    rivals = ("rsync-preallocate", "rsync-full", "cp")
    return Group(work, scale, ("fastsync", *rivals, *more), runs, disks=disks, filesystem=filesystem, **array)


def _growth(work, tools=("fastsync", "rsync-full", "cp"), disks="nvme:nvme"):
    """The same work at three sizes, each four times the one before."""
    return tuple(Group(work, scale, tools, 2, disks=disks, filesystem="xfs", grows=True)
                 for scale in (1 / 16, 1 / 4, 1))


def _alone(work, disks):
    """What has one size only."""
    return Group(work, 1.0, ("fastsync", "rsync-full", "cp"), 5, disks=disks, filesystem="xfs")


SETS = {
    "default": (
        Group("large", 0.5, ("fio", "fastsync", "fastsync-keep", *_RIVALS, "pipeline"), 3,
              disks="nvme:nvme", filesystem="xfs"),
        Group("large", 0.5, ("fio", "fastsync", "fastsync-keep", *_RIVALS, "pipeline"), 3,
              disks="nvme:nvme", filesystem="btrfs"),
        Group("small", 0.5, ("fastsync", *_RIVALS, "tar"), 3, disks="nvme:nvme", filesystem="xfs"),
        Group("again", 0.5, ("fastsync", "rsync"), 3, disks="nvme:nvme", filesystem="xfs"),
        Group("large", 0.25, ("fio", "fastsync", *_RIVALS, "pipeline"), 3,
              disks="hdd:hdd", filesystem="xfs"),
        Group("small", 0.1, ("fastsync", *_RIVALS), 3, disks="hdd:smr", filesystem="xfs"),
        Group("large", 0.5, ("fastsync", *_RIVALS), 3, disks="nvme:nvme", filesystem="xfs",
              memory_bytes=GIB // 2),
    ),
    "claim": (
        _claim("btrfs", 3, ("pipeline-1g", "fio")),
        _claim("xfs", 3, ("pipeline-1g", "fio")),
        _claim("btrfs", 2, dirty_bytes=GIB // 16),
        _claim("xfs", 2, dirty_bytes=GIB // 16),
        _claim("xfs", 2, device_dirty_bytes=GIB // 16),
    ),
    "ways": tuple(
        Group(work, scale, ("fastsync", "way-plain", "way-chains", "way-batches"), 3,
              disks="nvme:nvme", filesystem=filesystem)
        for work, scale in (("small", 0.5), ("tiny", 0.25)) for filesystem in ("xfs", "ext4", "btrfs")
    ),
    "bars": (
        *(_fast("large", 1.0, filesystem, ("fio",)) for filesystem in ("xfs", "ext4", "btrfs")),
        *(_fast("medium", 1.0, filesystem) for filesystem in ("xfs", "ext4")),
        *(_fast("small", 1.0, filesystem) for filesystem in ("xfs", "ext4", "btrfs")),
        *(_fast("tiny", 0.5, filesystem) for filesystem in ("xfs", "ext4")),
        *(Group("again", 1.0, ("fastsync", "rsync-preallocate"), 3, disks="nvme:nvme",
                filesystem=filesystem) for filesystem in ("xfs", "ext4")),
    ),
    "equal": tuple(
        Group("large", 0.5, ("fastsync", "fio", "rsync-preallocate", "cp"), 2, disks="hdd:hdd",
              filesystem=filesystem, rate_mb_s=150, seek_ms=0.1)
        for filesystem in ("xfs", "ext4", "btrfs")
    ),
    "spinning": (
        *(_spinning("large", 0.5, "hdd:hdd", filesystem, ("fio",)) for filesystem in ("xfs", "ext4", "btrfs")),
        _spinning("large", 0.5, "hdd:smr", "xfs", ("fio",)),
        *(_spinning("large", 0.5, "hdd:same", filesystem) for filesystem in ("xfs", "ext4")),
        # What happens to data that is larger than the machine's memory.
        _spinning("large", 0.5, "hdd:same", "xfs", memory_bytes=GIB // 4),
        *(_spinning("small", 0.25, "hdd:hdd", filesystem) for filesystem in ("xfs", "ext4", "btrfs")),
        _spinning("aged", 0.25, "hdd:hdd", "xfs"),
        _spinning("small", 0.25, "hdd:smr", "xfs"),
        _spinning("large", 0.5, "4xhdd:4xhdd", "btrfs", ("fio",), raid="raid0"),
        # Slow enough for two processors to serve all eight disks.
        _spinning("large", 0.25, "4xhdd:4xhdd", "btrfs", ("fio",), raid="raid0", rate_mb_s=40),
    ),
    "growth": (
        *(group for work in ("flat", "tiny", "links", "hard-links", "denied", "operands", "pieces")
          for group in _growth(work)),
        *(group for work in ("flat-again", "tiny-again", "links-again", "metadata")
          for group in _growth(work, ("fastsync", "rsync-full"))),
        _alone("one", "nvme:nvme"),
        _alone("few", "hdd:hdd"),
    ),
    "modes": tuple(
        Group("large", 0.5, ("fastsync", *(f"fastsync-{mode}" for mode in _MODES)), 3,
              disks="nvme:nvme", filesystem=filesystem)
        for filesystem in ("xfs", "ext4", "btrfs")
    ),
}
