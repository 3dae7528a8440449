# SPDX-License-Identifier: Apache-2.0
"""Types into a shell on a terminal of its own, and keeps what it shows as a cast (asciinema, version 2)."""

import fcntl
import json
import os
import pty
import random
import select
import struct
import termios
import time

COLUMNS, ROWS = 90, 28
PROMPT = "$ "
_SECONDS_MAX = 300


class Session:
    """A shell that knows nothing of the machine's user."""

    def __init__(self, folder):
        self.events = []
        self._shown = b""
        self._start = time.monotonic()
        pid, self._terminal = pty.fork()
        if pid == 0:
            own = {"PS1": PROMPT, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "PATH": f"{folder}:/usr/bin:/bin"}
            os.chdir("/")
            os.execve("/bin/bash", ["bash", "--norc", "--noediting"], own)
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self._wait_for_prompt()

    def _read(self, seconds):
        if not select.select([self._terminal], [], [], seconds)[0]:
            return False
        part = os.read(self._terminal, 65536)
        self._shown += part
        self.events.append([round(time.monotonic() - self._start, 6), "o", part.decode(errors="replace")])
        return True

    def _wait_for_prompt(self):
        end = time.monotonic() + _SECONDS_MAX
        while not self._shown.endswith(PROMPT.encode()) or self._read(0.3):
            if time.monotonic() > end:
                raise TimeoutError("the command does not end")
            self._read(0.1)

    def _rest(self, seconds):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._read(left)

    def run(self, line):
        """Types a line as somebody would, and waits until it is done."""
        chance = random.Random(line)
        for letter in line:
            os.write(self._terminal, letter.encode())
            self._rest(chance.uniform(0.02, 0.09))
        self._rest(0.5)
        self._shown = b""
        os.write(self._terminal, b"\n")
        self._wait_for_prompt()
        self._rest(2)

    def end(self):
        os.close(self._terminal)

    def write(self, path, title):
        """Writes the cast."""
        header = {"version": 2, "width": COLUMNS, "height": ROWS, "title": title,
                  "env": {"SHELL": "/bin/bash", "TERM": "xterm-256color"}}
        with open(path, "w", encoding="utf-8") as file:
            for line in [header, *self.events]:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
