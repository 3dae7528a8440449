# SPDX-License-Identifier: Apache-2.0
"""A disk that cannot be read in some places: what lies there is named, and all else copied."""

import mmap
import os
import random
import re
import subprocess
import tempfile
from pathlib import Path

from comparelib.tools import fastsync_binary
from riglib import filesystem
from riglib.disk import Disk

from .rigs import MIB, RigTest

BLOCK = 4096


def place_of(content, image):
    """Where a block lies on the disk that an image is, whatever the filesystem says."""
    with open(image, "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as disk:
        place = disk.find(content)
    if place < 0 or place % BLOCK:
        raise AssertionError("the block is not on the disk")
    return place


class ReadErrorTests(RigTest):
    """Small, medium and large files, each kind with one that is bad in the middle."""

    SIZES = {"small": 20_000, "medium": 300_000, "large": 6 * MIB}

    def setUp(self):
        super().setUp()
        if not fastsync_binary():
            self.skipTest("there is no fastsync (swift build -c release, or set FASTSYNC)")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.faults = self.folder / "faults"

    def make_tree(self, root):
        rng = random.Random(1)
        for kind, size in self.SIZES.items():
            (root / kind).mkdir(parents=True)
            for number in range(3):
                (root / kind / f"file-{number}").write_bytes(rng.randbytes(size))

    def bad_places(self, root, image):
        """The middle block of one file of each kind: where it lies, and where in the file."""
        bad = {}
        for kind, size in self.SIZES.items():
            offset, name = size // 2 // BLOCK * BLOCK, f"{kind}/file-1"
            bad[name] = (place_of((root / name).read_bytes()[offset:offset + BLOCK], image), offset)
        return bad

    def fastsync(self, *words):
        return subprocess.run([fastsync_binary(), *words], capture_output=True, text=True, check=False)

    def check(self, name, options):
        rig = self.rig(filesystem=name, size_bytes=384 * MIB, rate_mb_s=0, seek_ms=0, flush_ms=0,
                       fault_file=str(self.faults))
        root = Path(rig.mount_point)
        self.make_tree(root / "tree")
        os.sync()
        bad = self.bad_places(root / "tree", Disk(rig.directory).image_file)
        lines = "".join(f"eio_read {place} {place + BLOCK}\n" for place, _ in bad.values())
        fresh = self.faults.with_suffix(".new")
        fresh.write_text(lines)
        fresh.rename(self.faults)
        for number, words in enumerate(options):
            # Nothing of it in the cache, or the disk would not be asked.
            filesystem.unmount(rig.mount_point)
            filesystem.mount(rig.devices, name, rig.mount_point)
            with self.subTest(filesystem=name, options=words):
                self.check_run(root / "tree", self.folder / f"copy-{name}-{number}", words, bad)

    def check_run(self, tree, copy, words, bad):
        done = self.fastsync(*words, f"{tree}/", f"{copy}/")
        self.assertEqual(done.returncode, 23, done.stderr)
        told = [line for line in done.stderr.splitlines() if "cannot read" in line]
        self.assertEqual(len(told), len(bad), done.stderr)
        for name, (_, offset) in bad.items():
            line = next((line for line in told if f"{tree}/{name}:" in line), None)
            self.assertIsNotNone(line, done.stderr)
            found = re.search(r"at offset (\d+) \((\d+) bytes\)", line)
            self.assertIsNotNone(found, line)
            first, count = map(int, found.groups())
            self.assertTrue(first <= offset + BLOCK and offset < first + count, line)
            self.assertFalse((copy / name).exists(), name)
        for kind in self.SIZES:
            for number in (0, 2):
                name = f"{kind}/file-{number}"
                self.assertEqual((tree / name).read_bytes(), (copy / name).read_bytes(), name)

    OPTIONS = [[f"--io-engine={engine}", f"--cache={mode}:keep"]
               for engine in ("uring", "sync") for mode in ("advise", "direct", "keep")]

    def test_files_on_xfs(self):
        self.check("xfs", self.OPTIONS)

    def test_files_on_ext4(self):
        self.check("ext4", self.OPTIONS)

    def test_files_on_btrfs(self):
        self.check("btrfs", [words for words in self.OPTIONS if "direct:keep" not in words[1]])
