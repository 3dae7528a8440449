# SPDX-License-Identifier: Apache-2.0
"""One simulated disk: an image in memory, perhaps a disk server, and a loop device.

A rig has one disk or several, each in a directory of its own. The mounts and the loop device's
backing file lie in there, and the processes' ids are written there: see rig.py.
"""

import json
import os
import time

from . import filesystem, loop, system
from .build import disk_server
from .errors import RigError

_TOUCH_BYTES = 4 << 20
# How long a process or the kernel may need to do what it was told, on a machine that is busy.
_ANSWER_S_MAX = 60


class Disk:
    """A disk by its directory; its state is in there, not in this object."""

    def __init__(self, directory):
        self.directory = directory
        self.settings_file = directory / "settings"
        self.counters_file = directory / "counters"
        self.image_file = directory / "image" / "disk.img"
        self._state_file = directory / "disk.json"

    # Making and removing

    def up(self, spec):
        """Makes image, server and loop device; what was made is left to `down` if that fails."""
        backing = self._make_image(spec)
        if spec.is_served:
            backing = self._serve(spec, backing)
        self._attach_loop(spec, backing)

    def down(self):
        """Removes loop device and server; the image goes with the rig's mounts."""
        self._detach_loop()
        unmount_all(self.directory / "nbd")
        for pid, started in self._state()["processes"]:
            if not system.stop(pid, started):
                raise RigError(f"process {pid} of {self.directory} does not end")

    # What it is

    @property
    def device(self):
        devices = loop.below(self.directory)
        if not devices:
            raise RigError(f"there is no device in {self.directory}")
        return devices[0]

    def counters(self, asked):
        """The disk server's counters, written after the moment `asked`."""
        system.wait_until(lambda: self._counters_time() > asked, _ANSWER_S_MAX, "fresh counters")
        lines = self.counters_file.read_text().splitlines()
        return {key: float(value) if "." in value else int(value)
                for key, value in (line.split() for line in lines)}

    def write_settings(self, spec, untimed):
        fresh = self.settings_file.with_suffix(".new")
        fresh.write_text(spec.settings_text(untimed))
        fresh.rename(self.settings_file)

    # The parts

    def _make_image(self, spec):
        """The image in a tmpfs of its own, every page touched: first touch is the host's cost."""
        memory = self.image_file.parent
        memory.mkdir(mode=0o700)
        # Some room for the tmpfs's own bookkeeping.
        size_bytes = spec.size_bytes + (4 << 20)
        system.run("mount", "-t", "tmpfs", "-o", f"size={size_bytes},mode=0700", "fastsync-rig", memory)
        zeroes = bytes(_TOUCH_BYTES)
        with open(self.image_file, "wb", buffering=0) as file:
            for start in range(0, spec.size_bytes, _TOUCH_BYTES):
                file.write(zeroes[:min(_TOUCH_BYTES, spec.size_bytes - start)])
        return self.image_file

    def _serve(self, spec, image):
        """The disk server, and nbdfuse that shows it as a file. One connection, one thread: more
        would scramble the order of the requests."""
        socket, shown = self.directory / "socket", self.directory / "nbd"
        self.write_settings(spec, untimed=True)
        faults = [os.path.abspath(spec.fault_file)] if spec.fault_file else []
        self._start([disk_server(), socket, image, self.settings_file, self.counters_file, *faults])
        system.wait_until(socket.exists, _ANSWER_S_MAX, "the start of the disk server")
        shown.touch()
        self._start(["nbdfuse", "-s", "-C", "1", shown, "--unix", socket])
        try:
            system.wait_until(lambda: system.mounts_below(shown), _ANSWER_S_MAX, "the start of nbdfuse")
        except RigError as error:
            raise RigError(f"{error}: {self._log().read_text().strip()}") from None
        return shown

    def _start(self, command):
        # The server itself ends without a client, so a kill between these two lines leaves nothing.
        started = system.start(command, self._log())
        state = self._state()
        self._save(state | {"processes": [*state["processes"], started]})

    def _attach_loop(self, spec, backing):
        device = loop.attach(backing, lambda number: self._save(self._state() | {"loop": number}))
        system.queue_write(device, "rotational", int(spec.rotational))
        # Linux gives real disks a scheduler, and loop devices none: what is queued together is sorted.
        system.queue_write(device, "scheduler", spec.scheduler)
        if not spec.discards:
            # The loop driver offers TRIM for any backing file, and programs take it as a hint.
            system.queue_write(device, "discard_max_bytes", 0)

    def _detach_loop(self):
        for device in loop.below(self.directory):
            loop.detach(device)
        system.wait_until(lambda: not loop.below(self.directory), _ANSWER_S_MAX,
                          f"the end of the loop device in {self.directory}")
        number = self._state()["loop"]
        if number is not None:
            loop.remove(number)

    # Its state

    def _log(self):
        return self.directory / "log"

    def _state(self):
        return {"processes": [], "loop": None} | system.read_json(self._state_file)

    def _save(self, state):
        system.write_json(self._state_file, state)

    def _counters_time(self):
        try:
            return self.counters_file.stat().st_mtime
        except OSError:
            return 0


def unmount_all(below):
    """Unmounts what is mounted at or below a path; something that just ended may still hold it."""
    for point in system.mounts_below(below):
        deadline = time.monotonic() + 10
        while True:
            try:
                filesystem.unmount(point)
                break
            except RigError as error:
                if time.monotonic() > deadline:
                    raise RigError(f"{error} (is something still using it?)") from None
                time.sleep(0.1)
