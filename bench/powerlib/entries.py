# SPDX-License-Identifier: Apache-2.0
"""What there is under each name of a tree, by plain calls and checksums."""

import hashlib
import os
import stat
from dataclasses import dataclass, replace
from pathlib import Path

_READ_BYTES = 1 << 20


@dataclass(frozen=True)
class Entry:
    """One name: its type, its metadata, and a digest of its contents (a link's: where it leads)."""

    kind: int
    mode: int
    owner: tuple
    size: int
    mtime_ns: int
    xattrs: tuple
    content: str | None  # None: it cannot be read

    @property
    def is_directory(self):
        return self.kind == stat.S_IFDIR

    @property
    def is_file(self):
        return self.kind == stat.S_IFREG


def _content(path, kind):
    if kind == stat.S_IFLNK:
        return os.readlink(path)
    if kind != stat.S_IFREG:
        return ""
    digest = hashlib.blake2b(digest_size=16)
    try:
        with open(path, "rb", buffering=0) as file:
            while part := file.read(_READ_BYTES):
                digest.update(part)
    except OSError:
        return None
    return digest.hexdigest()


def entry(path):
    """The entry of a path; a directory's size is the filesystem's own affair, and left out."""
    is_ = os.lstat(path)
    kind = stat.S_IFMT(is_.st_mode)
    names = sorted(os.listxattr(path, follow_symlinks=False))
    xattrs = tuple((name, os.getxattr(path, name, follow_symlinks=False)) for name in names)
    return Entry(kind, stat.S_IMODE(is_.st_mode), (is_.st_uid, is_.st_gid),
                 0 if kind == stat.S_IFDIR else is_.st_size, is_.st_mtime_ns, xattrs,
                 _content(path, kind))


def scan(root):
    """The entries below a directory, by their paths from there."""
    found, waiting = {}, [Path(root)]
    while waiting:
        directory = waiting.pop()
        for item in os.scandir(directory):
            path = Path(item.path)
            name = str(path.relative_to(root))
            found[name] = entry(path)
            if found[name].is_directory:
                waiting.append(path)
    return found


def without_metadata(entry_):
    """The same as far as a quick check and a checksum see it."""
    return replace(entry_, mode=0, owner=(), xattrs=())
