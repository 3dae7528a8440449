# SPDX-License-Identifier: Apache-2.0
"""Disks by the machine's clock: true on a quiet machine, and on no other."""

import os
import random
from unittest import mock

from comparelib.groups import Group
from comparelib.progress import Progress
from comparelib.session import Session
from tests.rigs import MIB, Direct, RigTest, seconds


class Rate(RigTest):
    """One sequential stream runs at the disk's rate, to 5%."""

    rate_mb_s, stream_mib = 100, 192

    def check(self, stream):
        """Something short may come between: three attempts."""
        for _ in range(3):
            ratio = seconds(stream) / (self.stream_mib * MIB / (self.rate_mb_s * 1e6))
            print(f"{ratio:.3f} of the time that the rate says", flush=True)
            if abs(ratio - 1) <= 0.05:
                return
        self.fail(f"a stream took {ratio:.3f} of the time that the rate says")

    def test_reading_and_writing_one_stream(self):
        rig, block = self.raw(rate_mb_s=self.rate_mb_s), os.urandom(MIB)
        with Direct(rig.device) as device:
            places = [at * MIB for at in range(self.stream_mib)]
            self.check(lambda: [device.write(place, block) for place in places])
            self.check(lambda: [device.read(place, MIB) for place in places])

    def test_a_flash_disk_with_a_rate_keeps_to_it_and_does_not_seek(self):
        rig, block = self.raw(disk="nvme", rate_mb_s=self.rate_mb_s), os.urandom(MIB)
        places = [at * MIB for at in range(self.stream_mib)]
        random.Random(1).shuffle(places)
        with Direct(rig.device) as device:
            self.check(lambda: [device.write(place, block) for place in places])


class Overlap(RigTest):
    """Advice makes both disks work at the same time, and cp takes turns."""

    def test_both_disks_are_busy_at_once_with_advice_only(self):
        group = Group("large", 0.06, ("cp", "pipeline"), 1, disks="hdd:smr", filesystem="xfs", rate_mb_s=150,
                      seek_ms=0.1)
        progress = Progress()
        with mock.patch.object(progress, "_line"):
            runs = {run["tool"]: run for run in Session(group, progress).run()["runs"]}
        self.assertEqual([run["error"] for run in runs.values()], [None, None])
        self.assertLess(runs["cp"]["both_busy_share"], 0.3)
        self.assertGreater(runs["pipeline"]["both_busy_share"], 0.5)
