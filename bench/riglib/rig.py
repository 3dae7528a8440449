# SPDX-License-Identifier: Apache-2.0
"""One rig: an image in memory, perhaps a disk server, a loop device and a mounted filesystem.

Everything a rig consists of is found below its own directory: the mount points and the loop
devices' backing files lie there, and the processes' ids are written there. So `down` needs no
memory of how far `up` came, and never sees what belongs to somebody else.
"""

import contextlib
import json
import os
import shutil
import time
from pathlib import Path

from . import filesystem, loop, system
from .build import disk_server
from .errors import RigError
from .spec import DiskSpec, check_name

ROOT = Path("/run/fastsync-rig")
_MEMORY_SPARE_BYTES = 1 << 30
_TOUCH_BYTES = 4 << 20


class Rig:
    """A rig by its name; its state is in its directory, not in this object."""

    def __init__(self, name):
        self.name = check_name(name)
        self.directory = ROOT / name
        self.mount_point = self.directory / "mount"
        self.settings_file = self.directory / "settings"
        self.counters_file = self.directory / "counters"
        self._state_file = self.directory / "state.json"

    # Making and removing

    def up(self, spec):
        """Makes the rig. If anything fails on the way, everything made so far is removed."""
        spec = spec.resolved()
        if os.geteuid() != 0:
            raise RigError("rigs need root: they mount, and make loop devices")
        needed = spec.size_bytes + _MEMORY_SPARE_BYTES
        if system.memory_available_bytes() < needed:
            raise RigError(f"not enough free memory: the disk's bytes are kept there "
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
        self._unmount_all(self.mount_point)
        self._detach_loops()
        self._unmount_all(self.directory / "nbd")
        for pid, started in self._state().get("processes", []):
            if not system.stop(pid, started):
                raise RigError(f"process {pid} of rig {self.name} does not end")
        self._unmount_all(self.directory)
        shutil.rmtree(self.directory)
        with contextlib.suppress(OSError):
            ROOT.rmdir()

    # What it is

    @property
    def spec(self):
        return DiskSpec(**self._state()["spec"])

    @property
    def device(self):
        devices = loop.below(self.directory)
        if not devices:
            raise RigError(f"rig {self.name} has no device (rig down {self.name})")
        return devices[0]

    def counters(self):
        """The disk server's counters as they are now; empty for a disk that is plain memory."""
        if not self.spec.is_served:
            return {}
        asked = time.time()
        system.wait_until(lambda: self._counters_time() > asked, 10, "fresh counters")
        lines = self.counters_file.read_text().splitlines()
        return {key: float(value) if "." in value else int(value)
                for key, value in (line.split() for line in lines)}

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
        filesystem.mount(self.device, self.spec.filesystem, self.mount_point)

    def reformat(self):
        """A new, empty filesystem."""
        filesystem.unmount(self.mount_point)
        filesystem.make(self.device, self.spec.filesystem, self.spec.discards)
        filesystem.mount(self.device, self.spec.filesystem, self.mount_point)

    # The parts

    def _build(self, spec):
        state = {"spec": vars(spec), "processes": []}
        self._save(state)
        backing = self._make_image(spec)
        if spec.is_served:
            backing = self._serve(spec, state, backing)
        self._attach_loop(spec, state, backing)
        self.mount_point.mkdir()
        with self.untimed():
            filesystem.make(self.device, spec.filesystem, spec.discards)
            filesystem.mount(self.device, spec.filesystem, self.mount_point)

    def _make_image(self, spec):
        """The image in a tmpfs of its own, every page touched: first touch is the host's cost."""
        memory = self.directory / "image"
        memory.mkdir(mode=0o700)
        # Some room for the tmpfs's own bookkeeping.
        size_bytes = spec.size_bytes + (4 << 20)
        system.run("mount", "-t", "tmpfs", "-o", f"size={size_bytes},mode=0700", "fastsync-rig", memory)
        image, zeroes = memory / "disk.img", bytes(_TOUCH_BYTES)
        with open(image, "wb", buffering=0) as file:
            for start in range(0, spec.size_bytes, _TOUCH_BYTES):
                file.write(zeroes[:min(_TOUCH_BYTES, spec.size_bytes - start)])
        return image

    def _serve(self, spec, state, image):
        """The disk server, and nbdfuse that shows it as a file. One connection, one thread: more
        would scramble the order of the requests."""
        socket, shown = self.directory / "socket", self.directory / "nbd"
        self._write_settings(untimed=True, spec=spec)
        faults = [os.path.abspath(spec.fault_file)] if spec.fault_file else []
        server = [disk_server(), socket, image, self.settings_file, self.counters_file, *faults]
        self._start(state, server)
        system.wait_until(socket.exists, 10, "the start of the disk server")
        shown.touch()
        self._start(state, ["nbdfuse", "-s", "-C", "1", shown, "--unix", socket])
        try:
            system.wait_until(lambda: system.mounts_below(shown), 10, "the start of nbdfuse")
        except RigError as error:
            raise RigError(f"{error}: {self._log().read_text().strip()}") from None
        return shown

    def _start(self, state, command):
        # The server itself ends without a client, so a kill between these two lines leaves nothing.
        state["processes"].append(system.start(command, self._log()))
        self._save(state)

    def _attach_loop(self, spec, state, backing):
        def created(number):
            state["loop"] = number
            self._save(state)

        device = loop.attach(backing, created)
        system.queue_write(device, "rotational", int(spec.rotational))
        if not spec.discards:
            # The loop driver offers TRIM for any backing file, and programs take it as a hint.
            system.queue_write(device, "discard_max_bytes", 0)

    def _unmount_all(self, below):
        for point in system.mounts_below(below):
            deadline = time.monotonic() + 3
            while True:
                try:
                    filesystem.unmount(point)
                    break
                except RigError as error:
                    if time.monotonic() > deadline:
                        raise RigError(f"{error} (is something still using it?)") from None
                    time.sleep(0.1)

    def _detach_loops(self):
        for device in loop.below(self.directory):
            loop.detach(device)
        system.wait_until(lambda: not loop.below(self.directory), 5,
                          f"the end of {self.name}'s loop device")
        number = self._state().get("loop")
        if number is not None:
            loop.remove(number)

    # Its state

    def _log(self):
        return self.directory / "log"

    def _state(self):
        try:
            return json.loads(self._state_file.read_text())
        except (OSError, ValueError):
            return {}

    def _save(self, state):
        fresh = self._state_file.with_suffix(".new")
        fresh.write_text(json.dumps(state, indent=1))
        fresh.rename(self._state_file)

    def _write_settings(self, untimed, spec=None):
        fresh = self.settings_file.with_suffix(".new")
        fresh.write_text((spec or self.spec).settings_text(untimed))
        fresh.rename(self.settings_file)

    def _counters_time(self):
        try:
            return self.counters_file.stat().st_mtime
        except OSError:
            return 0


def every():
    """The rigs there are, whole or half-made."""
    return [Rig(path.name) for path in sorted(ROOT.iterdir())] if ROOT.is_dir() else []
