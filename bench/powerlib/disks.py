# SPDX-License-Identifier: Apache-2.0
"""The disk whose power is cut: a rig that can be put back to what it held."""

import os

from riglib import filesystem, system
from riglib.disk import Disk, unmount_all
from riglib.rig import Rig
from riglib.spec import MIB, DiskSpec

_PART_BYTES = MIB
_POWER_S_MAX = 60


class BrokenDisk:
    """One disk with a filesystem; faults are asked for, and taken back by `heal`."""

    def __init__(self, name, filesystem_name, size_bytes, disk, rate_mb_s):
        self._rig = Rig(name)
        self._fault_file = self._rig.directory / "faults"
        self._spec = DiskSpec(disk=disk, filesystem=filesystem_name, size_bytes=size_bytes,
                              rate_mb_s=rate_mb_s, fault_file=str(self._fault_file))
        self._kept = {}

    def __enter__(self):
        self._rig.up(self._spec)
        self._image = Disk(self._rig.directory).image_file
        return self

    def __exit__(self, *_):
        try:
            self.heal()
        finally:
            self._rig.down()

    @property
    def mount_point(self):
        return self._rig.mount_point

    # Putting it back

    def keep(self):
        """Remembers what the disk holds now."""
        self._unmount()
        self._flush()
        zeroes = bytes(_PART_BYTES)
        with open(self._image, "rb") as image:
            for place in range(0, self._spec.size_bytes, _PART_BYTES):
                part = image.read(_PART_BYTES)
                if part != zeroes:
                    self._kept[place] = part
        self._mount()

    def restore(self):
        """The disk as it was when `keep` was called."""
        self.heal()
        self._unmount()
        self._flush()
        with open(self._image, "r+b", buffering=0) as image:
            image.truncate(0)
            image.truncate(self._spec.size_bytes)
            for place, part in self._kept.items():
                image.seek(place)
                image.write(part)
        self._mount()

    def remount(self):
        """What a start of the machine does: the journal is replayed, and nothing is cached."""
        self._unmount()
        self._mount()

    def _mount(self):
        filesystem.mount(self._rig.devices, self._spec.filesystem, self.mount_point)

    def _unmount(self):
        unmount_all(self.mount_point)

    def _flush(self):
        """Nothing that was written is remembered for a power cut."""
        device = os.open(self._rig.device, os.O_RDWR | os.O_CLOEXEC)
        try:
            os.fsync(device)
        finally:
            os.close(device)

    # What it has done

    @property
    def written_bytes(self):
        """By the kernel's count, that of requests that are done."""
        return int((self._statistics()).split()[6]) * 512

    def _statistics(self):
        with open(f"/sys/block/{self._rig.device.name}/stat", encoding="ascii") as file:
            return file.read()

    # Faults

    def cut(self, seed, keep_percent, after_bytes):
        """No power once so many bytes more have been written."""
        self._ask(f"cut {seed} {keep_percent} {after_bytes}\n")

    def fail_writes(self, start, end):
        """Writes to a part of the disk fail."""
        self._ask(f"eio_write {start} {end}\n")

    def fail_flushes(self):
        """What the disk was asked to keep may still be lost."""
        self._ask("eio_flush\n")

    def fill(self, spare_bytes):
        """Of what has not been written yet only so much can be."""
        self._room(os.stat(self._image).st_blocks * 512 + spare_bytes)

    def heal(self):
        """Power, room, and a disk without faults."""
        self._room(self._spec.size_bytes + 4 * MIB)
        if self._has_power():
            return self._ask("")
        # A disk without power answers again only after what was mounted is gone.
        self._unmount()
        self._ask("")
        system.wait_until(self._has_power, _POWER_S_MAX, "the return of power")
        return self._mount()

    def _room(self, size_bytes):
        """How much the image's tmpfs may hold."""
        system.run("mount", "-o", f"remount,size={size_bytes}", self._image.parent)

    def _has_power(self):
        return not self._rig.counters()["power_cut"]

    def _ask(self, text):
        fresh = self._fault_file.with_suffix(".new")
        fresh.write_text(text)
        fresh.rename(self._fault_file)
        # What is counted later was counted by a server that has read it.
        self._rig.counters()
