# SPDX-License-Identifier: Apache-2.0
"""What is copied: trees of incompressible data, the same on every machine for the same seed."""

import math
import os
import random
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from riglib.system import run

MIB = 1 << 20
SEED = 20240607

_POOL_BYTES = 32 * MIB
_FILES_PER_DIRECTORY = 100
_AGED_PARTS = 8
_SMALL_MEAN_BYTES, _SMALL_SIGMA, _SMALL_MAX_BYTES = 14 * 1024, 1.2, MIB


@dataclass(frozen=True)
class Work:
    """A tree to copy. `make(directory, scale)` writes it; `bytes_at(scale)` is about its size."""

    name: str
    what: str
    make: Callable
    bytes_at: Callable
    again: bool = False     # copied once before the clock starts
    change: Callable | None = None  # (directory, seed): what is done to the source after that
    denied: bool = False    # copied by a user who may read no file of it
    operands: bool = False  # each directory in it is an operand of its own


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


def _planned(count, size_of):
    """[(path below the work's directory, bytes)]"""
    pool = _Pool(SEED)
    return [(Path(f"d{number // _FILES_PER_DIRECTORY:05d}", f"f{number:06d}"), pool.cut(size_of(pool)))
            for number in range(count)]


def _make_files(directory, count, size_of):
    for path, data in _planned(count, size_of):
        if not (directory / path.parent).is_dir():
            (directory / path.parent).mkdir()
        with open(directory / path, "wb", buffering=0) as file:
            file.write(data)


def _make_medium(directory, scale):
    _make_files(directory, _count(1024, scale), lambda _: MIB)


def _make_small(directory, scale):
    _make_files(directory, _count(40_000, scale), _Pool.lognormal_size)


def _shuffled(items, chance):
    return chance.sample(items, len(items))


def _write_apart(directory, files, chance):
    """Creates the files in one order and writes them in another. Only `sync` between and after it makes
    the filesystem choose their inodes and their blocks in these orders."""
    for path, _ in _shuffled(files, chance):
        (directory / path).touch()
    run("sync", "-f", directory)
    for path, data in _shuffled(files, chance):
        with open(directory / path, "wb", buffering=0) as file:
            file.write(data)
    run("sync", "-f", directory)


def _make_aged(directory, scale):
    """The files of `small` as years of use leave them.

    They come in an order that is shuffled over all directories, a part at a time, between others of
    which some are deleted after each part: what comes later fills the holes. At last all get their
    names in a third order, so that a directory's order is not that of its inodes.
    """
    files, chance = _planned(_count(40_000, scale), _Pool.lognormal_size), random.Random(SEED)
    for folder in _shuffled(sorted({path.parent for path, _ in files}), chance):
        (directory / folder).mkdir()
    nameless = [(path.with_suffix(".new"), data) for path, data in _shuffled(files, chance)]
    passing, part = [], -(-len(files) // _AGED_PARTS)
    for start in range(0, len(files), part):
        present = nameless[start:start + part]
        others = [(path.with_suffix(".old"), data) for path, data in present[::2]]
        _write_apart(directory, present + others, chance)
        passing = _shuffled(passing + others, chance)
        while len(passing) > len(others) // 2:
            (directory / passing.pop()[0]).unlink()
    for path, _ in passing:
        (directory / path).unlink()
    for path, _ in _shuffled(files, chance):
        (directory / path).with_suffix(".new").rename(directory / path)


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


def _make_pieces(directory, scale):
    """A file of 4 KiB of data and 4 KiB of hole in turns."""
    pool, count = _Pool(SEED), _count(131_072, scale)
    with open(directory / "pieces.img", "wb", buffering=0) as file:
        # Written from the first byte on, the filesystem would fill the holes with what it sets aside.
        file.truncate(count * 8192)
        for number in range(count):
            os.pwrite(file.fileno(), pool.cut(4096), number * 8192)


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


def _make_flat(directory, scale):
    """One directory, whose files have no other below them."""
    for number in range(_count(160_000, scale)):
        with open(directory / f"f{number:07d}", "wb", buffering=0) as file:
            file.write(b"%07d" % number)


def _make_links(directory, scale):
    for number in range(_count(160_000, scale)):
        folder = directory / f"d{number // _FILES_PER_DIRECTORY:05d}"
        if number % _FILES_PER_DIRECTORY == 0:
            folder.mkdir()
        (folder / f"l{number:06d}").symlink_to(f"../to/{number}")


def _make_hard_links(directory, scale):
    """Files of two names, of which the second lies anywhere in another tree."""
    count = _count(80_000, scale)
    names = [path for path, _ in _planned(count, lambda _: 64)]
    _make_files(directory, count, lambda _: 64)
    for number, path in enumerate(_shuffled(names, random.Random(SEED))):
        folder = directory / f"e{number // _FILES_PER_DIRECTORY:05d}"
        if number % _FILES_PER_DIRECTORY == 0:
            folder.mkdir()
        (folder / f"h{number:06d}").hardlink_to(directory / path)


def _make_denied(directory, scale):
    _make_files(directory, _count(65_536, scale), lambda _: 64)
    for folder in directory.iterdir():
        for path in folder.iterdir():
            path.chmod(0)


def _make_operands(directory, scale):
    """Directories of one file each."""
    for number in range(_count(2_560, scale)):
        (directory / f"d{number:05d}").mkdir()
        (directory / f"d{number:05d}" / f"f{number:05d}").write_bytes(b"%05d" % number)


def _files_in(directory):
    return sorted(path for path in directory.rglob("*") if path.is_file())


def _change_metadata(directory, seed):
    """Gives a third of the files another mode, a third another group and a third another time."""
    for number, path in enumerate(_files_in(directory)):
        found = path.stat()
        if number % 3 == 0:
            path.chmod(found.st_mode ^ 0o011)
        elif number % 3 == 1:
            os.chown(path, -1, found.st_gid ^ 1)
        else:
            os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns + 1_000_000_000 + seed % 1000))


