# SPDX-License-Identifier: Apache-2.0
"""Traces of a run: what they say of a slow disk, and their pictures."""

import csv
import importlib.util
import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from comparelib.tools import fastsync_binary

from .rigs import MIB, RigTest

_PLOT = Path(__file__).resolve().parent.parent / "plot"
_RESULTS = Path(__file__).resolve().parent.parent / "results"
_HAS_MATPLOTLIB = importlib.util.find_spec("matplotlib") is not None


def _plot(*words):
    return subprocess.run([_PLOT, *words], capture_output=True, text=True, check=False)


class PlotTests(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)

    @unittest.skipUnless(_HAS_MATPLOTLIB, "python3-matplotlib is not installed")
    def test_recorded_traces_are_drawn(self):
        traces = sorted(_RESULTS.glob("*/*/*cliff.csv"))
        self.assertTrue(traces)
        for trace in traces:
            picture = self.directory / f"{trace.stem}.png"
            done = _plot(trace, "-o", picture)
            self.assertEqual((done.returncode, done.stdout), (0, f"{picture}\n"), done.stderr)
            self.assertEqual(picture.read_bytes()[:8], b"\x89PNG\r\n\x1a\n")

    def test_what_is_no_trace(self):
        for text, reason in (("", "no trace"), ("a,b\n1,2\n", "no trace"), ("seconds,files\n", "without lines"),
                             ("seconds,files\n1\n", "more or fewer fields"),
                             ("seconds,files\n1,x\n", "could not convert")):
            path = self.directory / "bad.csv"
            path.write_text(text, encoding="utf-8")
            done = _plot(path)
            self.assertEqual(done.returncode, 1)
            self.assertIn(reason, done.stderr)
            self.assertEqual(len(done.stderr.splitlines()), 1)

    def test_recorded_cliff(self):
        """Throughput falls when the cache is full, and writes take as long as bands take."""
        for path in _RESULTS.glob("*/*/*cliff.csv"):
            with open(path, encoding="utf-8", newline="") as file:
                rows = list(csv.DictReader(file))
            rates = [float(row["write_bytes_per_second"]) for row in rows]
            longest = [float(row["write_max_us"]) for row in rows if row["write_max_us"]]
            self.assertGreater(max(rates), 80e6)
            self.assertLess(min(rates[3:-1]), max(rates) / 10)
            self.assertGreater(max(longest), 1e6)


class SlowDiskTests(RigTest):
    def test_latency_is_that_of_the_disk(self):
        """A disk takes its seeks' time for real: what was measured cannot be less."""
        if not fastsync_binary():
            self.skipTest("there is no fastsync (swift build -c release, or set FASTSYNC)")
        seek_ms = 400
        rig = self.rig(seek_ms=seek_ms, rate_mb_s=0)
        source = Path(rig.mount_point) / "source"
        source.mkdir()
        for number in range(4):
            with open(source / f"f{number}", "wb") as file:
                file.write(os.urandom(MIB))
                file.flush()
                os.fsync(file.fileno())
                # What is in the cache is read from there.
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        with tempfile.TemporaryDirectory() as directory:
            events = Path(directory) / "events"
            subprocess.run([fastsync_binary(), "-a", "--cache=direct", "--stats=latency", f"--json={events}",
                            f"{source}/", f"{directory}/copy"], check=True, capture_output=True)
            end = json.loads(events.read_text(encoding="utf-8").splitlines()[-1])
        reads = [each for each in end["latencies"] if (each["role"], each["operation"]) == ("source", "read")]
        self.assertEqual([(each["device"], each["bytes"]) for each in reads], [(rig.device.name, 4 * MIB)])
        # No seek is shorter than a quarter of the mean, and the first read seeks.
        self.assertGreaterEqual(reads[0]["max_us"], seek_ms * 1000 / 4)
