# SPDX-License-Identifier: Apache-2.0
"""Recordings of how copies go on."""

import tempfile
import unittest
from pathlib import Path

from comparelib.tools import fastsync_binary
from progresslib import recording

KNOWN = ("fastsync: 20%, 41943040 of 209715200 bytes, 3 of 10 files, 17413691.34 bytes/s now, "
         "11470698.03 bytes/s on average, 0:00:04 passed, 0:00:11 left, 1 error, at a, 7 of 8 files")


class RecordingTests(unittest.TestCase):
    def test_a_line_is_taken_apart(self):
        self.assertEqual(recording.parse(KNOWN), (3, 41943040, 10, 209715200, 1, 1))
        unknown = KNOWN.replace("200 bytes", "200 or more bytes").replace("10 files", "10 or more files")
        self.assertEqual(recording.parse(unknown), (3, 41943040, 10, 209715200, 0, 1))

    def test_other_lines_are_none(self):
        self.assertIsNone(recording.parse("fastsync: a: cannot read: Permission denied"))
        self.assertIsNone(recording.parse(""))

    def test_a_run_is_recorded_to_its_end(self):
        if not fastsync_binary():
            self.skipTest("there is no fastsync (make build, or set FASTSYNC)")
        with tempfile.TemporaryDirectory() as scratch:
            source = Path(scratch, "source")
            source.write_bytes(bytes(2 << 20))
            command = [str(fastsync_binary()), "--no-h", "--bwlimit=1M", str(source), f"{scratch}/copy"]
            rows, status = recording.record(command)
            recording.write(Path(scratch, "rows.csv"), rows, "a test")
            lines = Path(scratch, "rows.csv").read_text(encoding="utf-8").splitlines()
        self.assertEqual(status, 0)
        self.assertEqual(rows[-1][1:], (1, 2 << 20, 1, 2 << 20, 1, 0))
        self.assertEqual(lines[:2], ["# a test", ",".join(recording.COLUMNS)])
        self.assertEqual(len(lines), len(rows) + 2)
