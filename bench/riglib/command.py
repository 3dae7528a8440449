# SPDX-License-Identifier: Apache-2.0
"""The command `rig`."""

import argparse
import signal
import sys

from .errors import RigError
from .rig import Rig, every
from .spec import DISKS, FILESYSTEMS, RAIDS, DiskSpec, parse_bytes
from .system import mounts_below


def _parser():
    parser = argparse.ArgumentParser(
        prog="rig", description="Simulated disks with a filesystem on them. Needs root.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="up|down|list|stat")
    up = verbs.add_parser("up", help="make a disk, or several, and mount a filesystem on it")
    up.add_argument("name")
    up.add_argument("--disk", choices=DISKS, required=True)
    up.add_argument("--fs", choices=FILESYSTEMS, required=True)
    up.add_argument("--size", required=True, help="of each disk, e.g. 4G; its bytes are kept in memory")
    up.add_argument("--devices", type=int, default=1, metavar="N", help="so many disks under one btrfs (1)")
    up.add_argument("--raid", choices=RAIDS, help="data profile of several disks (raid0)")
    up.add_argument("--rate", type=float, metavar="MB/s", help="bandwidth, 10^6 bytes a second")
    up.add_argument("--seek", type=float, metavar="MS", help="mean seek between two random places")
    up.add_argument("--flush", type=float, metavar="MS", help="cost of a flush")
    up.add_argument("--band", type=int, metavar="MIB", help="smr: size of a band")
    up.add_argument("--cache", type=int, metavar="MIB", help="smr: size of the persistent cache")
    up.add_argument("--no-reflink", action="store_true", help="xfs: files cannot share blocks")
    up.add_argument("--fault", metavar="FILE", help="faults to show; may change while the disk runs")
    for verb, what in (("down", "remove a disk, whole or half-made"), ("stat", "what it counted")):
        verbs.add_parser(verb, help=what).add_argument("name")
    verbs.add_parser("list", help="the disks there are")
    return parser


def _up(asked):
    rig = Rig(asked.name)
    rig.up(DiskSpec(
        disk=asked.disk, filesystem=asked.fs, size_bytes=parse_bytes(asked.size),
        rate_mb_s=asked.rate, seek_ms=asked.seek, flush_ms=asked.flush,
        band_mb=asked.band, cache_mb=asked.cache, fault_file=asked.fault,
        devices=asked.devices, raid=asked.raid, reflink=not asked.no_reflink))
    print(f"mount {rig.mount_point}")
    for device in rig.devices:
        print(f"device {device}")


def _describe(rig):
    """One line; a rig that is not whole is listed as such."""
    try:
        spec, devices = rig.spec, ",".join(str(device) for device in rig.devices)
        mounted = rig.mount_point if mounts_below(rig.mount_point) else "not mounted"
    except (RigError, KeyError):
        return f"{rig.name}  half-made"
    each = "" if spec.devices == 1 else " each"
    return (f"{rig.name}  {spec.title}  {spec.filesystem}  {spec.size_bytes >> 20} MiB{each}  "
            f"{devices}  {mounted}")


def _stat(rig):
    """What is known of the rig; of several disks each counter has as many figures, in their order."""
    print(_describe(rig))
    spec = rig.spec
    for key in ("rate_mb_s", "seek_ms", "flush_ms", "band_mb", "cache_mb"):
        print(f"{key} {getattr(spec, key):g}")
    members = rig.member_counters()
    for key in members[0] if members else ():
        print(key, *(member[key] for member in members))


def _interrupted(_signal, _frame):
    """Turns a signal into an exception, so that what was half-made is removed."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def main(arguments):
    asked = _parser().parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupted)
    try:
        if asked.verb == "up":
            _up(asked)
        elif asked.verb == "down":
            Rig(asked.name).down()
        elif asked.verb == "stat":
            _stat(Rig(asked.name))
        else:
            for rig in every():
                print(_describe(rig))
    except (RigError, OSError, KeyError) as error:
        what = "it is half-made" if isinstance(error, KeyError) else error
        print(f"rig: {what}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("rig: interrupted; what was made has been removed", file=sys.stderr)
        return 130
    return 0
