# SPDX-License-Identifier: Apache-2.0
"""The command `powercut`."""

import argparse
import contextlib
import os
import random
import shlex
import signal
import sys
from pathlib import Path

from comparelib.tools import fastsync_binary
from riglib.errors import RigError
from riglib.rig import Rig
from riglib.spec import DISKS, FILESYSTEMS, MIB, DiskSpec

from . import report
from .disks import BrokenDisk
from .entries import scan
from .judge import Judge
from .trees import Trees
from .trials import MODES, Trials

# xfs takes no less than 300 MiB; the rest is room for two trees.
_SIZE_BYTES = 384 * MIB


def _parser():
    parser = argparse.ArgumentParser(
        prog="powercut", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Breaks runs in the middle, and looks whether every name at the target is old or "
                    "new, and whether a second run repairs the rest. Needs root.",
        epilog="modes:\n" + "\n".join(f"  {name:6} {what}" for name, what in MODES.items()))
    parser.add_argument("--mode", choices=MODES, default="cut", help="what happens to the run (cut)")
    parser.add_argument("--fs", default="all", help=f"of {','.join(FILESYSTEMS)}, or all (all)")
    parser.add_argument("--cuts", type=int, default=20, help="trials on each filesystem (20)")
    parser.add_argument("--sharp", action="store_true",
                        help="a neighbour makes the journal commit every 50 ms")
    parser.add_argument("--times", type=int, default=1, metavar="N",
                        help="so many runs of a trial are broken one after the other (1)")
    parser.add_argument("--seed", type=int, help="of the trees and of all that happens (random, printed)")
    parser.add_argument("--only", type=int, metavar="NUMBER", help="one trial of those of the seed")
    parser.add_argument("--after", type=int, metavar="BYTES", help="at this point instead of a random one")
    parser.add_argument("--disk", choices=DISKS, default="nvme", help="kind of the target (nvme)")
    parser.add_argument("--same", action="store_true",
                        help="source and target within one filesystem, where they can share blocks")
    parser.add_argument("--rate", type=float, metavar="MB/s", help="its bandwidth (the kind's own)")
    parser.add_argument("--scale", type=float, default=1.0, help="of the tree's 1,190 names (1)")
    parser.add_argument("--tool", type=Path, help="the fastsync to try (this checkout's, or $FASTSYNC)")
    parser.add_argument("--durability", choices=("none", "run", "file"), help="the tool's option")
    parser.add_argument("--label", help="add the outcome to bench/results/.../LABEL.md and .json")
    parser.add_argument("--results", type=Path, metavar="DIR", help="instead of bench/results/...")
    parser.add_argument("options", nargs="*", metavar="OPTION",
                        help="further options of the tool, after --")
    return parser


def _command(asked):
    tool = asked.tool or fastsync_binary()
    if not tool or not os.access(tool, os.X_OK):
        raise RigError("there is no fastsync to try (make build, or --tool)")
    durability = [f"--durability={asked.durability}"] if asked.durability else []
    return [str(Path(tool).resolve()), *durability, *asked.options]


def _filesystems(text):
    names = FILESYSTEMS if text == "all" else text.split(",")
    for name in names:
        if name not in FILESYSTEMS:
            raise RigError(f"there is no filesystem '{name}' here: {', '.join(FILESYSTEMS)}")
    return names


@contextlib.contextmanager
def _source(asked, name, filesystem, disk):
    """Where the source is: on a disk of its own, or on the target's."""
    if asked.same:
        yield disk.mount_point / "source"
        return
    rig = Rig(f"{name}-source")
    rig.up(DiskSpec(disk="nvme", filesystem=filesystem, size_bytes=_SIZE_BYTES))
    try:
        yield rig.mount_point / "source"
    finally:
        rig.down()


def _group(asked, filesystem):
    """The trials on one filesystem, each told as soon as it is done."""
    options = argparse.Namespace(**{**vars(asked), "fs": filesystem, "size_bytes": _SIZE_BYTES})
    name, trials = f"powercut-{os.getpid()}", []
    with (BrokenDisk(f"{name}-target", filesystem, _SIZE_BYTES, asked.disk, asked.rate) as disk,
          _source(asked, name, filesystem, disk) as source):
        target = disk.mount_point / "target"
        for place in (source, target):
            place.mkdir()
        Trees(source, target, asked.seed, asked.scale).make()
        judge = Judge(source, scan(target))
        disk.keep()
        work = Trials(disk, source, judge, _command(asked), options)
        if code := work.measure():
            raise RigError(f"a run that nothing happens to ends with {code}")
        for number in range(asked.cuts) if asked.only is None else [asked.only]:
            trials.append(work.trial(number))
            print(report.line(trials[-1]), flush=True)
    return trials


def _interrupted(_signal, _frame):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _run(asked, arguments):
    if asked.seed is None:
        asked.seed = random.SystemRandom().randrange(10**6)
    good = True
    for filesystem in _filesystems(asked.fs):
        print(f"{filesystem}, {report.title(asked)}: seed {asked.seed}", flush=True)
        trials = _group(asked, filesystem)
        group = report.group(asked, filesystem, trials, shlex.join(arguments))
        print(report.table([group]), flush=True)
        if asked.label:
            print(f"written: {report.add(group, asked)}", flush=True)
        good = good and all(trial.is_good for trial in trials)
    return 0 if good else 1


def main(arguments):
    asked = _parser().parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupted)
    try:
        return _run(asked, arguments)
    except (RigError, OSError) as error:
        print(f"powercut: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("powercut: interrupted; its disks have been removed", file=sys.stderr)
        return 130
