# SPDX-License-Identifier: Apache-2.0
"""The command `differential`."""

import argparse
import collections
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from comparelib.tools import fastsync_binary

from . import cases, options
from .entries import kinds_that_can_be_made, remove
from .judge import compare
from .listed import Listed
from .runs import Arena, refused_options
from .shrink import Shrinker, kind

_CHUNK = 10
_SHOWN_MAX = 12
_PERIOD_S = 30


def _parser():
    parser = argparse.ArgumentParser(
        prog="differential",
        description="Runs rsync and fastsync on the same generated trees with the same random options, and compares exit "
                    "codes, trees with all metadata, and what is printed. Exit 1 says that something differs that "
                    "docs/rsync-differences.md does not list.")
    parser.add_argument("--cases", type=int, default=200, help="how many (200)")
    parser.add_argument("--seed", type=int, help="of the first case; each case's own seed is one more (random, printed)")
    parser.add_argument("--jobs", type=int, default=1, help="processes (1)")
    parser.add_argument("--areas", metavar="LIST", help=f"options most of all from these: {','.join(sorted(options.AREAS))}")
    parser.add_argument("--plain", action="store_true",
                        help="one source's contents to a target that is there, as root")
    parser.add_argument("--only", metavar="LIST", help="only these options besides those of selection, e.g. --delete,-b")
    parser.add_argument("--without", metavar="LIST", default="", help="not these options")
    parser.add_argument("--failures", type=int, default=10, metavar="N", help="stop after N cases that differ (10)")
    parser.add_argument("--alike", type=int, default=3, metavar="N", help="tell of N that differ in the same way (3)")
    parser.add_argument("--no-shrink", action="store_true", help="show cases as they were generated")
    parser.add_argument("--script", action="store_true", help="print shell commands that make the trees of the last one")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leave the trees of the last failing case in DIR")
    parser.add_argument("--tool", type=Path, help="the fastsync to try (this checkout's, or $FASTSYNC)")
    return parser


@dataclass
class Settings:
    """What every process needs to know."""

    tool: str
    place: str
    able: set
    refused: set
    areas: list | None = None
    plain: bool = False
    shrinks: bool = True
    alike: int = 3                   # so many of a kind are told of, by each process


@dataclass
class Failure:
    """A case that differs, as small as it could be made, and in what."""

    seed: int
    case: cases.Case
    differences: list
    original: str
    is_new: bool


@dataclass
class Tally:
    """What came of some cases."""

    done: int = 0
    endless: int = 0                 # rsync went round links until it was ended
    refused: collections.Counter = field(default_factory=collections.Counter)
    codes: collections.Counter = field(default_factory=collections.Counter)
    excused: collections.Counter = field(default_factory=collections.Counter)
    failures: list = field(default_factory=list)

    def add(self, other):
        self.done += other.done
        self.endless += other.endless
        self.refused.update(other.refused)
        self.codes.update(other.codes)
        self.excused.update(other.excused)
        self.failures += other.failures


def run_seeds(settings, seeds):
    """Runs the cases of some seeds in a place of their own."""
    tally, listed = Tally(), Listed()
    with Arena(settings.tool, place=settings.place) as arena:
        for seed in seeds:
            _run_seed(arena, settings, seed, tally, listed)
    tally.excused.update(listed.counts)
    return tally


def _run_seed(arena, settings, seed, tally, listed):
    case = cases.generate(seed, settings.able, settings.refused, settings.areas, settings.plain)

    def differences(changed):
        expected, actual = arena.run(changed)
        if actual.is_refused and expected.code == 0:
            return []
        return listed.left(changed, compare(changed, expected, actual))

    expected, actual = arena.run(case)
    tally.done += 1
    if actual.is_refused and expected.code != actual.code:
        tally.refused[actual.errors.decode(errors="backslashreplace").strip().split("\n")[0]] += 1
        return
    tally.codes[expected.code] += 1
    if expected.code is None and actual.code is not None and case.follows_links:
        tally.endless += 1
        return
    found = listed.left(case, compare(case, expected, actual))
    if not found:
        return
    original = cases.command("rsync", case)
    _seen[kind(found[0])] += 1
    is_new = _seen[kind(found[0])] <= settings.alike
    if settings.shrinks and is_new:
        case, found = Shrinker(differences).shrink(case, found)
    tally.failures.append(Failure(seed, case, found, original, is_new))


_settings = None
# What this process has found so far.
_seen = collections.Counter()


def _enter(settings):
    global _settings
    _settings = settings
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _chunk(seeds):
    return run_seeds(_settings, seeds)


