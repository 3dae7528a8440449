# SPDX-License-Identifier: Apache-2.0
"""The counts of bench/micro."""

import importlib.machinery
import importlib.util
import os
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

BENCH = Path(__file__).resolve().parent.parent
COUNT = BENCH / "micro" / "count"
CALLS = BENCH / "micro" / "calls"


def load(path=COUNT):
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    loader = importlib.machinery.SourceFileLoader(path.name, str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(path.name, loader))
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


class CallsTests(unittest.TestCase):
    def test_growth_is_complained_of(self):
        calls = load(CALLS)
        before = {"new link": {"statx": 1.0, "symlinkat": 1.0}}
        for now, complaints in (({"statx": 2.0}, 0), ({"statx": 2.0, "symlinkat": 1.0}, 1), ({}, 0)):
            self.assertEqual(len(list(calls.complaints({"new link": now}, before))), complaints)

    def test_calls_are_those_of_the_kernel(self):
        text = "12 statx(3, \"a\" <unfinished ...>\n13 close(3) = 0\n12 <... statx resumed>) = 0\n" \
               "12 syscall_0x1d1(0x3) = 0\n12 +++ exited with 0 +++\n"
        self.assertEqual(load(CALLS).parse(text), {"statx": 1, "close": 1, "listxattrat": 1})

    def test_each_kind_costs_what_it_did(self):
        for needed in ("strace", str(load(CALLS).binary())):
            if not shutil.which(needed):
                self.skipTest(f"{needed} is not there")
        if os.geteuid() != 0:
            self.skipTest("root gives files to others")
        done = subprocess.run([str(CALLS), "--check"], capture_output=True, text=True, check=False,
                              env=os.environ)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
