# SPDX-License-Identifier: Apache-2.0
"""rsync and fastsync copy the same names by the same filter rules."""

import os
import random
import shutil
import unittest

from comparelib.tools import fastsync_binary
from filterlib import command, generate


class FilterTests(unittest.TestCase):
    def setUp(self):
        if not shutil.which("rsync"):
            self.skipTest("needs rsync")

    def test_a_seed_makes_the_same_case(self):
        for seed in range(50):
            made = [generate.tree(random.Random(seed)) for _ in range(2)]
            self.assertEqual(made[0], made[1])
            self.assertEqual(generate.case(random.Random(seed), made[0]), generate.case(random.Random(seed), made[1]))

    def test_rsync_is_like_itself(self):
        self.assertEqual(command.run(shutil.which("rsync"), 0, 60, print), [])

    def test_fastsync_copies_what_rsync_copies(self):
        if not fastsync_binary():
            self.skipTest("there is no fastsync (swift build -c release, or set FASTSYNC)")
        seed = random.randrange(10**6) * command.SETS_PER_TREE
        cases = int(os.environ.get("FILTER_CASES", 300))
        self.assertEqual(command.run(fastsync_binary(), seed, cases, print), [], f"bench/filters --seed {seed} --cases {cases}")
