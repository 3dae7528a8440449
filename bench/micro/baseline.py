# SPDX-License-Identifier: Apache-2.0
"""What the counts of bench/micro have in common: the binary, and the baseline that they are held against."""

import argparse
import json
import os
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def binary():
    """$FASTSYNC, or the release build of this checkout."""
    path = Path(os.environ.get("FASTSYNC") or HERE.parent.parent / ".build/release/fastsync")
    return path.resolve()


def main(name, program, what, measure, complaints):
    """Counts by `measure()`, and holds the counts against the baseline if that is asked for.

    `program` does the counting; `what` is (the name of the baseline's file, the description).
    """
    file, description = HERE / what[0], what[1].partition("\n")[0]
    parser = argparse.ArgumentParser(prog=name, description=description)
    parser.add_argument("--check", action="store_true", help="fail where counts have grown")
    parser.add_argument("--update", action="store_true", help=f"write the counts to {file.name}")
    asked = parser.parse_args()
    for needed in (program, binary()):
        if not shutil.which(needed):
            print(f"bench/micro/{name}: skipped: {needed} is not there")
            return 0
    measured = measure()
    if asked.update:
        file.write_text(json.dumps(measured, indent=2) + "\n", encoding="utf-8")
    if asked.check:
        grown = list(complaints(measured, json.loads(file.read_text(encoding="utf-8"))))
        for complaint in grown:
            print(f"bench/micro/{name}: {complaint}", file=sys.stderr)
        return 1 if grown else 0
    return 0
