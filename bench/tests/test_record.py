# SPDX-License-Identifier: Apache-2.0
"""The recorded session that the README shows."""

import json
import re
import socket
import unittest
from pathlib import Path

_DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class SessionTests(unittest.TestCase):
    def setUp(self):
        with open(_DOCS / "session.cast", encoding="utf-8") as file:
            self.header, *self.events = (json.loads(line) for line in file)
        self.text = _ESCAPE.sub("", "".join(data for _, _, data in self.events))

    def test_it_is_a_cast(self):
        self.assertEqual(self.header["version"], 2)
        self.assertGreaterEqual(self.header["width"], 80)
        times = [time for time, _, _ in self.events]
        self.assertEqual(times, sorted(times))
        self.assertEqual({kind for _, kind, _ in self.events}, {"o"})

    def test_it_shows_a_run(self):
        shown = re.sub(r"\s+", " ", self.text)
        for words in ("fastsync -n /mnt/old/ /mnt/new/", " left", "reads ", "Copied 1,505 files (714 MB)",
                      "until all was on the disk: ", "Limit: target disk ", "on stable storage (exit status 0)"):
            self.assertIn(words, shown)

    def test_it_tells_nothing_of_the_machine(self):
        for word in (socket.gethostname(), "/work", "/root", "/home", "/tmp", "/run/"):
            self.assertNotIn(word, self.text)

    def test_its_picture_is_one(self):
        self.assertEqual((_DOCS / "session.png").read_bytes()[:8], b"\x89PNG\r\n\x1a\n")
