# SPDX-License-Identifier: Apache-2.0
"""Differences that are meant, by their keys in docs/rsync-differences.md: what it does not have is not excused."""

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent.parent / "docs/rsync-differences.md"
_ROW = re.compile(r"^\| `([a-z-]+)` \|", re.MULTILINE)

# Key -> whether a difference of a case is that one: (case, difference) -> bool.
EXCUSES = {}


def excuse(key):
    def kept(function):
        EXCUSES[key] = function
        return function
    return kept


def keys(page=PAGE):
    """The keys that the page has."""
    return set(_ROW.findall(page.read_text())) if page.exists() else set()


class Listed:
    """What is excused, and how often it was."""

    def __init__(self, known=None):
        self._known = {key: EXCUSES[key] for key in sorted((keys() if known is None else known) & EXCUSES.keys())}
        self.counts = dict.fromkeys(self._known, 0)

    def left(self, case, differences):
        """The differences that no key excuses."""
        return [difference for difference in differences if not self._is_excused(case, difference)]

    def _is_excused(self, case, difference):
        for key, matches in self._known.items():
            if matches(case, difference):
                self.counts[key] += 1
                return True
        return False
