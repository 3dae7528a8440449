# SPDX-License-Identifier: Apache-2.0
"""The commands of README.md, as a stranger would type them one after the other."""

import functools
import os
import shutil
import unittest

import disks
import documents
import packages
from cleanroot import TREE, CleanRoot, run

COMMANDS = documents.readme_commands((TREE / "README.md").read_text())
DATA = os.urandom(2 * disks.MIB) + bytes(3 * disks.MIB) + os.urandom(disks.MIB)


class ReadmeTests(unittest.TestCase):
    def test_what_is_built_from_a_clone_are_targets(self):
        """They are not made here: that is what runs this test."""
        targets = [words.split()[1] for _, words in COMMANDS if words.startswith("make ")]
        self.assertGreater(len(targets), 4)
        makefile = (TREE / "Makefile").read_text()
        for target in targets:
            self.assertRegex(makefile, rf"(?m)^{target}:")

    def test_all_others_do_what_they_say(self):
        reason = disks.obstacle()
        if reason:
            self.skipTest(reason)
        root = CleanRoot()
        machine = disks.Disks(root)
        self.addCleanup(machine.close)
        self.addCleanup(root.close)
        for place in ("/backup", "/mnt/disk", "/mnt/work"):
            machine.filesystem(place)
        work = root.path / "mnt/work"
        shutil.copy(packages.deb(), work)
        shutil.copy(packages.tarball(), work)
        for folder in (work / "photos", work / "music", work / "incoming", work / "SRC", root.path / "data"):
            disks.fill(folder)
        root.run("mkdir -p /home/ann/.cache && echo a >/home/ann/.cache/a && echo b >/home/ann/b")
        disk = machine.device("sda", 8, DATA)
        machine.device("sdb", 8, b"something else")
        typed = [words for _, words in COMMANDS if not words.startswith("make ")]
        self.assertGreaterEqual(len(typed), 15)
        said = {words: root.run(f"cd /mnt/work\n{words}") for words in typed}
        self.judge(root.path, work, disk, said)

    def judge(self, path, work, disk, said):
        # Two of them share files, which have twice as many names.
        state = functools.partial(disks.state, counts_names=False)
        for target in ("backup/data", "backup/tuesday", "mnt/disk/data"):
            self.assertEqual(state(path / "data"), state(path / target), target)
        self.assertTrue((path / "backup/data/large").samefile(path / "backup/tuesday/large"))
        for name in ("photos", "music"):
            self.assertEqual(state(work / name).keys(), state(path / "mnt/disk" / name).keys())
        self.assertEqual([file.name for file in (path / "mnt/disk/home/ann").iterdir()], ["b"])
        self.assertTrue((path / "mnt/disk/incoming/large").exists())
        self.assertFalse((work / "incoming/large").exists())
        self.assertEqual((work / "disk.img").read_bytes(), disk.read_bytes())
        run("sync")
        self.assertEqual(run("cmp", path / "dev/sda", path / "dev/sdb"), "")
        self.assertTrue((path / "usr/bin/fastsync").exists() and (path / "usr/local/bin/fastsync").exists())
        # Nothing differs, and it was told how.
        self.assertEqual(said["fastsync -aHAXSni -c /data/ /backup/data/"], "")
        self.assertIn("/backup/data", said["fastsync --explain /data/ /backup/data/"])
