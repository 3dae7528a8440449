# SPDX-License-Identifier: Apache-2.0
"""Runs both programs, each on trees of its own that lie under the same name while it runs."""

import os
import re
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass

from .entries import make, remove, scan

TIMEOUT_S = 60
# rsync goes round a link to a directory above it 40 times, and where there are two does not end.
_ROUND_S = 15
_PROGRAMS = ("rsync", "fastsync")
# A filesystem's clock goes in steps, and may be behind.
_CLOCK_STEP_NS = 10**9
_REFUSAL = re.compile(rb"not support|only copies locally")


@dataclass
class Outcome:
    """What a run did: exit code (None: it did not end), what it said, and what is there then."""

    code: int | None
    output: bytes
    errors: bytes
    found: dict

    @property
    def is_refused(self):
        return self.code == 4 or bool(self.code == 1 and _REFUSAL.search(self.errors))


class Arena:
    """A directory for one process to run cases in, removed at the end."""

    def __init__(self, fastsync, rsync="rsync", place="/dev/shm"):
        self._programs = {"rsync": rsync, "fastsync": str(fastsync)}
        self.base = tempfile.mkdtemp(prefix="fastsync-differential.", dir=place)
        os.chmod(self.base, 0o755)
        self._side = os.path.join(self.base, "side")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        remove(self.base)
        shutil.rmtree(self.base, ignore_errors=True)

    def run(self, case):
        """What rsync did, and what fastsync did."""
        outcomes = []
        for program in _PROGRAMS:
            os.mkdir(self._side, 0o755)
            try:
                if case.user:
                    os.chown(self._side, case.user, case.user)
                make(case.tree, os.fsencode(self._side))
                outcomes.append(self._run(program, case))
            finally:
                remove(self._side)
        return outcomes

    def keep(self, case, place):
        """Leaves the trees of a case where somebody can look at them, once for each program."""
        for program in _PROGRAMS:
            root = os.path.join(place, program)
            os.makedirs(root)
            make(case.tree, os.fsencode(root))

    def _run(self, program, case):
        since_ns = time.time_ns() - _CLOCK_STEP_NS
        who = {"user": case.user, "group": case.user, "extra_groups": []} if case.user else {}
        environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "TZ": "UTC", "LC_ALL": case.locale}
        arguments = [self._programs[program], *case.arguments(program), *case.operands]
        process = subprocess.Popen(arguments, cwd=self._side, env=environment, umask=case.umask, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, **who)
        try:
            output, errors = process.communicate(timeout=_ROUND_S if program == "rsync" and case.follows_links else TIMEOUT_S)
            code = process.returncode
        except subprocess.TimeoutExpired:
            process.kill()
            output, errors = process.communicate()
            code = None
        return Outcome(code, output, errors, scan(self._side, since_ns))


def refused_options(arena, samples):
    """Those of the options that fastsync does not have yet: name -> what it says."""
    refused = {}
    root = os.path.join(arena.base, "trial")
    for side in ("src", "dst"):
        os.makedirs(os.path.join(root, side))
    for directory in ("lists", "alt1", "alt2", "tmp"):
        os.mkdir(os.path.join(root, directory))
    for name in ("exclude", "rules", "files", "files0"):
        open(os.path.join(root, "lists", name), "wb").close()
    for name, arguments in samples.items():
        done = subprocess.run([arena._programs["fastsync"], "-rn", *arguments, "src/", "dst/"], cwd=root, capture_output=True,
                              timeout=TIMEOUT_S, stdin=subprocess.DEVNULL)
        if done.returncode == 4 or done.returncode == 1 and _REFUSAL.search(done.stderr):
            refused[name] = done.stderr.decode(errors="replace").strip()
    remove(root)
    return refused
