# SPDX-License-Identifier: Apache-2.0
"""The C disk model as a Python object, for its tests."""

import ctypes

from riglib.build import model_library

U64, F64, INT = ctypes.c_uint64, ctypes.c_double, ctypes.c_int


class Settings(ctypes.Structure):
    """struct disk_settings."""

    _fields_ = [("rate_mb_s", F64), ("seek_ms", F64), ("flush_ms", F64),
                ("smr_band_mb", U64), ("smr_cache_mb", U64), ("untimed", INT)]


class Counters(ctypes.Structure):
    """struct disk_counters."""

    _fields_ = [(name, U64) for name in (
        "reads", "writes", "flushes", "discards", "read_bytes", "write_bytes", "read_seeks",
        "write_seeks", "smr_streamed_bytes", "smr_cached_bytes", "smr_band_rewrites")
    ] + [("busy_s", F64)]


class Pacer(ctypes.Structure):
    """struct pacer."""

    _fields_ = [("busy_until_s", F64)]


class FaultRange(ctypes.Structure):
    """struct fault_range."""

    _fields_ = [("kind", INT), ("start", U64), ("end", U64)]


class Faults(ctypes.Structure):
    """struct faults."""

    _fields_ = [("ranges", FaultRange * 256), ("range_count", INT), ("flush_fails", INT),
                ("cut", INT), ("cut_seed", U64), ("cut_keep_percent", INT), ("cut_after_bytes", U64)]


class Undo(ctypes.Structure):
    """struct undo."""

    _fields_ = [("image", INT), ("blocks", U64), ("before", ctypes.c_void_p),
                ("written", ctypes.c_void_p), ("written_count", U64)]


class UndoLoss(ctypes.Structure):
    """struct undo_loss."""

    _fields_ = [("lost_blocks", U64), ("kept_blocks", U64)]


def load():
    """The library, with the types of what it returns and takes."""
    library = ctypes.CDLL(str(model_library()))
    library.disk_model_open.restype = ctypes.c_void_p
    library.disk_model_open.argtypes = [U64]
    library.disk_model_close.argtypes = [ctypes.c_void_p]
    library.disk_model_configure.argtypes = [ctypes.c_void_p, ctypes.POINTER(Settings)]
    for name in ("read", "write", "discard"):
        function = getattr(library, f"disk_model_{name}")
        function.restype, function.argtypes = F64, [ctypes.c_void_p, U64, U64]
    library.disk_model_flush.restype = F64
    library.disk_model_flush.argtypes = [ctypes.c_void_p]
    library.disk_model_counters.restype = ctypes.POINTER(Counters)
    library.disk_model_counters.argtypes = [ctypes.c_void_p]
    library.pacer_finish_s.restype = F64
    library.pacer_finish_s.argtypes = [ctypes.POINTER(Pacer), F64, F64]
    library.faults_hit.argtypes = [ctypes.POINTER(Faults), INT, U64, U64]
    library.undo_open.argtypes = [ctypes.POINTER(Undo), INT, U64]
    library.undo_remember.argtypes = [ctypes.POINTER(Undo), U64, U64]
    library.undo_cut.argtypes = [ctypes.POINTER(Undo), U64, INT, ctypes.POINTER(UndoLoss)]
    return library


class Model:
    """One simulated disk without I/O and without a clock."""

    def __init__(self, library, disk_bytes, **settings):
        self._library = library
        self._model = library.disk_model_open(disk_bytes)
        self.configure(**settings)

    def configure(self, **settings):
        if self._library.disk_model_configure(self._model, ctypes.byref(Settings(**settings))):
            raise MemoryError

    def read(self, offset, size):
        return self._library.disk_model_read(self._model, offset, size)

    def write(self, offset, size):
        return self._library.disk_model_write(self._model, offset, size)

    def discard(self, offset, size):
        return self._library.disk_model_discard(self._model, offset, size)

    def flush(self):
        return self._library.disk_model_flush(self._model)

    @property
    def counters(self):
        return self._library.disk_model_counters(self._model).contents

    def close(self):
        self._library.disk_model_close(self._model)
