# SPDX-License-Identifier: Apache-2.0
"""The six kinds of runs by which the time that is left is judged."""

import os
import random
from dataclasses import dataclass
from typing import Callable

MIB = 1 << 20
_SEED = 20261128
_POOL_BYTES = 16 * MIB
_UNREADABLE_EVERY = 50


@dataclass(frozen=True)
class Recorded:
    """A run: what is copied, and between which disks (fields of DiskSpec beside the size)."""

    name: str
    make: Callable
    source: dict
    target: dict
    gib: int
    as_user: bool = False


def _write(directory, name, size, pool):
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / name
    with open(path, "wb", buffering=0) as file:
        left = size
        while left > 0:
            start = pool[0].randrange(_POOL_BYTES // 2)
            part = min(left, _POOL_BYTES // 2)
            file.write(pool[1][start:start + part])
            left -= part
    return path


def _pool():
    source = random.Random(_SEED)
    return source, memoryview(source.randbytes(_POOL_BYTES))


def _small(root, pool, count, folder="small"):
    for number in range(count):
        size = int(pool[0].lognormvariate(9.0, 1.2))
        yield _write(root / folder / f"{number // 500:04}", f"f{number}", min(size, MIB), pool)


def _large(root, pool, count, mib, folder="large"):
    for number in range(count):
        yield _write(root / folder / "all", f"f{number}", mib * MIB, pool)


def small(root):
    """Small files alone."""
    for _ in _small(root, _pool(), 60_000):
        pass


def large(root):
    """A few large files."""
    for _ in _large(root, _pool(), 5, 200):
        pass


def mixed(root):
    """Small files, and as much time of large ones, each in directories of their own."""
    pool = _pool()
    for part in range(4):
        for _ in _small(root, pool, 5_000, f"part{part}/small"):
            pass
        for _ in _large(root, pool, 4, 40, f"part{part}/large"):
            pass


def spinning(root):
    """What a disk that seeks is given: some thousand small files, and large ones."""
    pool = _pool()
    for _ in _small(root, pool, 6_000):
        pass
    for _ in _large(root, pool, 6, 150):
        pass


def with_errors(root):
    """Mixed files, of which some cannot be read by the user who copies them."""
    pool = _pool()
    paths = list(_small(root, pool, 15_000)) + list(_large(root, pool, 12, 50))
    for path in paths[::_UNREADABLE_EVERY]:
        os.chmod(path, 0)


_FLASH = {"disk": "nvme", "filesystem": "xfs"}
_SLOW_FLASH = _FLASH | {"rate_mb_s": 25.0}
_HDD = {"disk": "hdd", "filesystem": "xfs", "rate_mb_s": 40.0}
# Bands and a cache of which some thousand files fill a part.
_SMR = {"disk": "smr", "filesystem": "ext4", "rate_mb_s": 40.0, "band_mb": 64,
        "cache_mb": 64}

RUNS = (
    Recorded("small", small, _FLASH, _SLOW_FLASH, 3),
    Recorded("large", large, _FLASH, _SLOW_FLASH, 3),
    Recorded("mixed", mixed, _FLASH, _SLOW_FLASH, 3),
    Recorded("hdd", spinning, _HDD, _HDD, 2),
    Recorded("smr", spinning, _HDD, _SMR, 2),
    Recorded("errors", with_errors, _FLASH, _SLOW_FLASH, 3, as_user=True),
)
