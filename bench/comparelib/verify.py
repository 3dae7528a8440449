# SPDX-License-Identifier: Apache-2.0
"""Whether the copy is right: names, types and sizes every time, every byte once per tool."""

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
    wanted, found = listing(source), listing(target)
    if wanted == found:
        return None
    differing = {path for path in wanted | found if wanted.get(path) != found.get(path)}
    return f"{len(differing)} entries differ, e.g. {min(differing)}"


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
