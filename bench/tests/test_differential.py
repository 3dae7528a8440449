# SPDX-License-Identifier: Apache-2.0
"""rsync and fastsync do the same to the same trees with the same options."""

import os
import random
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

from comparelib.tools import fastsync_binary
from differlib import cases, command, options
from differlib.entries import kinds_that_can_be_made, make, remove, scan
from differlib.judge import Difference, lines
from differlib.listed import EXCUSES, Listed, keys

CASES = int(os.environ.get("DIFFERENTIAL_CASES", 2000))
# The share of cases that nobody has seen which may differ while what they find is mended; to become 0.
_FRESH_MAX = 0.01
_PLACE = "/dev/shm"


def _report(line):
    print(line, file=sys.stderr, flush=True)


def _settings(tool):
    return command.settings_for(tool, _PLACE, _report)


class GeneratedTests(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.mkdtemp(prefix="fastsync-differential.", dir=_PLACE)
        self.addCleanup(remove, self.place)

    def test_a_seed_makes_the_same_case(self):
        for seed in range(50):
            self.assertEqual(cases.generate(seed, {"xattr"}, set()), cases.generate(seed, {"xattr"}, set()))

    def test_a_tree_is_made_as_it_is_described(self):
        """Two times the same, with each name there and of its kind."""
        able = kinds_that_can_be_made(self.place)
        for seed in range(30):
            tree = cases.generate(seed, able, set()).tree
            found = []
            for side in ("one", "two"):
                root = os.path.join(self.place, side)
                os.mkdir(root)
                make(tree, os.fsencode(root))
                found.append(scan(root, 10**19))
                remove(root)
            self.assertEqual(found[0].keys(), tree.keys(), f"seed {seed}")
            for name, facts in found[0].items():
                self.assertIn(tree[name].kind, facts["kind"], f"seed {seed}: {name}")
                other = {**found[1][name], "atime": facts.get("atime")}
                self.assertEqual({"atime": None, **facts}, {"atime": None, **other}, f"seed {seed}: {name}")

    def test_options_are_bundled_as_they_were_given(self):
        given = [("-a",), ("-i",), ("--exclude", "*.o"), ("-n",), ("-f", "- a")]
        self.assertEqual(options.typed(given, True), ["-ai", "--exclude", "*.o", "-n", "-f", "- a"])
        self.assertEqual(options.typed(given, False), ["-a", "-i", "--exclude", "*.o", "-n", "-f", "- a"])

    def test_what_depends_on_the_way_of_the_data_is_not_compared(self):
        said = (b"sending incremental file list\n>f+++++++++ a\n\nsent 88 bytes  received 35 bytes  246.00 bytes/sec\n"
                b"total size is 1  speedup is 0.01\n")
        self.assertEqual(lines(said), [b">f+++++++++ a", b"sending incremental file list", b"total size is 1"])

    def test_only_what_the_page_lists_is_excused(self):
        self.assertLessEqual(set(EXCUSES), keys(), "differences that docs/rsync-differences.md does not have")
        difference = Difference("exit", b"", "0", "23")
        self.assertEqual(Listed(set()).left(None, [difference]), [difference])


class DifferentialTests(unittest.TestCase):
    def setUp(self):
        if not shutil.which("rsync"):
            self.skipTest("needs rsync")

    def test_rsync_is_like_itself(self):
        """No case depends on the time, on the order of processes, or on what ran before."""
        total = command.run(_settings(shutil.which("rsync")), 1, 150, 2, 5, _report)
        self.assertEqual([failure.seed for failure in total.failures], [])

    def test_what_is_forgotten_is_found_out(self):
        for careless in ("--no-times", "--no-perms", "--no-links", "--ignore-existing", "--quiet"):
            settings = _settings(self._careless(careless))
            settings.shrinks = False
            total = command.run(settings, 1, 40, 2, 1, lambda line: None)
            self.assertTrue(total.failures, f"{careless} was not found out")

    def test_a_case_is_made_small(self):
        total = command.run(_settings(self._careless("--no-times")), 1, 100, 2, 1, lambda line: None)
        smallest = total.failures[0].case
        self.assertLess(len(smallest.tree), 10)
        self.assertLess(len(smallest.options), 4)

    def _careless(self, option):
        """An rsync that always has one option more."""
        place = tempfile.mkdtemp(prefix="fastsync-differential.", dir=_PLACE)
        self.addCleanup(remove, place)
        tool = Path(place, "careless")
        tool.write_text(f'#!/bin/sh\nexec rsync "$@" {option}\n')
        tool.chmod(0o755)
        return tool

    def test_fastsync_does_what_rsync_does(self):
        tool = fastsync_binary()
        if not tool:
            self.skipTest("there is no fastsync (swift build -c release, or set FASTSYNC)")
        settings = _settings(tool)
        settings.plain = True
        # The same cases everywhere, and as many that nobody has seen: of those some still differ (see _FRESH_MAX).
        for seed, differing_max in ((1, 0), (random.SystemRandom().randrange(10**9), CASES // 2 * _FRESH_MAX)):
            _report(f"{CASES // 2} cases from seed {seed}")
            total = command.run(settings, seed, CASES // 2, os.cpu_count() or 1, CASES, _report)
            _report(command.summary(total))
            differing = [failure.seed for failure in total.failures]
            self.assertLessEqual(len(differing), differing_max, f"{differing}, from seed {seed}")
