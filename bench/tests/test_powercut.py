# SPDX-License-Identifier: Apache-2.0
"""Broken runs: that the judge sees what is broken, and that fastsync breaks nothing."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from comparelib.tools import fastsync_binary
from powerlib.entries import scan
from powerlib.judge import Judge
from powerlib.trees import Trees

from .rigs import RigTest

COMMAND = Path(__file__).resolve().parent.parent / "powercut"


class Places(unittest.TestCase):
    """A source, and a target with what was there before."""

    def setUp(self):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.source, self.target = folder / "source", folder / "target"
        for place in (self.source, self.target):
            place.mkdir()


class JudgeTests(Places):
    new, old, time_ns = b"n" * 10000, b"o" * 7000, 1_500_000_000_123_456_789

    def setUp(self):
        super().setUp()
        self.write(self.source / "file", self.new)
        self.write(self.source / "fresh", self.new)
        self.write(self.target / "file", self.old, self.time_ns - 10**9)
        (self.source / "directory").mkdir()
        self.write(self.target / "directory", self.old)
        self.write(self.target / "other", self.old)
        self.judge = Judge(self.source, scan(self.target))

    def write(self, path, content, time_ns=time_ns):
        path.write_bytes(content)
        os.utime(path, ns=(time_ns, time_ns))

    def verdict(self):
        return self.judge.verdict(self.target)

    def kinds(self):
        return dict(self.verdict().kinds)

    def test_old_new_and_absent_are_whole(self):
        self.assertEqual(self.kinds(), {})
        for name in ("file", "fresh"):
            shutil.copy2(self.source / name, self.target / name)
            self.assertEqual(self.kinds(), {})

    def test_what_is_neither_is_told_by_its_kind(self):
        zeros, half = bytes(10000), self.new[:5000]
        for content, kind, time_ns, kept in (
                (b"", "empty", self.time_ns, 0), (half, "short", self.time_ns, 0),
                (zeros, "zeros", self.time_ns, 1), (zeros, "zeros", self.time_ns + 1, 0),
                (self.new[:4096] + zeros[4096:], "zeros", self.time_ns, 1),
                (b"o" * 10000, "mixed", self.time_ns, 1), (self.new, "metadata", self.time_ns + 1, 0)):
            for name in ("file", "fresh"):
                with self.subTest(name=name, kind=kind, kept=kept):
                    self.write(self.target / name, content, time_ns)
                    self.assertEqual(self.kinds(), {kind: 1})
                    self.assertEqual(self.verdict().kept, kept)
                (self.target / name).unlink()
                if name == "file":
                    self.write(self.target / name, self.old, self.time_ns - 10**9)

    def test_metadata_of_the_old_file_on_the_new_one_is_broken(self):
        shutil.copy2(self.source / "file", self.target / "file")
        os.chmod(self.target / "file", 0o600)
        self.assertEqual(self.kinds(), {"metadata": 1})

    def test_where_only_metadata_differs_each_part_is_old_or_new(self):
        same, copy = self.source / "same", self.target / "same"
        for path, mode in ((same, 0o644), (copy, 0o4750)):
            self.write(path, self.new)
            os.chmod(path, mode)
            try:
                for name in ("user.a", "user.b"):
                    os.setxattr(path, name, f"{mode}".encode())
            except OSError:
                self.skipTest("needs a temporary directory with extended attributes")
        self.judge = Judge(self.source, scan(self.target))
        for mode, name, value, kinds in (
                (0o644, "user.a", b"420", {}), (0o640, "user.b", b"420", {}), (0o700, "user.a", b"420", {}),
                (0o754, "user.a", b"420", {"metadata": 1}), (0o4700, "user.a", b"420", {"metadata": 1}),
                (0o640, "user.a", b"neither", {"metadata": 1}), (0o640, "user.c", b"420", {"metadata": 1})):
            with self.subTest(mode=oct(mode), name=name):
                os.chmod(copy, mode)
                os.setxattr(copy, name, value)
                self.assertEqual(self.kinds(), kinds)
                os.setxattr(copy, "user.a", b"420")

    def test_what_was_there_must_not_be_missing_but_between_two_types(self):
        (self.target / "directory").unlink()
        self.assertEqual((self.kinds(), self.verdict().between), ({}, ["directory"]))
        for number, name in enumerate(("file", "other")):
            (self.target / name).unlink()
            self.assertEqual(self.kinds(), {"missing": number + 1})

    def test_another_type_is_broken_and_a_name_of_neither_is_left_over(self):
        (self.target / "fresh").symlink_to("file")
        self.assertEqual(self.kinds(), {"type": 1})
        (self.target / ".file.abc").touch()
        self.assertEqual(self.verdict().leftovers, [".file.abc"])


class TreesTests(Places):
    def test_a_seed_makes_the_same_trees_and_half_of_the_names_replace_something(self):
        if os.geteuid() != 0:
            self.skipTest("needs root for files of others")
        try:
            os.setxattr(self.source, "user.probe", b"1")
        except OSError:
            self.skipTest("needs a temporary directory with extended attributes")
        Trees(self.source, self.target, 1, 0.1).make()
        first = scan(self.source), scan(self.target)
        for place in (self.source, self.target):
            shutil.rmtree(place)
            place.mkdir()
        Trees(self.source, self.target, 1, 0.1).make()
        self.assertEqual((scan(self.source), scan(self.target)), first)
        files = {name for name, entry in first[0].items() if not entry.is_directory}
        self.assertTrue(0.4 < len(files & first[1].keys()) / len(files) < 0.8)
        self.assertGreater(sum(first[0][name] != first[1].get(name) for name in files), len(files) * 0.8)


class PowerCutTests(RigTest):
    """Few and small: bench/powercut by itself is for hundreds."""

    def powercut(self, *words):
        done = subprocess.run([COMMAND, "--seed", "7", *words], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def test_a_copier_that_writes_under_the_final_names_is_found_out(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        careless = Path(folder, "careless")
        careless.write_text('#!/bin/sh\nexec rsync -a --inplace "$1" "$2"\n')
        careless.chmod(0o755)
        code, said = self.powercut("--fs", "ext4", "--cuts", "1", "--scale", "0.1", "--tool", careless)
        self.assertEqual(code, 1, said)
        self.assertRegex(said, r"0: .*(broken|lost) [1-9]")

    def test_fastsync_leaves_old_and_new_names_only_and_a_second_run_repairs_the_rest(self):
        if not fastsync_binary():
            self.skipTest("there is no fastsync (make build, or set FASTSYNC)")
        code, said = self.powercut("--sharp", "--cuts", "2", "--scale", "0.2")
        self.assertEqual(code, 0, said)

    def test_neither_does_a_disk_that_fails_to_write(self):
        if not fastsync_binary():
            self.skipTest("there is no fastsync (make build, or set FASTSYNC)")
        code, said = self.powercut("--mode", "eio", "--fs", "ext4", "--cuts", "2", "--scale", "0.2")
        self.assertEqual(code, 0, said)
