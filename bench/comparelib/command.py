# SPDX-License-Identifier: Apache-2.0
"""The command `compare`."""

import argparse
import datetime
import json
import os
import re
import shlex
import signal
import sys
import time
from pathlib import Path

from riglib.errors import RigError
from riglib.spec import DISKS, FILESYSTEMS, RAIDS, parse_bytes

from . import environment, results
from .groups import SETS, Group
from .places import parse_disks, rigs
from .progress import Progress
from .report import fill_page, summary
from .session import Session
from .tools import TOOLS, add_tool, why_not
from .works import WORKS

_DEFAULT_TOOLS = "fio,fastsync,rsync-preallocate,rsync,cp,pipeline"


def _parser():
    parser = argparse.ArgumentParser(
        prog="compare", description="Copies the same work with several tools, on the same disks, in turns.",
        epilog="Lists are separated by commas. Simulated disks need root.")
    parser.add_argument("--list", action="store_true", help="tools, works, disks and sets there are")
    parser.add_argument("--set", choices=SETS, help="what the results in this repository were made with")
    parser.add_argument("--work", default="large", help="works, or 'all' (large)")
    parser.add_argument("--tool", default=_DEFAULT_TOOLS, help=f"tools, or 'all' ({_DEFAULT_TOOLS})")
    parser.add_argument("--with", action="append", default=[], dest="given", metavar="NAME=COMMAND",
                        help="another copier, such as 'wcp=wcp {source}/ {target}/'; may be repeated")
    parser.add_argument("--disk", default="nvme",
                        help="simulated: KIND, SOURCE:TARGET, KIND:same for two directories of one disk, "
                             "or 4xKIND:4xKIND for several under one btrfs (nvme)")
    parser.add_argument("--raid", choices=RAIDS, help="data profile of several disks (raid0)")
    parser.add_argument("--fs", default="xfs", help="filesystems (xfs)")
    parser.add_argument("--rate", type=float, metavar="MB/s", help="of both simulated disks")
    parser.add_argument("--seek", type=float, metavar="MS", help="mean seek of both simulated disks")
    parser.add_argument("--source", metavar="DIR", help="on a real disk; the work is made below it")
    parser.add_argument("--target", metavar="DIR", help="on a real disk; the copy is made below it")
    parser.add_argument("--runs", type=int, help="rounds (3)")
    parser.add_argument("--scale", type=float, help="size of the work; with --set, times the set's own")
    parser.add_argument("--dirty-bytes", type=parse_bytes, metavar="SIZE",
                        help="vm.dirty_bytes while it runs; put back afterwards")
    parser.add_argument("--target-dirty-bytes", type=parse_bytes, metavar="SIZE",
                        help="the same for the target disk alone (xfs, ext4)")
    parser.add_argument("--memory", type=parse_bytes, metavar="SIZE",
                        help="limit the tools, together with the neighbour's file")
    parser.add_argument("--minutes", type=float, help="leave rounds out that would take longer than this")
    parser.add_argument("--label", help="name of the result's files (the set's, or 'compare')")
    parser.add_argument("--machine", help="name of the result's folder")
    parser.add_argument("--table", type=Path, metavar="JSON", help="only print the table of a result")
    parser.add_argument("--into", type=Path, metavar="PAGE",
                        help="with --table: put table and pictures between the page's markers")
    parser.add_argument("--results", type=Path, metavar="DIR", help="instead of bench/results/...")
    return parser


def _chosen(text, known, what):
    names = list(known) if text == "all" else [name for name in text.split(",") if name]
    for name in names:
        if name not in known:
            raise RigError(f"there is no {what} '{name}': {', '.join(known)}")
    return tuple(names)


def _simulated(asked):
    """(SOURCE:TARGET, profile of the ends that are several disks); None for what there is not."""
    if asked.source:
        return None, None
    disks = parse_disks(asked.disk)
    several = any(end[0].isdigit() for end in disks.split(":"))
    if asked.raid and not several:
        raise RigError("--raid is for several disks, such as 4xhdd:4xhdd")
    return disks, (asked.raid or next(iter(RAIDS))) if several else None


