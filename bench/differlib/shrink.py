# SPDX-License-Identifier: Apache-2.0
"""Takes options and entries away for as long as the two programs still differ in the same way."""

import time
from dataclasses import replace

from .options import SELECTING

_TRIALS_MAX = 250
# Of some cases rsync itself does not end, and each that is tried takes as long as is waited for.
_SPENT_MAX_S = 60


def kind(difference):
    """What two differences have in common that are likely to have one cause."""
    expected, actual = difference.expected, difference.actual
    if difference.aspect == "exit":
        return ("exit", str(expected).split(" ")[0], str(actual).split(" ")[0])
    if difference.aspect == "output":
        return ("output", _form(expected), _form(actual))
    if difference.aspect in ("kind", "entry"):
        return (difference.aspect, expected, actual)
    return (difference.aspect,)


def _form(line):
    """An itemized line's letters, or the first word."""
    return line and line[:11].split(b" ")[0].decode(errors="backslashreplace")


class Shrinker:
    """Finds a smaller case by running it: `differences(case)` says what differs."""

    def __init__(self, differences):
        self._differences, self._trials, self._spent_s = differences, 0, 0.0

    def shrink(self, case, found):
        """The smallest case that was found, and its differences."""
        # Which code a run ends with says the least about what went wrong, but is easy to keep.
        wanted = kind(found[0])
        for smaller in (self._options, self._settings, self._operands, self._entries, self._options, self._details):
            case, found = smaller(case, found, wanted)
        return case, found

    def _try(self, case, found, wanted, changed):
        if self._trials >= _TRIALS_MAX or self._spent_s >= _SPENT_MAX_S:
            return case, found
        self._trials += 1
        start = time.monotonic()
        now = self._differences(changed)
        self._spent_s += time.monotonic() - start
        if any(kind(difference) == wanted for difference in now):
            return changed, now
        return case, found

    def _options(self, case, found, wanted):
        for option in list(case.options):
            rest = list(case.options)
            if option in rest:
                rest.remove(option)
                if not case.bare and not any(word in SELECTING for each in rest for word in each):
                    continue
                # What differs by nanoseconds alone is meant to be a difference without it.
                if case.exact_times and option[0].startswith(("-@", "--modify-window")):
                    continue
                case, found = self._try(case, found, wanted, replace(case, options=rest))
        return case, found

    def _settings(self, case, found, wanted):
        for setting in ({"user": 0}, {"umask": 0o022}, {"bundled": False}, {"locale": "C.UTF-8"}):
            changed = replace(case, **setting)
            if changed != case:
                case, found = self._try(case, found, wanted, changed)
        return case, found

    def _operands(self, case, found, wanted):
        for number in range(len(case.operands) - 2, -1, -1):
            if len(case.operands) > 2:
                rest = case.operands[:number] + case.operands[number + 1:]
                case, found = self._try(case, found, wanted, replace(case, operands=rest))
        return case, found

    def _entries(self, case, found, wanted):
        for root in (b"alt1", b"alt2", b"src2", b"outside", b"tmp", b"lists", b"dst"):
            case, found = self._without(case, found, wanted, root)
        for name in sorted(case.tree, reverse=True):
            case, found = self._without(case, found, wanted, name)
        return case, found

    def _without(self, case, found, wanted, name):
        gone = {each for each in case.tree if each == name or each.startswith(name + b"/")}
        gone |= {each for each, node in case.tree.items() if node.link in gone}
        if not gone or b"src" in gone:
            return case, found
        tree = {each: node for each, node in case.tree.items() if each not in gone}
        return self._try(case, found, wanted, replace(case, tree=tree))

    def _details(self, case, found, wanted):
        for name in sorted(case.tree):
            node = case.tree[name]
            for detail in ({"uid": 0, "gid": 0}, {"xattrs": ()}, {"mode": 0o755 if node.kind == "dir" else 0o644},
                           {"link": None}):
                node = case.tree[name]
                changed = replace(node, **detail)
                if changed != node and (node.link is None or "link" in detail):
                    case, found = self._try(case, found, wanted, replace(case, tree=_linked(case.tree, name, changed)))
        return case, found


def _linked(tree, name, node):
    """The tree with another node under a name, and under those that are linked to it."""
    changed = {**tree, name: node}
    for each, other in tree.items():
        if other.link == name:
            changed[each] = replace(node, link=name)
    return changed
