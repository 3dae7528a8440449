# SPDX-License-Identifier: Apache-2.0
"""The tools that are compared, and the exact command of each."""

import json
import os
import shlex
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from riglib.build import small_files
from riglib.errors import RigError

BENCH = Path(__file__).resolve().parent.parent

_EVERYTHING = "-aHAXnci"      # what the check compares for tools that carry all metadata
_CONTENTS = "-rlnci"          # and for those that do not claim to


@dataclass(frozen=True)
class Tool:
    """A way to copy what is in one directory into another."""

    name: str
    what: str
    command: Callable                # (source, target) -> argument list
    needs: tuple = ()                # programs that must be installed
    check: str = _EVERYTHING         # rsync options of the check afterwards
    updates: bool = True             # a second run copies only what changed
    limit: bool = False              # not a copy: what the pair of disks can do
    lacks: bool = False              # what does not arrive is told, and no error


def fastsync_binary():
    """$FASTSYNC, or the release build of this checkout; None when there is neither."""
    path = Path(os.environ.get("FASTSYNC") or BENCH.parent / ".build/release/fastsync")
    return path.resolve() if os.access(path, os.X_OK) else None


def _fastsync(mode):
    options = [f"--cache={mode}"] if mode else []
    return lambda source, target: [str(fastsync_binary()), *options, f"{source}/", f"{target}/"]


def _fastsync_measured(source, target):
    return [str(fastsync_binary()), "--stats=latency", "--trace=/dev/null", f"{source}/", f"{target}/"]


def _rsync(*options):
    return lambda source, target: ["rsync", *options, f"{source}/", f"{target}/"]


def _pipeline(*options):
    script = str(BENCH / "pipeline.py")
    return lambda source, target: ["/usr/bin/python3", "-B", script, *options, str(source), str(target)]


def _tar(source, target):
    return ["sh", "-c", 'tar -C "$1" -cf - . | tar -C "$2" -xpf -', "sh", str(source), str(target)]


def _fpsync(source, target):
    return ["fpsync", "-n", "4", "-o", "-lptgoDHAX -W --numeric-ids", f"{source}/", f"{target}/"]


def _rclone(source, target):
    return ["rclone", "copy", "--quiet", "--links", "--metadata", "--create-empty-src-dirs",
            str(source), str(target)]


def _way(way):
    return lambda source, target: [str(small_files()), way, str(source), str(target), "2"]


def limit_file(source):
    """Beside the work on the source disk: what fio reads."""
    return Path(source).parent / "limit.bin"


def _fio(source, target):
    """Reads from one disk and writes to the other at the same time, in order and with direct I/O."""
    size = limit_file(source).stat().st_size
    return ["fio", "--output-format=json", "--ioengine=libaio", "--iodepth=8", "--direct=1", "--bs=1M",
            f"--size={size}", "--end_fsync=1",
            "--name=source", "--rw=read", f"--filename={limit_file(source)}",
            "--name=target", "--rw=write", f"--filename={target}/limit.bin"]


def fio_seconds(output):
    """How long the slower of fio's two jobs took."""
    jobs = json.loads(output[output.index("{"):])["jobs"]
    return max(job["job_runtime"] for job in jobs) / 1000


TOOLS = {tool.name: tool for tool in (
    Tool("fastsync", "as it comes", _fastsync(None)),
    *(Tool(f"fastsync-{mode}", f"--cache={mode}", _fastsync(mode))
      for mode in ("advise", "dontcache", "direct", "keep")),
    Tool("fastsync-measured", "--stats=latency --trace", _fastsync_measured),
    Tool("rsync-preallocate", "rsync -aHAX -W --preallocate",
         _rsync("-aHAX", "-W", "--preallocate"), ("rsync",)),
    Tool("rsync-full", "rsync -aHAX", _rsync("-aHAX"), ("rsync",)),
    Tool("rsync", "rsync -a", _rsync("-a"), ("rsync",)),
    Tool("cp", "cp -a", lambda source, target: ["cp", "-a", f"{source}/.", f"{target}/"], ("cp",),
         updates=False),
    Tool("pipeline", "the original idea: queue of 4 x 1 MiB, with advice", _pipeline("--advice"),
         check=_CONTENTS, updates=False),
    Tool("pipeline-no-advice", "the same without advice", _pipeline("--no-advice"),
         check=_CONTENTS, updates=False),
    Tool("pipeline-1g", "without advice, queue of 1 GiB", _pipeline("--no-advice", "--depth=1024"),
         check=_CONTENTS, updates=False),
    *(Tool(f"way-{way}", f"the bare calls of a copy of small files, 2 threads: {what}", _way(way),
           ("gcc",), check=_CONTENTS, updates=False)
      for way, what in (("plain", "plain calls"), ("chains", "chains on the ring, from open to close"),
                        ("batches", "reads on the ring, plain calls for the rest"))),
    Tool("tar", "tar | tar", _tar, ("tar",), check="-aHnci", updates=False),
    Tool("fpsync", "fpsync -n 4, with rsync -lptgoDHAX -W", _fpsync, ("fpsync", "rsync")),
    Tool("rclone", "rclone copy --links --metadata", _rclone, ("rclone",), check=_CONTENTS),
    Tool("fio", "the limit: reading one disk and writing the other, concurrently", _fio, ("fio",),
         updates=False, limit=True),
)}


def add_tool(text):
    """Adds a tool that is given as NAME=COMMAND, where {source} and {target} stand for directories."""
    name, sign, line = text.partition("=")
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise RigError(f"--with: {text}: {error}") from None
    if not (name and sign and words) or "{source}" not in line or "{target}" not in line:
        raise RigError(f"--with: '{text}' is not NAME=COMMAND with {{source}} and {{target}} in it")
    if name in TOOLS:
        raise RigError(f"--with: there is a tool '{name}' already")

    def command(source, target):
        return [word.replace("{source}", str(source)).replace("{target}", str(target)) for word in words]

    program = Path(words[0]).name
    TOOLS[name] = Tool(name, shlex.join([program, *words[1:]]), command, (words[0],), lacks=True)
    return name


def why_not(tool):
    """Why a tool cannot run here, or None."""
    for program in tool.needs:
        if not shutil.which(program):
            return f"{Path(program).name} is not installed"
    if tool.name.startswith("fastsync") and not tool.lacks:
        if not fastsync_binary():
            return "there is no fastsync (swift build -c release, or set FASTSYNC)"
        return _refused(tool)
    return None


def _refused(tool):
    """A fastsync without one of the cache modes says so on an empty directory."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "source"), Path(folder, "target")
        source.mkdir()
        target.mkdir()
        done = subprocess.run(tool.command(source, target), capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else done.stderr.strip().partition("\n")[0] or f"exit {done.returncode}"


def shown_command(tool, source, target):
    """The command with the places as words: results do not name the machine's directories."""
    words = tool.command(source, target)
    if tool.lacks:
        words[0] = Path(words[0]).name
    return " ".join(_shown_word(word, source, target) for word in words)


def _shown_word(word, source, target):
    for place, name in ((str(limit_file(source)), "SOURCE-DISK/limit.bin"), (str(source), "SOURCE"),
                        (str(target), "TARGET"), (str(fastsync_binary()), "fastsync"),
                        (str(BENCH), "bench")):
        word = word.replace(place, name)
    return f"'{word}'" if " " in word else word
