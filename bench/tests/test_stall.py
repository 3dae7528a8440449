# SPDX-License-Identifier: Apache-2.0
"""A disk that stops for a while, as shingled disks do while they clean up."""

import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from comparelib.tools import fastsync_binary

from .rigs import MIB, RigTest

STALL_S = 7


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

    def test_it_is_said_and_waited_for(self):
        rig = self.rig(rate_mb_s=60)
        with tempfile.NamedTemporaryFile() as file:
            file.write(os.urandom(MIB) * 128)
            file.flush()
            copy = subprocess.Popen([fastsync_binary(), file.name, f"{rig.mount_point}/copy"],
                                    stderr=subprocess.PIPE, text=True)
            time.sleep(0.7)
            server = self.server(rig)
            os.kill(server, signal.SIGSTOP)
            try:
                time.sleep(STALL_S)
            finally:
                os.kill(server, signal.SIGCONT)
            _, told = copy.communicate(timeout=60)
            self.assertEqual(copy.returncode, 0, told)
            first, second = told.splitlines()
            self.assertRegex(first, rf"target disk {rig.device.name} stalls: nothing completed since "
                                    r"\d\d:\d\d:\d\d, \d+ requests wait")
            self.assertRegex(second, rf"target disk {rig.device.name} goes on after \d+ s")
            self.assertEqual(Path(rig.mount_point, "copy").read_bytes(), Path(file.name).read_bytes())
