# SPDX-License-Identifier: Apache-2.0
"""Copies as root while another user, who may write below source and target, swaps names for links.

Nothing outside may be written, changed or removed at the target's side, and nothing outside may be
read at the source's.
"""

import argparse
import contextlib
import hashlib
import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from comparelib.tools import fastsync_binary

USER = 65534
SECRET = b"what only root may read, and nobody may copy\n"
DIRECTORIES, FILES = 6, 8
SIZES = (0, 40, 5000, 200_000, 3_000_000)
VARIANTS = ([], ["--io-engine=sync"], ["--profile=hdd"], ["-rlptgoD"], ["--jobs=1"], ["--cache=keep"])


def make_trees(base, rng):
    """Source and target that belong to the user, and what lies outside of both."""
    outside = base / "outside"
    outside.mkdir(mode=0o755)
    for name in ("secret", "other"):
        path = outside / name
        path.write_bytes(SECRET * 200)
        path.chmod(0o600)
    (outside / "inside").mkdir(mode=0o700)
    (outside / "inside" / "secret").write_bytes(SECRET)
    for side in ("source", "target"):
        for number in range(DIRECTORIES):
            directory = base / side / f"d{number}" / "below"
            directory.mkdir(parents=True)
            for file in range(FILES):
                for place in (directory, directory.parent):
                    (place / f"f{file}").write_bytes(rng.randbytes(rng.choice(SIZES)))
        for path in [base / side, *(base / side).rglob("*")]:
            os.chown(path, USER, USER, follow_symlinks=False)
    base.chmod(0o755)


def fingerprint(outside):
    """All that is outside, with what every change of it would change."""
    found = {}
    for path in [outside, *sorted(outside.rglob("*"))]:
        status = path.lstat()
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if stat.S_ISREG(status.st_mode) else ""
        found[str(path)] = (status.st_mode, status.st_uid, status.st_gid, status.st_nlink,
                            status.st_size, status.st_mtime_ns, status.st_ctime_ns, digest)
    return found


def attack(base, seed):
    """Swaps names for links and back until it is killed; runs as the user."""
    rng = random.Random(seed)
    outside = base / "outside"
    while True:
        side = base / rng.choice(("source", "target"))
        directory = side / f"d{rng.randrange(DIRECTORIES)}"
        kind = rng.randrange(4)
        if kind == 0:
            victim, link = directory, outside
        elif kind == 1:
            victim, link = directory / "below", outside / "inside"
        else:
            victim = (directory if kind == 2 else directory / "below") / f"f{rng.randrange(FILES)}"
            link = outside / rng.choice(("secret", "other", "inside/secret", "made"))
        aside = victim.with_name(f"{victim.name}.aside{seed}")
        try:
            victim.rename(aside)
            victim.symlink_to(link)
            time.sleep(rng.choice((0, 0, 0.0001, 0.001)))
            if victim.is_symlink():
                victim.unlink()
            aside.rename(victim)
        except OSError:
            # fastsync or the other attacker came between; what is aside is put back another time.
            if not os.path.lexists(victim) and os.path.lexists(aside):
                try:
                    aside.rename(victim)
                except OSError:
                    pass


def start_attacker(base, seed):
    child = os.fork()
    if child:
        return child
    try:
        os.setgroups([])
        os.setresgid(USER, USER, USER)
        os.setresuid(USER, USER, USER)
        attack(base, seed)
    finally:
        os._exit(1)


def leaks(target):
    """Files of the target that have what only root may read; nobody may change names meanwhile."""
    found = []
    for directory, _, names in os.walk(target):
        for path in (Path(directory, name) for name in names):
            if stat.S_ISREG(path.lstat().st_mode) and SECRET in path.read_bytes():
                found.append(path)
    return found


@contextlib.contextmanager
def stopped(children):
    """Lets the attackers do nothing for a while."""
    for child in children:
        os.kill(child, signal.SIGSTOP)
        _, status = os.waitpid(child, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            raise RuntimeError("an attacker has ended by itself")
    yield
    for child in children:
        os.kill(child, signal.SIGCONT)


def run(tool, runs, seconds, seed, report=print):
    """Copies so often, or so long; returns what went wrong."""
    rng = random.Random(seed)
    base = Path(tempfile.mkdtemp(prefix="fastsync-attack.", dir="/dev/shm"))
    attackers, wrong, done, codes = [], [], 0, {}
    try:
        make_trees(base, rng)
        before = fingerprint(base / "outside")
        attackers = [start_attacker(base, seed + number) for number in range(2)]
        end = time.monotonic() + seconds
        while not wrong and (done < runs or time.monotonic() < end):
            options = rng.choice(VARIANTS)
            command = [tool, *options, f"{base}/source/", f"{base}/target/"]
            # What is equal is not looked into, so something has to change.
            for number in range(DIRECTORIES):
                try:
                    os.utime(base / "source" / f"d{number}" / f"f{rng.randrange(FILES)}",
                             follow_symlinks=False)
                except OSError:
                    pass
            code = subprocess.run(command, capture_output=True, timeout=600).returncode
            codes[code] = codes.get(code, 0) + 1
            done += 1
            with stopped(attackers):
                if fingerprint(base / "outside") != before:
                    wrong.append(f"run {done} {options}: something outside has changed")
                wrong += [f"run {done} {options}: {path} was copied from outside"
                          for path in leaks(base / "target")]
            if code not in (0, 20, 23, 24):
                wrong.append(f"run {done} {options}: exit {code}")
    finally:
        for child in attackers:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
        shutil.rmtree(base, ignore_errors=True)
    codes = ", ".join(f"{count} with {code}" for code, count in sorted(codes.items()))
    report(f"{done} runs, seed {seed}; exit status: {codes}; {len(wrong)} went wrong")
    return wrong


def main(arguments):
    parser = argparse.ArgumentParser(prog="attack", description=__doc__)
    parser.add_argument("--runs", type=int, default=20, help="copies at least (20)")
    parser.add_argument("--seconds", type=float, default=0, help="go on for so long (0)")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--tool", help="the fastsync to try (this checkout's, or $FASTSYNC)")
    asked = parser.parse_args(arguments)
    tool = asked.tool or fastsync_binary()
    if os.geteuid() != 0 or not tool:
        print("attack: needs root, and a fastsync (make build)", file=sys.stderr)
        return 1
    wrong = run(tool, asked.runs, asked.seconds, asked.seed)
    for line in wrong:
        print(line)
    return 1 if wrong else 0
