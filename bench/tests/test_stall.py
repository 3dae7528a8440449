# SPDX-License-Identifier: Apache-2.0
"""A disk that stops for a while, as shingled disks do while they clean up."""

import json
import os
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from comparelib.tools import fastsync_binary
from riglib import system

from .rigs import MIB, RigTest

TOLD_S_MAX = 300


class StallTests(RigTest):
    def setUp(self):
        super().setUp()
        if not fastsync_binary():
            self.skipTest("there is no fastsync (swift build -c release, or set FASTSYNC)")

    def server(self, rig):
        """The process id of the disk's server."""
        found = subprocess.run(["pgrep", "-f", f"disk-server {rig.directory}/"], check=True,
                               capture_output=True, text=True)
        return int(found.stdout.split()[0])

    def stall(self, rig, copy):
        """Stops the disk amid the copy until that is told; returns the lines about it."""
        system.wait_until(lambda: rig.counters()["write_bytes"] > 8 * MIB, 120, "the copy's first writes")
        server = self.server(rig)
        os.kill(server, signal.SIGSTOP)
        try:
            said = self.line_about(rig, copy)
        finally:
            os.kill(server, signal.SIGCONT)
        return said, self.line_about(rig, copy)

    def line_about(self, rig, copy):
        """The next line about the disk; on a busy machine other disks may stall as well."""
        for line in copy.stderr:
            if f"target disk {rig.device.name} " in line:
                return line
        return self.fail("the copy ended without a word")

    def test_it_is_said_and_waited_for(self):
        rig = self.rig(rate_mb_s=60)
        with tempfile.NamedTemporaryFile() as file, tempfile.NamedTemporaryFile() as events:
            file.write(os.urandom(MIB) * 128)
            file.flush()
            copy = subprocess.Popen([fastsync_binary(), f"--json={events.name}", file.name, f"{rig.mount_point}/copy"],
                                    stderr=subprocess.PIPE, text=True)
            late = threading.Timer(TOLD_S_MAX, copy.kill)
            late.start()
            try:
                first, second = self.stall(rig, copy)
                copy.communicate()
            finally:
                late.cancel()
                copy.kill()
                copy.wait()
            self.assertEqual(copy.returncode, 0)
            self.assertRegex(first, rf"target disk {rig.device.name} stalls: nothing completed since "
                                    r"\d\d:\d\d:\d\d, \d+ requests wait")
            self.assertRegex(second, rf"target disk {rig.device.name} goes on after \d+ s")
            self.assertEqual(Path(rig.mount_point, "copy").read_bytes(), Path(file.name).read_bytes())
            self.judge_events([json.loads(line) for line in events], rig.device.name)

    def judge_events(self, events, disk):
        """The same, as it is told to machines."""
        mine = [event for event in events if event.get("disk") == disk]
        self.assertEqual([event["event"] for event in mine[:2]], ["stall", "stall_end"])
        stall, end = mine[:2]
        self.assertEqual((stall["role"], end["role"]), ("target", "target"))
        self.assertGreater(stall["requests"], 0)
        self.assertLess(stall["since"], time.time())
        self.assertGreater(end["seconds"], 0)
