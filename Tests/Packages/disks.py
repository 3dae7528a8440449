# SPDX-License-Identifier: Apache-2.0
"""Filesystems and disks in files, for a clean root."""

import contextlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from cleanroot import run

MIB = 1 << 20


class Disks:
    """Disks of one root, and the folder that they lie in."""

    def __init__(self, root):
        self.root = root
        self.folder = Path(tempfile.mkdtemp(prefix="fastsync-disks-", dir="/var/tmp"))
        self.devices = []

    def filesystem(self, place, mebibytes=96):
        """Mounts a new ext4 in the root."""
        image = self._image(mebibytes)
        run("mkfs.ext4", "-q", image)
        where = self.root.path / place[1:]
        where.mkdir(parents=True, exist_ok=True)
        run("mount", "-o", "loop", image, where)
        # Names at the target are those of the source alone.
        (where / "lost+found").rmdir()

    def device(self, name, mebibytes, contents=b""):
        """Puts a disk into the root's /dev, under a name that it likes."""
        image = self._image(mebibytes)
        image.open("r+b").write(contents)
        found = run("losetup", "-f", "--show", image).strip()
        self.devices.append(found)
        numbers = run("stat", "-c", "%Hr %Lr", found).split()
        run("mknod", self.root.path / "dev" / name, "b", *numbers)
        return image

    def _image(self, mebibytes):
        image = self.folder / f"disk-{len(list(self.folder.iterdir()))}"
        with image.open("wb") as file:
            file.truncate(mebibytes * MIB)
        return image

    def close(self):
        """After the root, whose mounts are on them."""
        for device in self.devices:
            with contextlib.suppress(AssertionError):
                run("losetup", "-d", device)
        shutil.rmtree(self.folder)


def obstacle():
    """Why there can be no disks in files, or nothing."""
    tried = subprocess.run(["losetup", "-f"], check=False, capture_output=True, text=True)
    return None if tried.returncode == 0 else f"no loop devices: {tried.stderr.strip()}"


def fill(folder):
    """Puts a small tree with some of everything into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "letters").mkdir()
    for number in range(30):
        (folder / "letters" / f"letter {number}").write_bytes(f"{number}\n".encode() * (1 + 97 * number))
    (folder / "large").write_bytes(bytes(range(256)) * 16 * 1024)
    (folder / "link").symlink_to("letters/letter 3")
    (folder / "further name").hardlink_to(folder / "letters/letter 4")
    (folder / "script").write_text("#!/bin/sh\n")
    (folder / "script").chmod(0o750)
    with (folder / "holes").open("wb") as file:
        file.seek(8 * MIB)
        file.write(b"end")


def state(folder, counts_names=True):
    """What two trees that are the same have in common: {path: facts}."""
    form = f"%P\\t%y %m %U %G {'%n' if counts_names else ''} %l %T@\\0"
    facts = run("find", folder, "-printf", form).split("\0")[:-1]
    found = dict(line.split("\t", 1) for line in facts)
    sums = run("find", folder, "-type", "f", "-exec", "sha256sum", "-z", "{}", "+").split("\0")[:-1]
    for line in sums:
        digest, path = line.split("  ", 1)
        found[str(Path(path).relative_to(folder))] += f" {digest}"
    return found