def _groups(asked):
    if asked.set:
        scale = asked.scale or 1
        return [Group(**{**vars(group), "scale": group.scale * scale, "runs": asked.runs or group.runs})
                for group in SETS[asked.set]]
    if bool(asked.source) != bool(asked.target):
        raise RigError("--source and --target go together")
    disks, raid = _simulated(asked)
    given = tuple(add_tool(text) for text in asked.given)
    tools = _chosen(asked.tool, TOOLS, "tool")
    tools += tuple(name for name in given if name not in tools)
    filesystems = (None,) if asked.source else _chosen(asked.fs, FILESYSTEMS, "filesystem")
    groups = [
        Group(work, asked.scale or 1.0, tools, asked.runs or 3, rate_mb_s=asked.rate,
              disks=disks, raid=raid, filesystem=filesystem, seek_ms=asked.seek,
              source=asked.source, target=asked.target, dirty_bytes=asked.dirty_bytes,
              device_dirty_bytes=asked.target_dirty_bytes, memory_bytes=asked.memory)
        for filesystem in filesystems for work in _chosen(asked.work, WORKS, "work")]
    for group in groups:
        if group.disks:
            rigs(group.disks, group.filesystem, 0, 0, group.raid)  # what cannot be is said at once
    return groups


def _print_list():
    print("tools:")
    for name, tool in TOOLS.items():
        reason = why_not(tool)
        print(f"  {name:20} {tool.what}" + (f" - not here: {reason}" if reason else ""))
    print("works:")
    for name, work in WORKS.items():
        print(f"  {name:20} {work.what}")
    print(f"disks: {', '.join(DISKS)}\nfilesystems: {', '.join(FILESYSTEMS)}\nsets:")
    for name, groups in SETS.items():
        for group in groups:
            print(f"  {name:20} {group.title} (scale {group.scale:g}): {', '.join(group.tools)}")


def _table(asked):
    result = json.loads(asked.table.read_text())
    if not asked.into:
        print(summary(result))
        return 0
    folder = os.path.relpath(asked.table.parent, asked.into.parent)
    asked.into.write_text(fill_page(asked.into.read_text(), result, folder))
    return 0


def _shown(arguments):
    """The command as typed, without what names places of this machine."""
    words = ["DIR" if word.startswith("/") else word for word in arguments]
    return shlex.join(["bench/compare", *map(_shown_word, words)])


def _shown_word(word):
    if "{source}" in word:
        return re.sub(r"(?<![\w}])/\S*/(?=\S)", "", word)
    return re.sub(r"=/.*", "=DIR", word)


def _compare(asked, arguments):
    groups = _groups(asked)
    about = environment.describe()
    if asked.machine:
        about["machine"] = asked.machine
    result = {
        "label": asked.label or asked.set or "compare", "command": _shown(arguments),
        "date": datetime.date.today().isoformat(), "environment": about, "groups": [],
    }
    progress = Progress()
    sessions = [Session(group, progress) for group in groups]
    progress.total = sum(session.run_count for session in sessions)
    end = time.monotonic() + asked.minutes * 60 if asked.minutes else None
    page, runs_left = None, progress.total
    for session in sessions:
        now = time.monotonic()
        deadline = now + (end - now) * session.run_count / max(1, runs_left) if end else None
        runs_left -= session.run_count
        result["groups"].append(results.rounded(session.run(deadline)))
        page = results.write(result, asked.results)
    print(summary(result))
    print(f"\nwritten: {os.path.relpath(page)}")
    return 1 if any(run.get("error") for group in result["groups"] for run in group["runs"]) else 0


_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _interrupted(_signal, _frame):
    """The first signal ends the comparison; a second must not end the cleaning up."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def main(arguments):
    asked = _parser().parse_args(arguments)
    for number in _SIGNALS:
        signal.signal(number, _interrupted)
    try:
        if asked.list:
            _print_list()
            return 0
        return _table(asked) if asked.table else _compare(asked, arguments)
    except (RigError, OSError) as error:
        print(f"compare: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ncompare: interrupted", file=sys.stderr)
        return 130
