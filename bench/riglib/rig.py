# SPDX-License-Identifier: Apache-2.0
"""One rig: a simulated disk, or several, under one mounted filesystem.

Everything a rig consists of is found below its own directory: the mount points and the loop
devices' backing files lie there, and the processes' ids are written there. So `down` needs no
memory of how far `up` came, and never sees what belongs to somebody else.
"""

import contextlib
import os
import shutil
import time
from pathlib import Path

from . import filesystem, system
from .disk import Disk, unmount_all
from .errors import RigError
from .spec import DiskSpec, check_name

ROOT = Path("/run/fastsync-rig")
_MEMORY_SPARE_BYTES = 1 << 30


class Rig:
    """A rig by its name; its state is in its directory, not in this object."""

    def __init__(self, name):
        self.name = check_name(name)
        self.directory = ROOT / name
        self.mount_point = self.directory / "mount"
        self._state_file = self.directory / "state.json"

    # Making and removing

    def up(self, spec):
        """Makes the rig. If anything fails on the way, everything made so far is removed."""
        spec = spec.resolved()
        if os.geteuid() != 0:
            raise RigError("rigs need root: they mount, and make loop devices")
        needed = spec.size_bytes * spec.devices + _MEMORY_SPARE_BYTES
        if system.memory_available_bytes() < needed:
            raise RigError(f"not enough free memory: the disks' bytes are kept there "
                           f"({needed >> 20} MiB with what has to stay free)")
        ROOT.mkdir(mode=0o755, parents=True, exist_ok=True)
        try:
            self.directory.mkdir(mode=0o755)
        except FileExistsError:
            raise RigError(f"{self.name} is there already (rig down {self.name})") from None
        try:
            self._build(spec)
        except BaseException:
            self.down()
            raise

    def down(self):
        """Removes whatever there is of the rig; raises when something is in use."""
        if not self.directory.is_dir():
            raise RigError(f"there is no rig {self.name}")
        unmount_all(self.mount_point)
        for disk in self._disks():
            disk.down()
        unmount_all(self.directory)
        shutil.rmtree(self.directory)
        with contextlib.suppress(OSError):
            ROOT.rmdir()

    # What it is

    @property
    def spec(self):
        return DiskSpec(**system.read_json(self._state_file)["spec"])

    @property
    def devices(self):
        """One for each disk."""
        try:
            return [disk.device for disk in self._disks()]
        except RigError as error:
            raise RigError(f"rig {self.name} is not whole: {error} (rig down {self.name})") from None

    @property
    def device(self):
        """The device of a rig of one disk, the first of several."""
        return self.devices[0]

    def member_counters(self):
        """The disk servers' counters as they are now, one dictionary for each disk; empty for disks
        that are plain memory."""
        if not self.spec.is_served:
            return []
        asked = time.time()
        return [disk.counters(asked) for disk in self._disks()]

    def counters(self):
        """The same, added up over the disks."""
        members = self.member_counters()
        return {key: sum(member[key] for member in members) for key in (members[0] if members else ())}

    # Preparing it for the next measurement

    @contextlib.contextmanager
    def untimed(self):
        """Within this the disk costs no time and counts nothing; at its end the counters are zero."""
        self._write_settings(untimed=True)
        try:
            yield
        finally:
            if self.mount_point.is_mount():
                system.run("sync", "-f", self.mount_point)
            self._write_settings(untimed=False)

    def remount(self):
        """Empties the page cache and the inode cache of the filesystem."""
        filesystem.unmount(self.mount_point)
        filesystem.mount(self.devices, self.spec.filesystem, self.mount_point)

    def reformat(self):
        """A new, empty filesystem."""
        filesystem.unmount(self.mount_point)
        self._make_filesystem(self.spec)

    # The parts

    def _disks(self):
        """The disk of a rig that has one lies in the rig's own directory, others below it."""
        count = system.read_json(self._state_file).get("spec", {}).get("devices", 1)
        if count == 1:
            return [Disk(self.directory)]
        return [Disk(self.directory / f"disk-{number}") for number in range(count)]

    def _build(self, spec):
        system.write_json(self._state_file, {"spec": vars(spec)})
        for disk in self._disks():
            disk.directory.mkdir(exist_ok=True)
            disk.up(spec)
        self.mount_point.mkdir()
        with self.untimed():
            self._make_filesystem(spec)

    def _make_filesystem(self, spec):
        devices = self.devices
        filesystem.make(devices, spec)
        filesystem.mount(devices, spec.filesystem, self.mount_point)

    def _write_settings(self, untimed):
        for disk in self._disks():
            disk.write_settings(self.spec, untimed)


def every():
    """The rigs there are, whole or half-made."""
    return [Rig(path.name) for path in sorted(ROOT.iterdir())] if ROOT.is_dir() else []
