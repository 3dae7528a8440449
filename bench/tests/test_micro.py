# SPDX-License-Identifier: Apache-2.0
"""The counts of bench/micro."""

import importlib.machinery
import importlib.util
import os
import shutil
import subprocess
import unittest
from pathlib import Path

BENCH = Path(__file__).resolve().parent.parent
COUNT = BENCH / "micro" / "count"


def load():
    loader = importlib.machinery.SourceFileLoader("count", str(COUNT))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("count", loader))
    loader.exec_module(module)
    return module


class CountTests(unittest.TestCase):
    def test_callgrinds_file_is_taken_apart(self):
        text = """fn=(1) main
16 400
cfn=(2) malloc
calls=7 0
16 90
cfn=(3) helper
calls=100 0
16 5
fn=(3)
cfn=(2)
calls=5 0
16 60
cfn=(4) calloc'2
calls=1 0
16 9
totals: 12345
"""
        self.assertEqual(load().parse(text), (12345, 13))

    def test_growth_is_complained_of(self):
        count = load()
        before = {"sync": {"block": {"instructions": 1000, "allocations": 0.0}}}
        for instructions, allocations, complaints in ((1100, 0.4, 0), (1200, 0.0, 1), (1000, 1.0, 1),
                                                      (2000, 2.0, 2)):
            now = {"sync": {"block": {"instructions": instructions, "allocations": allocations}}}
            self.assertEqual(len(list(count.complaints(now, before))), complaints)

    def test_the_loop_costs_what_it_did(self):
        count = load()
        for needed in ("valgrind", str(count.binary())):
            if not shutil.which(needed):
                self.skipTest(f"{needed} is not there")
        done = subprocess.run([str(COUNT), "--check"], capture_output=True, text=True, check=False,
                              env=os.environ)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
