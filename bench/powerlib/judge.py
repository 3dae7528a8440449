# SPDX-License-Identifier: Apache-2.0
"""Whether what a broken run left under each name is old, new or neither."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from .entries import scan, without_metadata

_BLOCK_BYTES = 4096
_EXAMPLES = 5


@dataclass
class Verdict:
    """The names of one target that are neither old nor new."""

    kinds: Counter = field(default_factory=Counter)
    # Wrong contents of the right size and time: a quick check would keep them.
    kept: int = 0
    # Gone, where a directory and something else change places.
    between: list = field(default_factory=list)
    # Names of neither tree.
    leftovers: list = field(default_factory=list)
    examples: list = field(default_factory=list)

    @property
    def broken(self):
        return sum(self.kinds.values())


class Judge:
    """Knows the source and what the target was before."""

    def __init__(self, source, old):
        self.source = Path(source)
        self.old, self.new = old, scan(source)

    def verdict(self, target):
        """Looks at every name there is or ought to be."""
        seen, verdict = scan(target), Verdict()
        known = self.old.keys() | self.new.keys()
        verdict.leftovers = sorted(seen.keys() - known)
        for name in sorted(known):
            old, new, now = self.old.get(name), self.new.get(name), seen.get(name)
            if self._is_between(old, new, now):
                verdict.between.append(name)
            elif not self._is_whole(old, new, now):
                self._add(verdict, name, now, Path(target, name))
        return verdict

    @staticmethod
    def _is_between(old, new, now):
        """rename(2) cannot put a file where a directory is, nor the other way round."""
        return bool(now is None and old and new and old.is_directory != new.is_directory)

    @staticmethod
    def _is_whole(old, new, now):
        if now is None:
            return old is None
        if now in (old, new):
            return True
        known = [entry for entry in (old, new) if entry]
        if now.is_directory:
            # A directory gets what belongs to it when all that is in it is there.
            return any(entry.is_directory for entry in known)
        if len(known) == 2 and without_metadata(old) == without_metadata(new) == without_metadata(now):
            return Judge._is_repaired(old, new, now)
        return False

    @staticmethod
    def _is_repaired(old, new, now):
        """Nothing to copy: what differs is set in place, one after the other, and while others get at it
        they may do no more than both modes let them."""
        before, after, present = (dict(entry.xattrs) for entry in (old, new, now))
        return (now.owner in (old.owner, new.owner)
                and (now.mode in (old.mode, new.mode) or not now.mode & 0o7077 & ~(old.mode & new.mode))
                and all(present.get(name) in (before.get(name), after.get(name))
                        for name in before.keys() | after.keys() | present.keys()))

    def _add(self, verdict, name, now, path):
        old, new = self.old.get(name), self.new.get(name)
        kind = self._kind(name, old, new, now, path)
        verdict.kinds[kind] += 1
        if kind not in ("missing", "metadata") and new and now.is_file and (
                (now.size, now.mtime_ns) == (new.size, new.mtime_ns)):
            verdict.kept += 1
        if len(verdict.examples) < _EXAMPLES:
            verdict.examples.append(f"{kind}: {name}")

    def _kind(self, name, old, new, now, path):
        """In a word what is wrong with it."""
        if now is None:
            return "missing"
        if now.kind not in [entry.kind for entry in (old, new) if entry]:
            return "type"
        if now.content in [entry.content for entry in (old, new) if entry and entry.kind == now.kind]:
            return "metadata"
        if not now.is_file or not new or not new.is_file:
            return "mixed"
        if now.content is None:
            return "unreadable"
        return "empty" if now.size == 0 else self._kind_of_contents(self.source / name, path)

    @staticmethod
    def _kind_of_contents(source, path):
        """Reads both: a start of the new contents, the new contents with zeros in them, or neither."""
        right, wrong = source.read_bytes(), path.read_bytes()
        if len(wrong) < len(right) and right.startswith(wrong):
            return "short"
        for start in range(0, len(wrong), _BLOCK_BYTES):
            block = wrong[start:start + _BLOCK_BYTES]
            if block != right[start:start + _BLOCK_BYTES] and any(block):
                return "mixed"
        return "zeros"