def _change(directory, seed):
    """Overwrites 1% of the files, at least one, with other bytes of the same number."""
    pick, pool = random.Random(seed), _Pool(seed)
    files = _files_in(directory)
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
    Work("aged", "small, scattered over directories, inodes and blocks", _make_aged, _small_bytes),
    Work("tiny", "200,000 files of 1 KiB", _make_tiny, lambda s: _count(200_000, s) * 5120),
    Work("sparse", "a disk image of 4 GiB, a quarter written", _make_sparse,
         lambda s: _count(4096, s) * MIB // 3),
    Work("pieces", "a file of 131,072 pieces of 4 KiB and holes between them", _make_pieces,
         lambda s: _count(131_072, s) * 8192),
    Work("real", "up to 4 GiB of /usr", _make_real, lambda s: _count(4096, s) * MIB * 5 // 4),
    Work("again", "small, copied before and not changed", _make_small, _small_bytes, again=True),
    Work("large-again", "large, copied before and not changed", _make_large, lambda s: 2 * _count(1024, s) * MIB,
         again=True),
    Work("tiny-again", "tiny, copied before and not changed", _make_tiny, lambda s: _count(200_000, s) * 5120,
         again=True),
    Work("update", "small, copied before, 1% of the files changed", _make_small, _small_bytes,
         again=True, change=_change),
    Work("flat", "one directory of 160,000 files of 7 bytes", _make_flat, lambda s: _count(160_000, s) * 4608),
    Work("flat-again", "flat, copied before and not changed", _make_flat, lambda s: _count(160_000, s) * 4608,
         again=True),
    Work("links", "160,000 symbolic links", _make_links, lambda s: _count(160_000, s) * 768),
    Work("links-again", "links, copied before and not changed", _make_links, lambda s: _count(160_000, s) * 768,
         again=True),
    Work("metadata", "small, copied before; then each file got another mode, group or time", _make_small,
         _small_bytes, again=True, change=_change_metadata),
    Work("hard-links", "80,000 files of two names that lie far apart", _make_hard_links,
         lambda s: _count(80_000, s) * 9728),
    Work("denied", "65,536 files that the user may not read", _make_denied, lambda s: _count(65_536, s) * 5120,
         denied=True),
    Work("operands", "2,560 operands, each a directory of one file", _make_operands,
         lambda s: _count(2_560, s) * 10240, operands=True),
    Work("one", "one file of 1 KiB", lambda directory, _: _make_files(directory, 1, lambda _: 1024),
         lambda _: MIB),
    Work("few", "five files of 2 KiB", lambda directory, _: _make_files(directory, 5, lambda _: 2048),
         lambda _: MIB),
)}
