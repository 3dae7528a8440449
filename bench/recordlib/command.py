# SPDX-License-Identifier: Apache-2.0
"""The command `record`."""

import argparse
import os
import random
import subprocess
import tempfile
from pathlib import Path

_DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
_SIDES = ("old", "new")
_LINES = (
    "# What would it do?",
    "fastsync -n /mnt/old/ /mnt/new/",
    "fastsync /mnt/old/ /mnt/new/",
    "# And once more: what is there already is left alone.",
    "fastsync -v --delete /mnt/old/ /mnt/new/",
)


def _parser():
    parser = argparse.ArgumentParser(
        prog="record", description="Records a copy between two simulated disks that seek, in a terminal, as "
        "docs/session.cast and docs/session.png. Needs root; the picture needs pyte and Pillow.")
    parser.add_argument("--image", action="store_true", help="only draw the picture of the cast that is there")
    return parser


def _make(root):
    """Some large files, and many small ones."""
    chance = random.Random(20261128)
    for folder, count, size in (("films", 5, 140_000_000), ("letters", 1_500, 9_000)):
        (root / folder).mkdir()
        for number in range(1, count + 1):
            (root / folder / f"{folder[:-1]}-{number:04}").write_bytes(chance.randbytes(size))
    (root / "latest").symlink_to("letters/letter-1500")


def _record():
    from comparelib.tools import fastsync_binary
    from riglib.rig import Rig
    from riglib.spec import DiskSpec

    from .session import Session

    rigs = [Rig(f"record-{os.getpid()}-{side}") for side in _SIDES]
    try:
        # Disks of which the slower one is to be told.
        for rig, rate in zip(rigs, (150, 110)):
            rig.up(DiskSpec(disk="hdd", filesystem="xfs", size_bytes=1 << 30, rate_mb_s=rate))
        with rigs[0].untimed():
            _make(Path(rigs[0].mount_point))
        rigs[0].remount()
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/mnt"], check=True)
        for rig, side in zip(rigs, _SIDES):
            os.mkdir(f"/mnt/{side}")
            subprocess.run(["mount", "--bind", rig.mount_point, f"/mnt/{side}"], check=True)
        with tempfile.TemporaryDirectory() as folder:
            os.symlink(fastsync_binary(), f"{folder}/fastsync")
            recorded = Session(folder)
            for line in _LINES:
                recorded.run(line)
            recorded.end()
        recorded.write(_DOCS / "session.cast", "fastsync: from one hard disk to another (simulated)")
    finally:
        subprocess.run(["umount", "-R", "/mnt"], check=False)
        for rig in rigs:
            rig.down()


def main(arguments):
    asked = _parser().parse_args(arguments)
    if not asked.image:
        _record()
    from .image import draw

    draw(_DOCS / "session.cast", _DOCS / "session.png")
    return 0
