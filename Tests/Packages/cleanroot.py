# SPDX-License-Identifier: Apache-2.0
"""Debian 12 as it is when it was just installed, made by debootstrap, to run commands in."""

import atexit
import os
import shutil
import subprocess
import tempfile
import unittest
import urllib.request
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
MIRROR = os.environ.get("FASTSYNC_DEBIAN_MIRROR", "http://deb.debian.org/debian")
RELEASE = "bookworm"
# What every installation of Debian has, and debootstrap's smallest variant has not.
ORDINARY = ["man-db", "systemd", "udev"]
COMMAND_SECONDS_MAX = 900


def obstacle():
    """Why there can be no clean root, or nothing."""
    if os.geteuid() != 0:
        return "only root can make a clean root"
    if not shutil.which("debootstrap"):
        return "debootstrap is not installed"
    try:
        urllib.request.urlopen(f"{MIRROR}/dists/{RELEASE}/Release", timeout=30).close()
    except OSError as error:
        return f"no mirror of Debian can be reached: {MIRROR}: {error}"
    return None


def run(*words, **options):
    """Runs a command to its end; what it said is shown where it failed."""
    options = {"timeout": COMMAND_SECONDS_MAX, "capture_output": True, "text": True,
               "stdin": subprocess.DEVNULL, **options}
    done = subprocess.run([str(word) for word in words], check=False, **options)
    if done.returncode != 0:
        raise AssertionError(f"{words} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


class CleanRoot:
    """A root that was just installed.

    Roots share what debootstrap made, and are thrown away: each is an overlay in memory. The mounts
    are in the namespace that `Tests/Packages/test` made, and go with it.
    """

    _base = None

    def __init__(self):
        base = self._made()
        self.path = Path(tempfile.mkdtemp(prefix="root-", dir=base.parent))
        run("mount", "-t", "tmpfs", "-o", "mode=755", "clean-root", self.path)
        upper, work, self.path = (self.path / name for name in ("upper", "work", "root"))
        for folder in (upper, work, self.path):
            folder.mkdir()
        run("mount", "-t", "overlay", "overlay", self.path,
            "-o", f"lowerdir={base},upperdir={upper},workdir={work}")
        for kind, place in (("proc", "proc"), ("sysfs", "sys"), ("tmpfs", "dev"), ("tmpfs", "run"),
                            ("tmpfs", "tmp"), ("tmpfs", "mnt")):
            run("mount", "-t", kind, kind, self.path / place)
        (self.path / "tmp").chmod(0o1777)
        for name, numbers in (("null", "1 3"), ("zero", "1 5"), ("full", "1 7"), ("random", "1 8"),
                              ("urandom", "1 9"), ("tty", "5 0")):
            run("mknod", "-m", "666", self.path / "dev" / name, "c", *numbers.split())
        (self.path / "dev/shm").mkdir()
        (self.path / "dev/fd").symlink_to("/proc/self/fd")
        for name in ("/etc/resolv.conf", "/etc/hosts"):
            shutil.copy(name, self.path / name[1:])

    @classmethod
    def _made(cls):
        """What debootstrap makes, once for all tests of a run."""
        reason = obstacle()
        if reason:
            raise unittest.SkipTest(reason)
        if cls._base is None:
            folder = Path(tempfile.mkdtemp(prefix="fastsync-clean-", dir="/var/tmp"))
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
            cls._base = folder / "base"
            run("debootstrap", "--variant=minbase", f"--include={','.join(ORDINARY)}", RELEASE,
                cls._base, MIRROR)
        return cls._base

    def bind(self, outside, inside):
        """Shows a file or folder of this machine in the root."""
        place = self.path / str(inside)[1:]
        if Path(outside).is_dir():
            place.mkdir(parents=True, exist_ok=True)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.touch()
        run("mount", "--rbind", outside, place)

    def run(self, command, **options):
        """Runs a line of shell in the root as root, as if it were typed there."""
        environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                       "HOME": "/root", "LANG": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
        return run("chroot", self.path, "bash", "-c", command,
                   env=environment | options.pop("env", {}), **options)

    def listing(self):
        """Kind, permissions, owner, group and path of all that is there; no filesystem below."""
        return run("find", self.path, "-xdev", "-printf", "%y %m %U %G %P\\0").split("\0")[:-1]

    def close(self):
        run("umount", "-R", self.path.parent)
        self.path.parent.rmdir()
