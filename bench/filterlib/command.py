# SPDX-License-Identifier: Apache-2.0
"""Runs both programs on generated cases."""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile

from comparelib.tools import fastsync_binary

from . import generate

# One tree serves so many rule sets.
SETS_PER_TREE = 20
_SECONDS_MAX = 60


def write(made, root):
    """Makes a tree."""
    os.mkdir(root)
    for name, what in made.items():
        path = os.path.join(root, name)
        if what is None:
            os.makedirs(path, exist_ok=True)
        elif isinstance(what, str):
            os.symlink(what, path)
        else:
            with open(path, "wb") as file:
                file.write(what)


def names(root):
    """All names below a directory; those of directories with a slash."""
    found = set()
    for directory, directories, files in os.walk(os.fsencode(root)):
        below = os.path.relpath(directory, os.fsencode(root))
        for name in directories + files:
            path = os.path.normpath(os.path.join(below, name))
            is_directory = name in directories and not os.path.islink(os.path.join(directory, name))
            found.add(path + b"/" if is_directory else path)
    return found


class Bench:
    """A place with a tree in it, in which both programs copy."""

    def __init__(self, tool, made):
        self.tool = str(tool)
        self.place = tempfile.mkdtemp(prefix="fastsync-filters.", dir="/dev/shm")
        os.mkdir(os.path.join(self.place, "lists"))
        os.mkdir(os.path.join(self.place, "home"))
        write(made, os.path.join(self.place, "src"))

    def close(self):
        shutil.rmtree(self.place)

    def _prepare(self, case):
        for name, text in case.lists.items():
            with open(os.path.join(self.place, "lists", name), "w", encoding="utf-8", newline="") as file:
                file.write(text)
        home = os.path.join(self.place, "home", ".cvsignore")
        if case.home:
            with open(home, "w", encoding="utf-8", newline="") as file:
                file.write(case.home)
        elif os.path.exists(home):
            os.remove(home)

    def run(self, program, case):
        """What a program copies into an empty target, its exit status and what it says of errors."""
        target = os.path.join(self.place, "target")
        os.mkdir(target)
        options = [option.replace("{lists}", os.path.join(self.place, "lists")) for option in case.options]
        environment = {**os.environ, **case.environment, "HOME": os.path.join(self.place, "home"), "LC_ALL": "C.UTF-8"}
        ran = subprocess.run([program, "-rl", *options, "--", *case.sources, target], cwd=self.place, env=environment,
                             capture_output=True, timeout=_SECONDS_MAX, check=False, stdin=subprocess.DEVNULL)
        found = names(target)
        shutil.rmtree(target)
        return found, ran.returncode, ran.stderr

    def differences(self, case):
        """What differs, in words; empty where both do the same."""
        self._prepare(case)
        wanted, wanted_code, _ = self.run("rsync", case)
        got, code, said = self.run(self.tool, case)
        if wanted_code != code:
            return f"exit status {code}, not {wanted_code}: {said[-300:]!r}"
        if code != 0:
            return "" if said else f"exit status {code} without a word"
        lines = [f"  copied by fastsync alone: {name!r}" for name in sorted(got - wanted)]
        return "\n".join(lines + [f"  copied by rsync alone: {name!r}" for name in sorted(wanted - got)])


def run(tool, seed, count, report, failures_max=10):
    """Compares so many rule sets; returns the seeds that differ."""
    failures = []
    for start in range(seed - seed % SETS_PER_TREE, seed + count, SETS_PER_TREE):
        made = generate.tree(random.Random(f"tree {start}"))
        bench = Bench(tool, made)
        try:
            for number in range(max(start, seed), min(start + SETS_PER_TREE, seed + count)):
                case = generate.case(random.Random(f"case {number}"), made)
                difference = bench.differences(case)
                if not difference:
                    continue
                failures.append(number)
                report(f"case {number} of the tree {start}: {case.options} {case.sources}")
                report(f"{difference}")
                for name, text in case.lists.items():
                    report(f"  {name}: {text!r}")
                if case.environment or case.home:
                    report(f"  {case.environment} {case.home!r}")
                if len(failures) >= failures_max:
                    return failures
        finally:
            bench.close()
    return failures


def main(arguments):
    parser = argparse.ArgumentParser(prog="filters", description="Compares which names rsync and fastsync copy by generated filter rules.")
    parser.add_argument("--cases", type=int, default=300, help="how many rule sets (300)")
    parser.add_argument("--seed", type=int, help="the first (random)")
    parser.add_argument("--failures", type=int, default=10, help="end after so many differences (10)")
    parser.add_argument("--keep-tree", action="store_true", help="print the tree of the first case")
    options = parser.parse_args(arguments)
    tool = fastsync_binary()
    if not tool or not shutil.which("rsync"):
        print("needs rsync, and fastsync (swift build -c release, or set FASTSYNC)", file=sys.stderr)
        return 2
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10**6) * SETS_PER_TREE
    if options.keep_tree:
        for name, what in generate.tree(random.Random(f"tree {seed - seed % SETS_PER_TREE}")).items():
            print(f"{name}: {what!r}")
    print(f"--seed {seed} --cases {options.cases}", flush=True)
    failures = run(tool, seed, options.cases, lambda line: print(line, flush=True), options.failures)
    print(f"{len(failures)} of {options.cases} rule sets differ" if failures else f"{options.cases} rule sets, no difference")
    return 1 if failures else 0
