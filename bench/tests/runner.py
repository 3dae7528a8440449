# SPDX-License-Identifier: Apache-2.0
"""Runs the tests of one folder, or those that are named."""

import unittest
import warnings
from pathlib import Path

BENCH = Path(__file__).resolve().parent.parent


def main(folder, names):
    """Runs tests of a folder of bench/."""
    return run_tests(BENCH / folder, BENCH, names)


def run_tests(folder, top, names):
    """Runs the tests in a folder, whose modules are found from the top."""
    loader = unittest.TestLoader()
    suite = (loader.loadTestsFromNames(names) if names
             else loader.discover(str(folder), top_level_dir=str(top)))
    # A rig's processes are meant to outlive the object that started them.
    warnings.filterwarnings("ignore", category=ResourceWarning, module="subprocess")
    result = unittest.TextTestRunner(verbosity=2, warnings=None).run(suite)
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    skipped = len(result.skipped)
    print(f"{result.testsRun - failed - skipped} passed, {failed} failed, {skipped} skipped")
    return 0 if failed == 0 else 1
