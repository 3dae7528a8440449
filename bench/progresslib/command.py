# SPDX-License-Identifier: Apache-2.0
"""The command `progress`."""

import argparse
import contextlib
import os
import sys
from pathlib import Path

from comparelib.tools import fastsync_binary
from riglib.errors import RigError
from riglib.rig import Rig
from riglib.spec import DiskSpec

from .recording import record, write
from .works import RUNS

_GIB = 1 << 30
_NOBODY = 65534


def _parser():
    parser = argparse.ArgumentParser(
        prog="progress", description="Records how copies between simulated disks go on, as the "
        "run itself tells it. Needs root.")
    parser.add_argument("directory", type=Path, help="where NAME.csv is written for each run")
    parser.add_argument("--only", metavar="NAMES", help="some runs: "
                        + ",".join(run.name for run in RUNS))
    return parser


def _record(run, directory):
    """Makes the disks of a run, has it copied and writes what it said."""
    rigs = [Rig(f"progress-{os.getpid()}-{side}") for side in ("source", "target")]
    try:
        for rig, spec in zip(rigs, (run.source, run.target)):
            rig.up(DiskSpec(size_bytes=run.gib * _GIB, **spec))
        source, target = (Path(rig.mount_point) for rig in rigs)
        with rigs[0].untimed() if rigs[0].spec.is_served else contextlib.nullcontext():
            run.make(source / "tree")
        rigs[0].remount()
        (target / "copy").mkdir()
        options = {}
        if run.as_user:
            os.chown(target / "copy", _NOBODY, _NOBODY)
            options = {"user": _NOBODY, "group": _NOBODY, "extra_groups": []}
        command = [str(fastsync_binary()), "-rlt", "--no-h", f"{source}/tree/", f"{target}/copy/"]
        rows, status = record(command, **options)
    finally:
        for rig in rigs:
            rig.down()
    disks = " to ".join(spec["disk"] for spec in (run.source, run.target))
    write(directory / f"{run.name}.csv", rows,
          f"{run.make.__doc__.rstrip('.')}, {disks}: exit {status}")
    print(f"{run.name}: {len(rows)} rows, {rows[-1][0] if rows else 0} s, exit {status}")


def main(arguments):
    asked = _parser().parse_args(arguments)
    names = asked.only.split(",") if asked.only else [run.name for run in RUNS]
    if not fastsync_binary():
        print("progress: there is no fastsync (make build, or set FASTSYNC)", file=sys.stderr)
        return 1
    asked.directory.mkdir(parents=True, exist_ok=True)
    try:
        for run in RUNS:
            if run.name in names:
                _record(run, asked.directory)
    except (RigError, OSError) as error:
        print(f"progress: {error}", file=sys.stderr)
        return 1
    return 0
