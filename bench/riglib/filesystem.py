# SPDX-License-Identifier: Apache-2.0
"""Making and mounting filesystems on a rig's devices."""

from .system import run


def make(devices, spec):
    """A new filesystem, with nothing left for the background (ext4 would zero its tables later).

    Where the disk knows no TRIM, none is sent: it would give back the memory touched beforehand.
    Over several devices btrfs has data by the profile that is asked for, and metadata twice.
    """
    keep = [] if spec.discards else ["-K"]
    if spec.filesystem == "xfs":
        run("mkfs.xfs", "-q", "-f", *keep, "-m", f"reflink={int(spec.reflink)}", *devices)
    elif spec.filesystem == "ext4":
        extended = "lazy_itable_init=0,lazy_journal_init=0," + ("" if spec.discards else "no") + "discard"
        run("mkfs.ext4", "-q", "-F", "-b", "4096", "-E", extended, *devices)
    else:
        profiles = ["-d", spec.raid, "-m", "raid1"] if spec.raid else []
        run("mkfs.btrfs", "-q", "-f", *keep, *profiles, *devices)


def mount(devices, filesystem, point):
    """btrfs would discard by itself while it is measured; the others do not unless asked."""
    options = ["nodiscard" if filesystem == "btrfs" else "defaults"]
    options += [f"device={device}" for device in devices[1:]]
    run("mount", "-t", filesystem, "-o", ",".join(options), devices[0], point)


def unmount(point):
    run("umount", point)
