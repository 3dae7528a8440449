# SPDX-License-Identifier: Apache-2.0
"""Writes a result: JSON, Markdown and plots in one folder."""

import json
from pathlib import Path

from . import plots
from .figures import median_run
from .report import good_runs, markdown, tool_names

RESULTS = Path(__file__).resolve().parent.parent / "results"


def _thin(groups):
    """Keeps the samples over time of each tool's median run only: those that are drawn."""
    for group in groups:
        drawn = [id(median_run(good_runs(group, name))) for name in tool_names(group)]
        for run in group["runs"]:
            if id(run) not in drawn:
                run.pop("series", None)


def rounded(value):
    """What is written. Figures are computed from this, so that page, table and JSON agree."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return [rounded(item) for item in value] if isinstance(value, list) else value


def _json(result):
    """One line for each run: readable as text, and in a diff."""
    text = json.dumps({**result, "groups": []}, indent=1)
    groups = []
    for group in result["groups"]:
        head = json.dumps({**group, "runs": []}, indent=1)
        runs = ",\n  ".join(json.dumps(run) for run in group["runs"])
        groups.append(head.replace('"runs": []', f'"runs": [\n  {runs}\n ]'))
    return text.replace('"groups": []', '"groups": [\n' + ",\n".join(groups) + "\n]") + "\n"


def write(result, folder=None):
    """Returns the path of the Markdown page."""
    folder = folder or RESULTS / result["environment"]["machine"] / result["date"]
    folder.mkdir(parents=True, exist_ok=True)
    label, drawn = result["label"], {}
    _thin(result["groups"])
    if plots.growth(result, folder / f"{label}.png"):
        drawn["growth"] = [f"{label}.png"]
    for group in result["groups"]:
        if group.get("grows"):
            continue  # one picture has all sizes
        stem, drawn[group["slug"]] = f"{label}-{group['slug']}", []
        for what, draw, suffix in (("both disks over time", plots.timeline, "timeline"),
                                   ("ratios", plots.ratio_bars, "ratios")):
            if draw(group, folder / f"{stem}-{suffix}.png"):
                drawn[group["slug"]].append((what, f"{stem}-{suffix}.png"))
    (folder / f"{label}.json").write_text(_json(result))
    page = folder / f"{label}.md"
    page.write_text(markdown(result, drawn))
    return page
