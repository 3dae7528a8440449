# SPDX-License-Identifier: Apache-2.0
"""A user who may write below source and target gets root to touch nothing outside."""

import os
import random
import unittest

from comparelib.tools import fastsync_binary
from powerlib import attack


class AttackTests(unittest.TestCase):
    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("needs root")

    def test_nothing_outside_is_read_or_changed(self):
        if not fastsync_binary():
            self.skipTest("there is no fastsync (swift build -c release, or set FASTSYNC)")
        seed = random.randrange(1 << 32)
        self.assertEqual(attack.run(fastsync_binary(), 25, 0, seed, report=lambda line: None), [],
                         f"seed {seed}")

    def test_a_copier_that_follows_links_is_found_out(self):
        wrong = []
        for seed in range(8):
            wrong = wrong or attack.run(os.path.dirname(os.path.abspath(__file__)) + "/careless",
                                        25, 0, seed, report=lambda line: None)
        self.assertTrue(wrong, "cp that follows every link read nothing outside")
