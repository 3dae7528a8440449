# SPDX-License-Identifier: Apache-2.0
"""Trees as values: what is under each name, made on the disk, and read back."""

import errno
import os
import re
import stat
import struct
import subprocess
import zlib
from dataclasses import dataclass

# Contents are slices of it: those of other numbers differ, from the first byte on.
_POOL = b"".join(zlib.crc32(b"%d" % number).to_bytes(4, "little") for number in range(120_000))
_STEP = 1009
_ACCESS, _DEFAULT = "system.posix_acl_access", "system.posix_acl_default"


@dataclass(frozen=True)
class Content:
    """The bytes of a file: a number, or the bytes themselves; `hole` is a range that is not written."""

    number: int = 0
    size: int = 0
    literal: bytes | None = None
    hole: tuple = ()
    zeros: tuple = ()

    def data(self):
        if self.literal is not None:
            return self.literal
        start = self.number * _STEP % (len(_POOL) - 210_000)
        data = _POOL[start:start + self.size]
        for first, end in (self.hole, self.zeros):
            data = data[:first] + bytes(end - first) + data[end:]
        return data

    def __post_init__(self):
        # A range of nothing is simpler than none.
        object.__setattr__(self, "hole", self.hole or (0, 0))
        object.__setattr__(self, "zeros", self.zeros or (0, 0))


@dataclass(frozen=True)
class Node:
    """What is under one name. `link` is the name of the same tree whose inode it shares."""

    kind: str                        # file, dir, symlink, fifo, socket, device
    mode: int = 0o644
    mtime_ns: int = 10**18
    uid: int = 0
    gid: int = 0
    content: Content = Content()
    target: bytes = b""              # of a symbolic link
    device: tuple = ()               # "b" or "c", major, minor
    xattrs: tuple = ()               # pairs of name and value, ACLs too
    link: bytes | None = None


def acl(*entries):
    """An access control list: (tag, permissions, id)."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", tag, permissions, who)
                                           for tag, permissions, who in entries)


def make(tree, root):
    """Makes a tree of names relative to `root`, a directory that is there."""
    names = sorted(tree)
    for name in sorted(names, key=lambda name: tree[name].link is not None):
        _make_one(tree[name], os.path.join(root, name), root)
    for name in reversed(names):
        if tree[name].link is None:
            _set_metadata(tree[name], os.path.join(root, name))


def _make_one(node, path, root):
    if node.link is not None:
        os.link(os.path.join(root, node.link), path, follow_symlinks=False)
    elif node.kind == "dir":
        os.mkdir(path, 0o700)
    elif node.kind == "file":
        data, (first, end) = node.content.data(), node.content.hole
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            if end > first:
                os.pwrite(file, data[:first], 0)
                os.pwrite(file, data[end:], end)
                os.ftruncate(file, len(data))
            else:
                os.write(file, data)
        finally:
            os.close(file)
    elif node.kind == "symlink":
        os.symlink(node.target, path)
    elif node.kind == "fifo":
        os.mkfifo(path, 0o600)
    elif node.kind == "socket":
        os.mknod(path, stat.S_IFSOCK | 0o600)
    else:
        kind, major, minor = node.device
        os.mknod(path, (stat.S_IFBLK if kind == "b" else stat.S_IFCHR) | 0o600,
                 os.makedev(major, minor))


def _set_metadata(node, path):
    if node.uid or node.gid:
        os.chown(path, node.uid, node.gid, follow_symlinks=False)
    if node.kind != "symlink":
        os.chmod(path, node.mode)
        for name, value in node.xattrs:
            os.setxattr(path, name, value)
    os.utime(path, ns=(node.mtime_ns,) * 2, follow_symlinks=False)


def remove(path):
    """Removes what is there, whatever its permissions."""
    try:
        _remove(path)
    except FileNotFoundError:
        pass
    except (OSError, RecursionError):
        # Names that are too long for one path.
        subprocess.run(["rm", "-rf", path], check=True)


def _remove(path):
    with os.scandir(path) as entries:
        for entry in list(entries):
            if entry.is_dir(follow_symlinks=False):
                _remove(entry.path)
            else:
                os.unlink(entry.path)
    os.rmdir(path)


_PATH_BYTES_MAX = 3500
_KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "dir", stat.S_IFLNK: "symlink",
          stat.S_IFIFO: "fifo", stat.S_IFSOCK: "socket", stat.S_IFBLK: "block device",
          stat.S_IFCHR: "character device"}


def scan(root, since_ns):
    """Name -> what is there, as a dictionary of fields. A time at or after `since_ns` is "new"."""
    found, inodes = {}, {}
    _scan(os.fsencode(root), b"", found, inodes, since_ns)
    for names in inodes.values():
        if len(names) > 1:
            for name in names:
                found[name]["linked with"] = sorted(names)
    return found


def _scan(path, name, found, inodes, since_ns):
    if len(path) > _PATH_BYTES_MAX:
        found[name] = {"kind": "more than can be told"}
        return
    with os.scandir(path) as entries:
        for entry in entries:
            below = os.path.join(name, entry.name)
            status = entry.stat(follow_symlinks=False)
            found[below] = _facts(entry.path, status, since_ns)
            if stat.S_ISDIR(status.st_mode):
                _scan(entry.path, below, found, inodes, since_ns)
            elif status.st_nlink > 1:
                inodes.setdefault(status.st_ino, []).append(below)


def _facts(path, status, since_ns):
    kind = _KINDS[stat.S_IFMT(status.st_mode)]
    facts = {"kind": kind, "mode": oct(stat.S_IMODE(status.st_mode)), "owner": status.st_uid,
             "group": status.st_gid, "mtime": _time(status.st_mtime_ns, since_ns)}
    if kind == "file":
        facts["size"] = status.st_size
        facts["atime"] = _time(status.st_atime_ns, since_ns)
        facts["blocks"] = status.st_blocks
        file = os.open(path, os.O_RDONLY | os.O_NOATIME)
        try:
            data = os.read(file, status.st_size + 1)
            facts["content"] = zlib.crc32(data)
            if path.endswith(b"/side/log"):
                facts["text"] = data
        finally:
            os.close(file)
    elif kind == "symlink":
        facts["leads to"] = os.readlink(path)
    elif status.st_rdev:
        facts["number"] = status.st_rdev
    names = os.listxattr(path, follow_symlinks=False)
    if names:
        facts["attributes"] = {name: _attribute(path, name) for name in sorted(names)}
    return facts


def _attribute(path, name):
    value = os.getxattr(path, name, follow_symlinks=False)
    # Without -o and -g rsync keeps whatever was in memory as owner and group.
    return re.sub(rb"\d{6,}(?=:|$)", b"?", value) if name == "user.rsync.%stat" else value


def _time(time_ns, since_ns):
    return "new" if time_ns >= since_ns else time_ns


def kinds_that_can_be_made(place):
    """What this user can make on this filesystem, of devices, attributes and lists."""
    able = {"socket", "fifo"}
    path = os.path.join(place, "able")
    trials = {
        "device": lambda: os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 3)),
        "xattr": lambda: (open(path, "xb").close(), os.setxattr(path, "user.a", b"1")),
        "acl": lambda: (open(path, "xb").close(), os.setxattr(path, _ACCESS, acl(
            (1, 6, 0xffffffff), (2, 4, 7), (4, 4, 0xffffffff), (16, 6, 0xffffffff), (32, 4, 0xffffffff)))),
    }
    for kind, trial in trials.items():
        try:
            trial()
            able.add(kind)
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.EACCES):
                raise
        if os.path.lexists(path):
            os.unlink(path)
    return able
