# SPDX-License-Identifier: Apache-2.0
"""The package for Debian: what lintian says of it, and what it does to a clean system."""

import hashlib
import os
import shutil
import subprocess
import unittest
from pathlib import Path

import packages
from cleanroot import TREE, CleanRoot, run

# Where a system keeps what it remembers of any package.
MEMORY = ("var/lib/dpkg/", "var/lib/apt/", "var/cache/", "var/log/", "root/fastsync.deb")


def kept(root):
    """What is there of the system itself: kind, permissions, owner and path."""
    lines = (line.split(" ", 4) for line in root.listing())
    return {" ".join(line) for line in lines if not line[4].startswith(MEMORY)}


class DebTests(unittest.TestCase):
    def test_lintian_has_nothing_to_say(self):
        if not shutil.which("lintian"):
            self.skipTest("lintian is not installed")
        said = subprocess.run(["lintian", "--allow-root", str(packages.deb())], check=False,
                              capture_output=True, text=True, timeout=300)
        self.assertEqual((said.stdout, said.returncode), ("", 0), said.stderr)

    def test_two_builds_have_the_same_bytes(self):
        """Whatever the folder, the clock's zone, the umask, the language and the processors."""
        first = hashlib.sha256(packages.deb().read_bytes()).hexdigest()
        processor = min(os.sched_getaffinity(0))
        folder = ".build/packages-again/another-name"
        environment = os.environ | {"TZ": "Pacific/Chatham", "LC_ALL": "C.UTF-8"}
        try:
            run("sh", "-c", 'umask 077; exec taskset -c "$0" make -C "$1" deb PACKAGES="$2"',
                processor, TREE, folder, env=environment)
            second = packages.only(folder, "*.deb").read_bytes()
        finally:
            shutil.rmtree(Path(TREE, folder).parent, ignore_errors=True)
        self.assertEqual(first, hashlib.sha256(second).hexdigest())

    def test_it_is_installed_runs_and_leaves_nothing(self):
        deb = packages.deb()
        root = CleanRoot()
        self.addCleanup(root.close)
        before = kept(root)
        shutil.copy(deb, root.path / "root/fastsync.deb")
        root.run("apt-get install -y /root/fastsync.deb")
        self.assertTrue({"f 755 0 0 usr/bin/fastsync"} <= kept(root))
        root.run("fastsync --version && fastsync --explain /usr/share/ /mnt/copy/")
        # Nothing that fastsync has a hand in: two lists of everything.
        listing = 'cd %s && find . -printf "%%p %%y %%m %%U %%G %%T@ %%l\\n" | sort && ' \
            'find . -type f -exec sha256sum {} + | sort'
        self.assertEqual(root.run(listing % "/mnt/copy"), root.run(listing % "/usr/share"))
        self.assertIn("FASTSYNC(1)", root.run("man fastsync"))
        units = "/usr/share/doc/fastsync/examples"
        root.run(f"cp {units}/fastsync-backup.* /etc/systemd/system")
        self.assertEqual(root.run("systemd-analyze verify /etc/systemd/system/fastsync-backup.* 2>&1"), "")
        root.run("rm /etc/systemd/system/fastsync-backup.*")
        root.run("apt-get purge -y fastsync")
        self.assertEqual(kept(root) ^ before, set())
        self.assertEqual(root.run("ls /var/lib/dpkg/info | grep fastsync || true"), "")
