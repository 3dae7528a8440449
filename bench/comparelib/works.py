# SPDX-License-Identifier: Apache-2.0
"""What is copied: trees of incompressible data, the same on every machine for the same seed."""

import math
import os
import random
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

MIB = 1 << 20
SEED = 20240607

_POOL_BYTES = 32 * MIB
_FILES_PER_DIRECTORY = 100
_SMALL_MEAN_BYTES, _SMALL_SIGMA, _SMALL_MAX_BYTES = 14 * 1024, 1.2, MIB


@dataclass(frozen=True)
class Work:
    """A tree to copy. `make(directory, scale)` writes it; `bytes_at(scale)` is about its size."""

    name: str
    what: str
    make: Callable
    bytes_at: Callable
    again: bool = False     # copied once before the clock starts
    changed: bool = False   # and then 1% of the files changed


class _Pool:
    """Random bytes to cut files from: any cut is incompressible, and cutting costs little."""

    def __init__(self, seed):
        self._random = random.Random(seed)
        self._bytes = memoryview(self._random.randbytes(_POOL_BYTES))

    def cut(self, size):
        start = self._random.randrange(_POOL_BYTES - size)
        return self._bytes[start:start + size]

    def lognormal_size(self):
        mu = math.log(_SMALL_MEAN_BYTES) - _SMALL_SIGMA ** 2 / 2
        return max(1, min(_SMALL_MAX_BYTES, int(self._random.lognormvariate(mu, _SMALL_SIGMA))))


def _count(full, scale):
    return max(1, round(full * scale))


def write_random(path, size, seed):
    """A file of random bytes that repeat nowhere, as deduplication and checksums would notice."""
    source = random.Random(seed)
    with open(path, "wb", buffering=0) as file:
        for start in range(0, size, MIB):
            file.write(source.randbytes(min(MIB, size - start)))


def _make_large(directory, scale):
    """Two files of 1 GiB; a smaller scale makes the files smaller, not fewer."""
    for number in range(2):
        write_random(directory / f"large-{number}", _count(1024, scale) * MIB, SEED + number)


def _make_files(directory, count, size_of):
    pool = _Pool(SEED)
    for number in range(count):
        folder = directory / f"d{number // _FILES_PER_DIRECTORY:05d}"
        if number % _FILES_PER_DIRECTORY == 0:
            folder.mkdir()
        with open(folder / f"f{number:06d}", "wb", buffering=0) as file:
            file.write(pool.cut(size_of(pool)))


def _make_medium(directory, scale):
    _make_files(directory, _count(1024, scale), lambda _: MIB)


def _make_small(directory, scale):
    _make_files(directory, _count(40_000, scale), _Pool.lognormal_size)


def _make_tiny(directory, scale):
    _make_files(directory, _count(200_000, scale), lambda _: 1024)


def _make_sparse(directory, scale):
    """A disk image of which a quarter is written, in runs of 64 KiB to 4 MiB."""
    image_bytes, pool, place = _count(4096, scale) * MIB, _Pool(SEED), random.Random(SEED)
    with open(directory / "machine.img", "wb", buffering=0) as file:
        file.truncate(image_bytes)
        offset = 0
        while offset < image_bytes:
            run = min(65536 * place.randrange(1, 65), image_bytes - offset)
            os.pwrite(file.fileno(), pool.cut(run), offset)
            offset += run + 3 * 65536 * place.randrange(1, 65)


def _make_real(directory, scale):
    """/usr, directory by directory until the scale's share of 4 GiB is there."""
    budget = _count(4096, scale) * MIB
    for folder, names, files in os.walk("/usr"):
        names.sort()
        copied = directory / Path(folder).relative_to("/usr")
        copied.mkdir(parents=True, exist_ok=True)
        for name in sorted(files):
            source = Path(folder, name)
            if source.is_symlink() or source.is_file():
                shutil.copy2(source, copied / name, follow_symlinks=False)
                budget -= source.lstat().st_size
        if budget <= 0:
            return


def change(directory, seed):
    """Overwrites 1% of the files, at least one, with other bytes of the same number."""
    pick, pool = random.Random(seed), _Pool(seed)
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    for path in pick.sample(files, max(1, len(files) // 100)):
        with open(path, "r+b", buffering=0) as file:
            file.write(pool.cut(path.stat().st_size))


def _small_bytes(scale):
    # A small file takes whole blocks, and an inode.
    return _count(40_000, scale) * (_SMALL_MEAN_BYTES + 4096)


WORKS = {work.name: work for work in (
    Work("large", "2 files of 1 GiB", _make_large, lambda s: 2 * _count(1024, s) * MIB),
    Work("medium", "1,024 files of 1 MiB", _make_medium, lambda s: _count(1024, s) * MIB),
    Work("small", "40,000 files, log-normal, mean 14 KiB", _make_small, _small_bytes),
    Work("tiny", "200,000 files of 1 KiB", _make_tiny, lambda s: _count(200_000, s) * 5120),
    Work("sparse", "a disk image of 4 GiB, a quarter written", _make_sparse,
         lambda s: _count(4096, s) * MIB // 3),
    Work("real", "up to 4 GiB of /usr", _make_real, lambda s: _count(4096, s) * MIB * 5 // 4),
    Work("again", "small, copied before and not changed", _make_small, _small_bytes, again=True),
    Work("update", "small, copied before, 1% of the files changed", _make_small, _small_bytes,
         again=True, changed=True),
)}
