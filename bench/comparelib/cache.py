# SPDX-License-Identifier: Apache-2.0
"""How much of a file is in the page cache: cachestat(2) from Linux 6.5 on, mincore(2) before."""

import ctypes
import mmap
import os
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.mmap.restype = ctypes.c_void_p
_LIBC.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int,
                       ctypes.c_long]
_LIBC.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
_LIBC.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p]
_PAGE_BYTES = mmap.PAGESIZE
_SYS_CACHESTAT = 451  # the same on every architecture


class _Range(ctypes.Structure):
    _fields_ = [("offset", ctypes.c_uint64), ("bytes", ctypes.c_uint64)]


class _Cachestat(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in
                ("cache", "dirty", "writeback", "evicted", "recently_evicted")]


def by_cachestat(fd):
    """Cached bytes, or None where the kernel has no cachestat."""
    whole, found = _Range(0, 0), _Cachestat()
    if _LIBC.syscall(_SYS_CACHESTAT, fd, ctypes.byref(whole), ctypes.byref(found), 0):
        return None
    return found.cache * _PAGE_BYTES


def by_mincore(fd):
    """Cached bytes, seen through a mapping that is never touched."""
    size = os.fstat(fd).st_size
    if not size:
        return 0
    address = _LIBC.mmap(None, size, mmap.PROT_READ, mmap.MAP_SHARED, fd, 0)
    if address == ctypes.c_void_p(-1).value:
        return 0
    try:
        pages = ctypes.create_string_buffer((size + _PAGE_BYTES - 1) // _PAGE_BYTES)
        _LIBC.mincore(address, size, pages)
        return sum(page & 1 for page in pages.raw) * _PAGE_BYTES
    finally:
        _LIBC.munmap(address, size)


def cached_bytes(path):
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NOATIME)
    try:
        cached = by_cachestat(fd)
        return by_mincore(fd) if cached is None else cached
    finally:
        os.close(fd)


def tree_cached_bytes(directory):
    """Cached bytes of all regular files below a directory."""
    total = 0
    for folder, _, files in os.walk(directory):
        for name in files:
            path = Path(folder, name)
            if path.is_file() and not path.is_symlink():
                total += cached_bytes(path)
    return total


def drop(path):
    """Takes a file out of the cache; it must be clean."""
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.fdatasync(fd)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(fd)
