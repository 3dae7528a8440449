# SPDX-License-Identifier: Apache-2.0
"""A fresh clone on a clean system, built as README.md says."""

import os
import shutil
import unittest
from pathlib import Path

import disks
import documents
import packages
import toolchain
from cleanroot import TREE, CleanRoot, run


@unittest.skipUnless(os.environ.get("FASTSYNC_TEST_BUILDS"),
                     "takes as long as a build: set FASTSYNC_TEST_BUILDS=1")
class CloneTests(unittest.TestCase):
    def test_it_is_built_as_the_readme_says(self):
        swift = toolchain.swift("swift")
        root = CleanRoot()
        self.addCleanup(root.close)
        root.bind(swift.parents[2], swift.parents[2])
        root.run(f"apt-get update && apt-get install -y --no-install-recommends {toolchain.DEBIAN_PACKAGES}")
        self.lend_packages(root)
        run("git", "clone", "-q", TREE, root.path / "root/fastsync")
        clone = root.path / "root/fastsync"
        disks.fill(clone / "SRC")
        for _, words in documents.readme_commands((TREE / "README.md").read_text()):
            # Its tests are these.
            if words.startswith("make ") and words != "make test":
                root.run(f"export PATH=$PATH:{swift.parent}; cd /root/fastsync; {words}", timeout=3_600)
        self.assertEqual(disks.state(clone / "SRC"), disks.state(clone / "DEST"))
        self.assertIn("fastsync  version", root.run("fastsync --version"))
        archive, = (clone / ".build/packages").glob("*.tar.gz")
        self.assertEqual(archive.read_bytes(), packages.tarball().read_bytes())

    def lend_packages(self, root):
        """Where git is told to find other repositories on this machine, it finds them in the root."""
        if not Path("/etc/gitconfig").exists():
            return
        shutil.copy("/etc/gitconfig", root.path / "etc/gitconfig")
        named = run("git", "config", "--system", "--name-only", "--list").splitlines()
        for name in named:
            place = Path(name.removeprefix("url.").removesuffix(".insteadof"))
            if place.is_absolute() and place.is_dir():
                root.bind(place, place)
