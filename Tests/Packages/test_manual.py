# SPDX-License-Identifier: Apache-2.0
"""The examples of the manual page, as a reader would type them on a clean system."""

import os
import shutil
import unittest

import disks
import documents
import packages
from cleanroot import CleanRoot

DATA = os.urandom(3 * disks.MIB) + bytes(2 * disks.MIB) + os.urandom(disks.MIB)


class ManualTests(unittest.TestCase):
    """Each heading of the examples has a test of the same name, which runs all that is below it."""

    @classmethod
    def setUpClass(cls):
        reason = disks.obstacle()
        if reason:
            raise unittest.SkipTest(reason)
        cls.root = CleanRoot()
        cls.addClassCleanup(cls.root.close)
        shutil.copy(packages.deb(), cls.root.path / "root/fastsync.deb")
        cls.root.run("apt-get install -y /root/fastsync.deb")
        cls.examples = documents.manual_examples(cls.root.run("man fastsync", env={"MANWIDTH": "80"}))
        # A new folder for each test, and the same names.
        cls.mnt = cls.root.path / "mnt"

    def setUp(self):
        self.disks = disks.Disks(self.root)
        self.addCleanup(self.disks.close)
        self.addCleanup(self.unmount)
        self.typed = 0

    def unmount(self):
        for place in [*self.mnt.iterdir(), self.root.path / "srv"]:
            if place.is_mount():
                self.root.run(f"umount /{place.relative_to(self.root.path)}")

    def both(self):
        """Disks with something on one and nothing on the other."""
        for place in ("/mnt/old", "/mnt/new"):
            self.disks.filesystem(place)
        disks.fill(self.mnt / "old")

    def type(self, heading, count=1):
        """Runs the next examples below a heading, and returns what they say."""
        commands = [command for name, command in self.examples if name == heading]
        now = commands[self.typed:self.typed + count]
        self.assertEqual(len(now), count, f"{heading} has other examples than this test: {commands}")
        self.typed += count
        return self.root.run("\n".join(["set -e", *now]))

    def all_were_typed(self, heading):
        self.assertEqual(self.typed, [name for name, _ in self.examples].count(heading))

    def same(self, source="old", target="new"):
        self.assertEqual(disks.state(self.mnt / source), disks.state(self.mnt / target))

    def test_every_heading_has_a_test(self):
        headings = {name for name, _ in self.examples}
        self.assertEqual(headings, {MIGRATION, BACKUPS, IMAGES, LOAD, VERIFICATION})

    def test_migration(self):
        self.both()
        said = self.type(MIGRATION)
        self.assertIn("/mnt/new", said)
        self.assertEqual(list((self.mnt / "new").iterdir()), [])
        self.type(MIGRATION)
        self.same()
        (self.mnt / "old/large").unlink()
        (self.mnt / "old/late").write_text("came late")
        self.type(MIGRATION)
        self.same()
        (self.mnt / "old/later").write_text("came later")
        self.assertIn("later\n", self.type(MIGRATION))
        self.same()
        self.all_were_typed(MIGRATION)

    def test_backups(self):
        for place in ("/mnt/backup", "/srv"):
            self.disks.filesystem(place)
        srv = self.root.path / "srv"
        disks.fill(srv)
        # Yesterday's, of which today's has two files.
        self.root.run("date() { echo 2000-01-01; }; " + self.commands(BACKUPS))
        (srv / "large").write_text("changed")
        (srv / "link").unlink()
        self.type(BACKUPS)
        self.all_were_typed(BACKUPS)
        # Made again on the same day.
        (srv / "script").unlink()
        self.root.run(self.commands(BACKUPS))
        latest = self.mnt / "backup" / os.readlink(self.mnt / "backup/latest")
        self.assertNotEqual(latest.name, "2000-01-01")
        self.assertEqual({path.name for path in latest.iterdir()}, {path.name for path in srv.iterdir()})
        self.assertEqual((latest / "large").read_text(), "changed")
        first = self.mnt / "backup/2000-01-01"
        self.assertTrue((latest / "letters/letter 7").samefile(first / "letters/letter 7"))
        self.assertTrue((first / "script").exists() and (first / "link").is_symlink())

    def commands(self, heading):
        return "\n".join(["set -e", *(command for name, command in self.examples if name == heading)])

    def test_images(self):
        self.disks.filesystem("/mnt/images")
        sdb = self.disks.device("sdb", 16, DATA)
        sdc = self.disks.device("sdc", 16, b"something else")
        image = self.mnt / "images/sdb.img"
        self.type(IMAGES)
        self.assertEqual(image.read_bytes(), sdb.read_bytes())
        self.assertLess(image.stat().st_blocks * 512, 6 * disks.MIB)
        image.unlink()
        self.type(IMAGES)
        self.assertEqual(image.read_bytes(), sdb.read_bytes())
        self.type(IMAGES)
        self.root.run("sync")
        self.assertEqual(sdc.read_bytes(), sdb.read_bytes())
        self.all_were_typed(IMAGES)

    def test_load(self):
        self.both()
        self.assertIn("Number of files", self.type(LOAD))
        self.same(target="new/load")
        self.type(LOAD)
        self.same(target="new/load2")
        self.all_were_typed(LOAD)

    def test_verification(self):
        self.both()
        self.root.run("fastsync /mnt/old/ /mnt/new/")
        self.assertEqual(self.type(VERIFICATION, 2), "")
        self.all_were_typed(VERIFICATION)
        # One byte, and the times as they were.
        self.root.run("printf X | dd of=/mnt/new/large conv=notrunc status=none; "
                      "touch -r /mnt/old/large /mnt/new/large")
        self.typed = 0
        self.assertIn("large", self.type(VERIFICATION))
        with self.assertRaisesRegex(AssertionError, "large: FAILED"):
            self.type(VERIFICATION)


MIGRATION = "Migration to another disk"
BACKUPS = "Backups on a shingled disk"
IMAGES = "Images of devices"
LOAD = "Load for a test rig"
VERIFICATION = "Verification"
