#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Copies a tree with a reader thread, a bounded queue and a writer thread, and cache advice.

This is the idea that fastsync began with, kept to be measured: pipeline.py SOURCE TARGET copies
what is in SOURCE into TARGET. With `--advice` both threads tell the kernel that they read and write
in order and once, and drop each block from the page cache when they are done with the next.
Not a backup tool: holes, xattrs and hard links are lost, and files appear under their names before
they are complete.
"""

import argparse
import os
import queue
import stat
import sys
import threading

MIB = 1 << 20


class Advice:
    """Rolling cache advice for one file: each block is dropped one block later.

    One later, because what was just written is still on its way to the disk and cannot be dropped;
    the advice then starts its writeback and nothing more.
    """

    def __init__(self, fd, wanted):
        self._fd, self._wanted, self._behind = fd, wanted, (0, 0)
        if wanted:
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_SEQUENTIAL)
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_NOREUSE)

    def passed(self, offset, size):
        if not self._wanted:
            return
        start, end = self._behind
        if end > start:
            os.posix_fadvise(self._fd, start, end - start, os.POSIX_FADV_DONTNEED)
        os.posix_fadvise(self._fd, offset, size, os.POSIX_FADV_DONTNEED)
        self._behind = (offset, offset + size)

    def finished(self):
        if self._wanted:
            os.posix_fadvise(self._fd, 0, 0, os.POSIX_FADV_DONTNEED)


class Reader(threading.Thread):
    """Reads the files in order; what it puts into the queue are the calls for the writer."""

    def __init__(self, files, options):
        super().__init__(daemon=True)
        self._files, self._options = files, options
        self.blocks = queue.Queue(options.depth)
        self.error = None

    def run(self):
        try:
            for source, target in self._files:
                self._read(source, target)
        except BaseException as error:  # handed to the main thread, which raises it
            self.error = error
        self.blocks.put(None)

    def _read(self, source, target):
        fd = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self.blocks.put(("open", target, os.fstat(fd)))
            advice, offset = Advice(fd, self._options.advice), 0
            while block := os.read(fd, self._options.block):
                self.blocks.put(("write", block, offset))
                advice.passed(offset, len(block))
                offset += len(block)
            advice.finished()
        finally:
            os.close(fd)
        self.blocks.put(("close", source, target))


class Writer:
    """Takes the blocks from the queue, on the calling thread."""

    def __init__(self, options):
        self._options = options
        self._fd = self._advice = None

    def drain(self, blocks):
        while item := blocks.get():
            getattr(self, item[0])(*item[1:])

    def open(self, target, status):
        self._fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        if self._options.preallocate and status.st_size:
            os.posix_fallocate(self._fd, 0, status.st_size)
        self._advice = Advice(self._fd, self._options.advice)

    def write(self, block, offset):
        view, at = memoryview(block), offset
        while view:
            put = os.pwrite(self._fd, view, at)
            view, at = view[put:], at + put
        self._advice.passed(offset, len(block))

    def close(self, source, target):
        if self._options.fsync:
            os.fsync(self._fd)
        self._advice.finished()
        os.close(self._fd)
        copy_status(source, target)


def copy_status(source, target):
    status = os.stat(source, follow_symlinks=False)
    if os.geteuid() == 0:
        os.chown(target, status.st_uid, status.st_gid, follow_symlinks=False)
    if not stat.S_ISLNK(status.st_mode):
        os.chmod(target, stat.S_IMODE(status.st_mode))
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns), follow_symlinks=False)


def make_directories(source, target):
    """Makes the directories and links; returns the files, and the directories deepest first."""
    files, directories = [], []
    for folder, names, file_names in os.walk(source):
        copied = os.path.join(target, os.path.relpath(folder, source))
        os.makedirs(copied, exist_ok=True)
        directories.append((folder, copied))
        names.sort()
        for name in sorted(file_names + [n for n in names if os.path.islink(os.path.join(folder, n))]):
            pair = os.path.join(folder, name), os.path.join(copied, name)
            mode = os.lstat(pair[0]).st_mode
            if stat.S_ISLNK(mode):
                os.symlink(os.readlink(pair[0]), pair[1])
                copy_status(*pair)
            elif stat.S_ISREG(mode):
                files.append(pair)
    return files, directories[::-1]


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("source")
    parser.add_argument("target")
    parser.add_argument("--block", type=int, default=MIB, help="bytes of a block (1 MiB)")
    parser.add_argument("--depth", type=int, default=4, help="blocks in the queue (4)")
    parser.add_argument("--advice", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--preallocate", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--fsync", action="store_true", help="fsync every file")
    return parser.parse_args(arguments)


def main(arguments):
    options = parse(arguments)
    if os.path.isfile(options.source):
        files, directories = [(options.source, options.target)], []
    else:
        files, directories = make_directories(options.source, options.target)
    reader = Reader(files, options)
    reader.start()
    Writer(options).drain(reader.blocks)
    reader.join()
    if reader.error:
        raise reader.error
    for pair in directories:
        copy_status(*pair)


if __name__ == "__main__":
    main(sys.argv[1:])
