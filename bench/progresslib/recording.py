# SPDX-License-Identifier: Apache-2.0
"""What a run says of itself whenever it is asked (SIGUSR1), with the time of each answer."""

import csv
import re
import signal
import subprocess
import threading
import time

COLUMNS = ("seconds", "files", "bytes", "files_planned", "bytes_planned", "is_complete", "errors")
_PAUSE_S = 0.25
_BYTES = re.compile(r"(\d+) of (\d+)( or more)? bytes")
_FILES = re.compile(r"(\d+) of (\d+)( or more)? files")
_ERRORS = re.compile(r"(\d+) errors?")


def parse(line):
    """The figures of a line of status, without the time; None of any other line."""
    found_bytes, found_files, errors = _BYTES.search(line), _FILES.search(line), _ERRORS.search(line)
    if not (line.startswith("fastsync: ") and found_bytes and found_files and errors):
        return None
    is_complete = 0 if found_bytes[3] else 1
    return (int(found_files[1]), int(found_bytes[1]), int(found_files[2]), int(found_bytes[2]),
            is_complete, int(errors[1]))


def record(command, **options):
    """Runs a copy to its end.

    Returns its rows, of which the last is the end, where all is done that could be, and its exit
    status.
    """
    start = time.monotonic()
    rows = []
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **options) as copy:
        def ask():
            while copy.poll() is None:
                time.sleep(_PAUSE_S)
                if copy.poll() is None:
                    copy.send_signal(signal.SIGUSR1)

        asking = threading.Thread(target=ask)
        # Before it blocks the signal, it would end the run.
        time.sleep(_PAUSE_S)
        asking.start()
        for line in copy.stderr:
            if (figures := parse(line)) is not None:
                rows.append((round(time.monotonic() - start, 3), *figures))
        asking.join()
    seconds = round(time.monotonic() - start, 3)
    if rows:
        _, _, _, files, size, _, errors = rows[-1]
        rows.append((seconds, files, size, files, size, 1, errors))
    return rows, copy.returncode


def write(path, rows, comment):
    """Writes a recording as a table, with a line of comment above it."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(f"# {comment}\n")
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows(rows)