def run(settings, first_seed, count, jobs=1, failures_max=10, report=print):
    """Runs so many cases, tells of each that differs, and returns the tally."""
    seeds = range(first_seed, first_seed + count)
    chunks = [seeds[start:start + _CHUNK] for start in range(0, count, _CHUNK)]
    total, started, told = Tally(), time.monotonic(), time.monotonic()
    with Place(settings) as own, multiprocessing.Pool(jobs, _enter, (own,)) as pool:
        for tally in pool.imap_unordered(_chunk, chunks):
            total.add(tally)
            for failure in tally.failures:
                if failure.is_new:
                    report(describe(failure))
            if time.monotonic() - told > _PERIOD_S:
                told = time.monotonic()
                report(f"... {total.done} of {count} cases, {len(total.failures)} differ, "
                       f"{total.done / (told - started):.0f} a second")
            if len(total.failures) >= failures_max:
                break
    return total


class Place:
    """A directory for all processes of a run, with the tool in it, where every user can reach both."""

    def __init__(self, settings):
        self._base = tempfile.mkdtemp(prefix="fastsync-differential.", dir=settings.place)
        self._settings = settings

    def __enter__(self):
        os.chmod(self._base, 0o755)
        tool = shutil.copy(self._settings.tool, self._base)
        return replace(self._settings, tool=tool, place=self._base)

    def __exit__(self, *_):
        remove(self._base)


def describe(failure):
    """What somebody needs who looks into it."""
    case = failure.case
    parts = [f"seed {failure.seed}: {failure.original}"]
    if case.user or case.umask != 0o022 or case.locale != "C.UTF-8":
        parts.append(f"  user {case.user}, umask {case.umask:03o}, LC_ALL={case.locale}")
    parts += [f"  {cases.command(program, case)}" for program in ("rsync", "fastsync")]
    parts += [f"    {difference}" for difference in failure.differences[:_SHOWN_MAX]]
    if len(failure.differences) > _SHOWN_MAX:
        parts.append(f"    and {len(failure.differences) - _SHOWN_MAX} more")
    return "\n".join(parts)


def settings_for(tool, place, report=print):
    """What can be made here, and which options there are; `report` is told of those that are not."""
    with Arena(tool, place=place) as arena:
        able = kinds_that_can_be_made(arena.base)
        refused = refused_options(arena, options.every())
    if refused:
        report("left out, since fastsync does not have them: " + " ".join(sorted(refused)))
    missing = {"device", "xattr", "acl"} - able
    if missing:
        report("left out, since they cannot be made here: " + " ".join(sorted(missing)))
    return Settings(str(tool), place, able, set(refused))


def main(arguments):
    asked = _parser().parse_args(arguments)
    tool = asked.tool.resolve() if asked.tool else fastsync_binary()
    if not tool or not shutil.which("rsync"):
        print("differential: needs rsync, and a fastsync (make build, or --tool)", file=sys.stderr)
        return 2
    seed = random.SystemRandom().randrange(10**9) if asked.seed is None else asked.seed
    settings = settings_for(tool, "/dev/shm")
    settings.areas = asked.areas and asked.areas.split(",")
    settings.plain = asked.plain
    settings.shrinks, settings.alike = not asked.no_shrink, asked.alike
    settings.refused |= set(asked.without.split(",")) - {""}
    if asked.only:
        settings.refused |= options.every().keys() - set(asked.only.split(",")) - options.SELECTING
    print(f"{asked.cases} cases from seed {seed}", flush=True)
    try:
        total = run(settings, seed, asked.cases, asked.jobs, asked.failures, lambda line: print(line, flush=True))
    except KeyboardInterrupt:
        print("differential: interrupted", file=sys.stderr)
        return 130
    if asked.keep and total.failures:
        with Arena(tool) as arena:
            arena.keep(total.failures[-1].case, str(asked.keep))
    if asked.script and total.failures:
        print(cases.script(total.failures[-1].case))
    print(summary(total))
    return 1 if total.failures else 0


def summary(total):
    rows = [f"{total.done} cases: {len(total.failures)} differ; exit codes "
            + ", ".join(f"{code} in {count}" for code, count in sorted(total.codes.items(), key=str))]
    if total.endless:
        rows.append(f"  {total.endless} not compared: rsync went round links and did not end")
    if total.refused:
        rows += [f"  {count} refused: {text}" for text, count in total.refused.most_common(30)]
    rows += [f"  listed as {key}: {count}" for key, count in sorted(total.excused.items()) if count]
    kinds = collections.Counter(kind(failure.differences[0]) for failure in total.failures)
    rows += [f"  {count} x {' / '.join(map(str, each))}" for each, count in kinds.most_common()]
    return "\n".join(rows)
