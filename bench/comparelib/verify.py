# SPDX-License-Identifier: Apache-2.0
"""Whether the copy is right: names, types and sizes every time, every byte once per tool."""

import collections
import os
import stat
import subprocess


def listing(directory):
    """{path below the directory: (type, size of a regular file)}."""
    found, waiting = {}, [""]
    while waiting:
        folder = waiting.pop()
        with os.scandir(os.path.join(directory, folder)) as entries:
            for entry in entries:
                path, status = os.path.join(folder, entry.name), entry.stat(follow_symlinks=False)
                kind = stat.S_IFMT(status.st_mode)
                found[path] = (kind, status.st_size if stat.S_ISREG(status.st_mode) else 0)
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(path)
    return found


def quick(source, target):
    """None, or what differs."""
    return _difference(listing(source), listing(target))


def quick_directories(source, target):
    """The same where no file can be read: directories alone have to be there."""
    wanted = {path: entry for path, entry in listing(source).items() if entry[0] == stat.S_IFDIR}
    return _difference(wanted, listing(target))


def joined(source, target):
    """The same where what is in each directory of the source is put into the target itself."""
    wanted = {}
    for folder in os.listdir(source):
        wanted |= listing(os.path.join(source, folder))
    return _difference(wanted, listing(target))


def _difference(wanted, found):
    if wanted == found:
        return None
    differing = {path for path in wanted | found if wanted.get(path) != found.get(path)}
    return f"{len(differing)} entries differ, e.g. {min(differing)}"


_LETTERS = {"c": "contents", "s": "sizes", "t": "times", "T": "times", "p": "permissions", "o": "owners",
            "g": "groups", "a": "ACLs", "x": "attributes"}


def lacking(source, target):
    """What of a tree did not arrive, such as `3 names, 20 times`; None where everything did."""
    command = ["rsync", "-aHAXnci", "--delete", f"{source}/", f"{target}/"]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode != 0:
        return f"the check failed: {done.stderr.strip()}"
    counts = collections.Counter()
    for line in done.stdout.splitlines():
        what = line.partition(" ")[0]
        if what == "*deleting":
            counts["names too many"] += 1
        elif what.startswith("h"):
            counts["hard links"] += 1
        elif what.endswith("+"):
            counts["names"] += 1
        else:
            counts.update({_LETTERS[letter] for letter in what[2:] if letter in _LETTERS})
    return ", ".join(f"{count:,} {what}" for what, count in counts.most_common()) or None


def thorough(source, target, options):
    """None, or what rsync's checksum comparison finds."""
    command = ["rsync", options, "--delete"]
    if "t" not in options and "a" not in options:
        command.append("--omit-dir-times")
    done = subprocess.run([*command, f"{source}/", f"{target}/"], capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        return f"the check failed: {done.stderr.strip()}"
    lines = done.stdout.splitlines()
    return f"{len(lines)} differences, e.g. {lines[0]}" if lines else None
