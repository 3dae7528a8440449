# SPDX-License-Identifier: Apache-2.0
"""Somebody else on the same filesystem who makes the journal commit all the time."""

import fcntl
import os
import threading

_PERIOD_S = 0.05
# linux/btrfs.h: commits, and does not write dirty data first, as fsync and syncfs would there.
_BTRFS_IOC_START_SYNC = 0x80089418


class Neighbour:
    """Commits from `with` to its end, or until the disk fails."""

    def __init__(self, mount_point, filesystem_name):
        self._file = mount_point / "neighbour"
        self._is_btrfs = filesystem_name == "btrfs"
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._commit)

    def __enter__(self):
        self._thread.start()

    def __exit__(self, *_):
        self._ends.set()
        self._thread.join()

    def _commit(self):
        try:
            file = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            return
        try:
            while not self._ends.wait(_PERIOD_S):
                os.pwrite(file, os.urandom(16), 0)
                if self._is_btrfs:
                    fcntl.ioctl(file, _BTRFS_IOC_START_SYNC, bytes(8))
                else:
                    os.fsync(file)
        except OSError:
            pass
        finally:
            os.close(file)
