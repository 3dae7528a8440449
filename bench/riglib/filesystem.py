# SPDX-License-Identifier: Apache-2.0
"""Making and mounting filesystems on a rig's device."""

from .system import run


def make(device, filesystem, discards):
    """A new filesystem, with nothing left for the background (ext4 would zero its tables later).

    Where the disk knows no TRIM, none is sent: it would give back the memory touched beforehand.
    """
    if filesystem == "xfs":
        run("mkfs.xfs", "-q", "-f", *([] if discards else ["-K"]), device)
    elif filesystem == "ext4":
        extended = "lazy_itable_init=0,lazy_journal_init=0," + ("" if discards else "no") + "discard"
        run("mkfs.ext4", "-q", "-F", "-b", "4096", "-E", extended, device)
    else:
        run("mkfs.btrfs", "-q", "-f", *([] if discards else ["-K"]), device)


def mount(device, filesystem, point):
    """btrfs would discard by itself while it is measured; the others do not unless asked."""
    options = "nodiscard" if filesystem == "btrfs" else "defaults"
    run("mount", "-t", filesystem, "-o", options, device, point)


def unmount(point):
    run("umount", point)
