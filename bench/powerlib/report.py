# SPDX-License-Identifier: Apache-2.0
"""What came of the trials: a line for each, a table, and a page that grows."""

import datetime
import hashlib
import json
import os
import re
import shlex
import subprocess
from collections import Counter
from pathlib import Path

from comparelib import environment
from comparelib.results import RESULTS

_HEAD = ("filesystem", "what happened", "trials", "run ended before", "broken names (trials)", "of these",
         "a quick check keeps", "in between", "lost after exit 0", "leftovers before, after run 2",
         "run 2 not 0", "differences after")


def title(asked):
    """What is done to the runs, in a few words."""
    words = [asked.mode] + ["sharp"] * asked.sharp + [asked.disk] * (asked.disk != "nvme")
    words += ["same filesystem"] * asked.same
    if asked.times > 1:
        words.append(f"{asked.times} times")
    if asked.rate:
        words.append(f"{asked.rate:g} MB/s")
    if asked.durability:
        words.append(f"durability {asked.durability}")
    return ", ".join([*words, *asked.options])


def line(trial):
    """One trial; what is wrong comes last, with examples."""
    verdict, words = trial.verdict, []
    for what, count in (("broken", verdict.broken), ("a quick check keeps", verdict.kept)):
        words += [f"{what} {count}"] if count else []
    if verdict.examples:
        words[0] += f" ({', '.join(verdict.examples)})"
    for what, names in (("between", verdict.between), ("leftovers", verdict.leftovers),
                        ("lost", trial.lost), ("differences after", trial.differences),
                        ("leftovers after", trial.leftovers)):
        words += [f"{what} {len(names)} ({names[0]})"] if names else []
    if trial.second_exit:
        words.append(f"second run {trial.second_exit}: {' / '.join(trial.said)}")
    if trial.trouble:
        words.append(trial.trouble)
    happened, left = ", ".join(trial.points), "; ".join(words) or "whole"
    return f"  {trial.number}: {happened}: exit {trial.first_exit}; {left}"


def group(asked, filesystem, trials, arguments):
    """The figures of one filesystem."""
    kinds = sum((trial.verdict.kinds for trial in trials), Counter())
    return {
        "filesystem": filesystem, "title": title(asked), "seed": asked.seed, "scale": asked.scale,
        "command": _shown(arguments), "tool": _tool(asked), "trials": len(trials),
        "ended": sum(trial.first_exit == 0 for trial in trials),
        "broken": sum(kinds.values()), "broken_trials": sum(t.verdict.broken > 0 for t in trials),
        "kinds": dict(kinds.most_common()), "kept": sum(trial.verdict.kept for trial in trials),
        "between": sum(len(trial.verdict.between) for trial in trials),
        "lost": sum(len(trial.lost) for trial in trials),
        "leftovers_before": sum(len(trial.verdict.leftovers) for trial in trials),
        "leftovers_after": sum(len(trial.leftovers) for trial in trials),
        "second_failed": sum(trial.second_exit != 0 for trial in trials),
        "differences": sum(len(trial.differences) for trial in trials),
        "lines": [line(trial).strip() for trial in trials],
    }


def _row(figures):
    kinds = ", ".join(f"{count} {kind}" for kind, count in figures["kinds"].items())
    return (figures["filesystem"], figures["title"], figures["trials"], figures["ended"],
            f"{figures['broken']} ({figures['broken_trials']})", kinds or "-", figures["kept"],
            figures["between"], figures["lost"],
            f"{figures['leftovers_before']}, {figures['leftovers_after']}",
            figures["second_failed"], figures["differences"])


def table(groups):
    """Markdown, a row for each group."""
    rows = [_HEAD, ["---"] * len(_HEAD), *map(_row, groups)]
    return "\n".join("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows)


def _shown(arguments):
    """The command as typed, without what names places of this machine."""
    words = (re.sub(r"(^|=)/.*", r"\1PATH", word) for word in shlex.split(arguments))
    return shlex.join(["bench/powercut", *words])


def _tool(asked):
    """Which program it was: one that is not of this checkout is told by its digest."""
    if not asked.tool:
        return environment.describe()["versions"].get("fastsync")
    done = subprocess.run([asked.tool, "--version"], capture_output=True, text=True, check=False)
    digest = hashlib.sha256(asked.tool.read_bytes()).hexdigest()[:12]
    return f"{done.stdout.strip().partition(chr(10))[0]} (sha256 {digest})"


def add(figures, asked):
    """Adds a group to the page of the label; returns the page's path."""
    about, today = environment.describe(), datetime.date.today().isoformat()
    folder = asked.results or RESULTS / about["machine"] / today
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{asked.label}.json"
    result = json.loads(file.read_text()) if file.exists() else {
        "label": asked.label, "date": today, "environment": about, "groups": []}
    result["groups"].append(figures)
    file.write_text(json.dumps(result, indent=1) + "\n")
    page = file.with_suffix(".md")
    page.write_text(_markdown(result))
    return os.path.relpath(page)


def _markdown(result):
    about, groups = result["environment"], result["groups"]
    versions = "; ".join(f"{name}: {about['versions'][name]}"
                         for name in ("rsync", "mkfs.xfs", "mkfs.ext4", "mkfs.btrfs")
                         if about["versions"].get(name))
    bad = [f"{each['filesystem']}, {each['title']}, {line_}" for each in groups
           for line_ in each["lines"] if not line_.endswith("; whole")]
    return "\n\n".join([
        f"# {result['label']}: {about['machine']}, {result['date']}",
        f"{about['cores']} cores ({about['processor']}), {about['memory_gib']} GiB, "
        f"Linux {about['kernel']}. Versions: {versions}.",
        "What is tried, and what the columns say, stands in [bench/README.md](../../../README.md). "
        "The seed in each command makes the same trees, and the same blocks are lost.",
        table(groups),
        "Commands:\n\n```\n" + "\n".join(
            f"{each['command']}  # {each['filesystem']}: seed {each['seed']}, {each['tool']}"
            for each in groups) + "\n```",
        "Trials with something to tell:\n\n```\n" + ("\n".join(bad) or "none") + "\n```",
    ]) + "\n"
