# SPDX-License-Identifier: Apache-2.0
"""Compares what two runs did, and knows which differences the documentation has."""

import re
from dataclasses import dataclass

# What depends on how data travels, and on the clock.
_DROPPED = re.compile(
    rb"^(sent [\d,.KMGT]+ bytes  received |File list (size|generation time|transfer time): |Total bytes (sent|received): )"
    rb"|^$|\r|xfr#|^rsync\[\d+\] \(.*heap statistics:|^  [a-z]+: +-?\d+ |pid=\d|^total: +matches=")
_SPEEDUP = re.compile(rb"  speedup is .*")
_LOG_PREFIX = re.compile(rb"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[\d+\] ")
LOG_NAME = b"log"


@dataclass(frozen=True)
class Difference:
    """One thing that is not the same. `aspect` is exit, output, error, or a field of an entry."""

    aspect: str
    name: bytes
    expected: object
    actual: object

    @property
    def line(self):
        """The line that only one of them has, where it is about output."""
        return self.actual if self.expected is None else self.expected

    def __str__(self):
        where = f" of {self.name.decode(errors='backslashreplace')!r}" if self.name else ""
        return f"{self.aspect}{where}: rsync {_shown(self.expected)}, fastsync {_shown(self.actual)}"


def _shown(value):
    if value is None:
        return "-"
    return value.decode(errors="backslashreplace") if isinstance(value, bytes) else str(value)


def compare(case, expected, actual):
    """All differences between rsync's outcome and fastsync's."""
    case.code = expected.code if expected.code == actual.code else None
    found = []
    if expected.code != actual.code:
        found.append(Difference("exit", b"", _code(expected), _code(actual)))
    if actual.code and not actual.errors.strip():
        found.append(Difference("error", b"", "a line on stderr", "nothing"))
    found += _output(b"", lines(expected.output), lines(actual.output))
    return found + _trees(case, expected.found, actual.found)


_CLOSINGS = ("rsync error: ", "fastsync: not everything was copied")


def _code(outcome):
    """The code, with what was said about it: the first line, and where it is another the reason of the end."""
    said = [line[:160] for line in outcome.errors.decode(errors="backslashreplace").strip().split("\n")
            if not line.startswith(_CLOSINGS)]
    return f"{outcome.code}" + (f" ({' ... '.join(dict.fromkeys([said[0], said[-1]]))})" if said and said[0] else "")


def lines(text):
    """The lines of an output that have to be the same in both, in no order."""
    return sorted(_SPEEDUP.sub(b"", line) for line in text.split(b"\n") if not _DROPPED.search(line))


def _output(name, expected, actual):
    found, left = [], list(actual)
    for line in expected:
        if line in left:
            left.remove(line)
        else:
            found.append(Difference("output", name, line, None))
    return found + [Difference("output", name, None, line) for line in left]


def _trees(case, expected, actual):
    found = []
    for name in sorted(expected.keys() | actual.keys()):
        one, other = expected.get(name), actual.get(name)
        if one is None or other is None:
            found.append(Difference("entry", name, one and one["kind"], other and other["kind"]))
            continue
        if name == LOG_NAME:
            found += _output(name, _log(one), _log(other))
            continue
        if one["kind"] != other["kind"]:
            found.append(Difference("kind", name, one["kind"], other["kind"]))
            continue
        found += _fields(case, name, one, other)
    return found


def _fields(case, name, one, other):
    left_out = {"blocks"}
    if not case.has("-U", "--atimes") or not name.startswith((b"dst", b"new")):
        left_out.add("atime")
    return [Difference(aspect, name, one.get(aspect), other.get(aspect))
            for aspect in sorted((one.keys() | other.keys()) - left_out) if one.get(aspect) != other.get(aspect)]


def _log(facts):
    """What a log has, but for errors, which each program words as it likes."""
    kept = [_LOG_PREFIX.sub(b"", line) for line in facts["text"].split(b"\n")]
    return lines(b"\n".join(line for line in kept if not re.match(rb"(rsync|fastsync)[: ]", line)))
