# SPDX-License-Identifier: Apache-2.0
"""The tree that is copied, and what is at the target before: of everything something.

Half of the names replace what was there: of another size, of another time, or of both. The same seed
makes the same two trees.
"""

import os
import random
from pathlib import Path

KIB, MIB = 1 << 10, 1 << 20
_OTHER_USER = 12345
_SECOND_NS = 10**9


class Trees:
    """Makes source and old target side by side."""

    def __init__(self, source, target, seed, scale=1.0):
        self._source, self._target = Path(source), Path(target)
        self._random, self._scale = random.Random(f"trees {seed}"), scale

    def make(self):
        self._small_files()
        self._large_directory()
        self._larger_files()
        self._sparse_files()
        self._hard_links()
        self._attributes()
        self._links_and_pipes()
        self._in_the_way()
        for root in (self._source, self._target):
            for directory, names, _ in os.walk(root):
                names.sort()
                os.utime(directory, ns=(self._time(),) * 2)

    # What is in it

    def _small_files(self):
        for number in self._count(500):
            self._file(f"small/{number // 40}/file-{number}", self._random.randrange(64 * KIB))
        for number in self._count(20):
            self._file(f"small/empty/file-{number}", 0)

    def _large_directory(self):
        for number in self._count(400):
            self._file(f"many/file-{number:05}", self._random.randrange(4 * KIB))

    def _larger_files(self):
        for number in self._count(16):
            self._file(f"medium/file-{number}", self._random.randrange(64 * KIB, MIB))
        for number in self._count(4):
            self._file(f"large/file-{number}", self._random.randrange(MIB, 4 * MIB))

    def _sparse_files(self):
        for number in self._count(6):
            self._file(f"sparse/file-{number}", self._random.randrange(MIB, 8 * MIB), sparse=True)

    def _hard_links(self):
        """New ones, ones that replace single files, and single files that replace linked ones."""
        for number in self._count(20):
            names = [f"linked/{letter}-{number}" for letter in "abc"]
            self._file(names[0], self._random.randrange(32 * KIB))
            for name in names[1:]:
                self._link(self._source, names[0], name)
                if self._random.random() < 0.5:
                    self._write(self._target / name, b"old", self._time())
        for number in self._count(10):
            names = [f"parted/{letter}-{number}" for letter in "ab"]
            for name in names:
                self._write(self._source / name, self._random.randbytes(5000), self._time())
            self._write(self._target / names[0], self._random.randbytes(6000), self._time())
            self._link(self._target, *names)

    def _attributes(self):
        """Extended attributes, few and long ones, owners, files that may not be written, and files of
        which only that differs."""
        for number in self._count(60):
            name = f"attributes/file-{number}"
            self._file(name, self._random.randrange(16 * KIB))
            for path in self._both(name):
                os.setxattr(path, "user.label", self._random.randbytes(20))
                if number % 10 == 0:
                    os.setxattr(path, "user.long", self._random.randbytes(2500))
                if number % 5 == 0:
                    os.chown(path, self._random.choice((0, _OTHER_USER)), _OTHER_USER)
                os.chmod(path, self._random.choice((0o444, 0o400, 0o600, 0o755, 0o4711)))
        for number in self._count(20):
            name, content, mtime_ns = f"same/file-{number}", self._random.randbytes(7000), self._time()
            for root, mode in ((self._source, 0o640), (self._target, 0o604)):
                self._write(root / name, content, mtime_ns)
                if number % 4:
                    os.setxattr(root / name, "user.label", self._random.randbytes(20))
                    os.chmod(root / name, mode)

    def _links_and_pipes(self):
        for number in self._count(20):
            name = f"special/link-{number}"
            self._symlink(self._source / name, f"nowhere-{number}")
            if number % 3 == 0:
                self._symlink(self._target / name, f"elsewhere-{number}")
            elif number % 3 == 1:
                self._write(self._target / name, b"a file where a link comes", self._time())
        for number in self._count(6):
            os.mkfifo(self._source / f"special/pipe-{number}")
            os.utime(self._source / f"special/pipe-{number}", ns=(self._time(),) * 2)
            self._write(self._source / f"special/was-link-{number}", b"a file" * 999, self._time())
            self._symlink(self._target / f"special/was-link-{number}", "file-0")

    def _in_the_way(self):
        """Empty directories where files come, and files and links where directories come."""
        for number in self._count(8):
            self._write(self._source / f"way/file-{number}", self._random.randbytes(9000), self._time())
            (self._target / f"way/file-{number}").mkdir(parents=True)
            self._write(self._source / f"way/directory-{number}/file", b"in it" * 999, self._time())
            name = self._target / f"way/directory-{number}"
            if number % 2:
                self._symlink(name, "file-0")
            else:
                self._write(name, b"in the way", self._time())

    # One name

    def _file(self, name, size, sparse=False):
        """A file of the source; at the target one of half of them is older, and some are the same."""
        content, mtime_ns = self._random.randbytes(size), self._time()
        hole = (size // 4, size // 2) if sparse else None
        self._write(self._source / name, content, mtime_ns, hole)
        kind = self._random.choice(("new", "new", "new", "size", "time", "both", "both", "same"))
        if kind == "new":
            return
        if kind == "same":
            return self._write(self._target / name, content, mtime_ns, hole)
        if kind != "time" or not size:
            content = self._random.randbytes(size // 2 if size % 2 and size > 1 else size + 3000)
        else:
            content = self._random.randbytes(size)
        self._write(self._target / name, content, mtime_ns if kind == "size" else self._time())

    def _write(self, path, content, mtime_ns, hole=None):
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "wb") as file:
            if hole:
                file.write(content[:hole[0]])
                file.seek(hole[1])
                file.write(content[hole[1]:])
            else:
                file.write(content)
        os.utime(path, ns=(mtime_ns, mtime_ns))

    def _link(self, root, name, other):
        (root / other).parent.mkdir(parents=True, exist_ok=True)
        os.link(root / name, root / other)

    def _symlink(self, path, leads_to):
        path.parent.mkdir(parents=True, exist_ok=True)
        os.symlink(leads_to, path)
        os.utime(path, ns=(self._time(),) * 2, follow_symlinks=False)

    # Numbers

    def _both(self, name):
        return [root / name for root in (self._source, self._target) if (root / name).exists()]

    def _count(self, number):
        return range(max(1, round(number * self._scale)))

    def _time(self):
        """Some time of the years before."""
        return self._random.randrange(10**9 * _SECOND_NS, 17 * 10**8 * _SECOND_NS)
