# SPDX-License-Identifier: Apache-2.0
"""What is shown while it runs, on standard error: one line on a terminal, else a line per run."""

import sys


class Progress:
    """Counts the runs and shows the present one."""

    def __init__(self):
        self.total, self._number, self._label = 0, 0, ""
        self._live = sys.stderr.isatty()

    def say(self, text):
        self._line(text)

    def begin(self, label):
        self._number += 1
        self._label = f"[{self._number}/{self.total}] {label}"
        self.tick(0)

    def tick(self, seconds):
        if self._live:
            sys.stderr.write(f"\r\033[K{self._label} ... {seconds:.1f} s")
            sys.stderr.flush()

    def end(self, run):
        returned = "" if run["return_s"] is None else f"{run['return_s']:.2f} s to return, "
        text = f"{self._label}: {returned}{run['durable_s']:.2f} s to durable"
        self._line(text + (f" - {run['error']}" if run.get("error") else ""))

    def _line(self, text):
        sys.stderr.write(f"\r\033[K{text}\n" if self._live else f"{text}\n")
        sys.stderr.flush()
