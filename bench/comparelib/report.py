# SPDX-License-Identifier: Apache-2.0
"""The Markdown of a result."""

from riglib.errors import RigError

from .figures import baseline_tool, of_tool, pairwise_ratios, spread
from .tools import TOOLS

MIB = 1 << 20


def _range(values, digits=1, scale=1.0, suffix=""):
    """`median (min-max)` of a spread; a dash when nothing was measured."""
    if values is None:
        return "-"
    middle, low, high = (f"{values[key] * scale:.{digits}f}" for key in ("median", "min", "max"))
    return f"{middle}{suffix}" if low == high else f"{middle}{suffix} ({low}-{high})"


def good_runs(group, tool):
    return [run for run in group["runs"] if run["tool"] == tool and not run.get("error")]


def tool_names(group):
    """Those with at least one good run, in the order they were asked for."""
    return [name for name in group["commands"] if good_runs(group, name)]


def all_tool_names(groups):
    """Those of all groups, each once."""
    return list(dict.fromkeys(name for group in groups for name in tool_names(group)))


def speed_table(group):
    """Times, and ratios to the baseline."""
    names = tool_names(group)
    baseline = baseline_tool(names)
    lines = [
        f"| tool | s to return | s to durable | MB/s | time / {baseline}'s, pairwise |",
        "|---|---|---|---|---|",
    ]
    for name in names:
        runs = good_runs(group, name)
        durable = of_tool(runs, "durable_s")
        ratios = pairwise_ratios(runs, good_runs(group, baseline))
        lines.append(
            f"| {name} | {_range(of_tool(runs, 'return_s'), 2)} | {_range(durable, 2)} "
            f"| {group['bytes'] / durable['median'] / 1e6:.0f} | {_range(ratios, 2)} |")
    return lines


def cost_table(group):
    """What the copy cost the machine and its other users."""
    lines = [
        "| tool | CPU s | peak RSS MiB | peak dirty MiB | cache left: source, target MiB | neighbour's file kept "
        "| source busy | target busy | both busy |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name in tool_names(group):
        runs = good_runs(group, name)
        cells = [
            _range(of_tool(runs, "cpu_s"), 2),
            _range(of_tool(runs, "peak_rss_bytes"), 0, 1 / MIB),
            _range(of_tool(runs, "peak_dirty_bytes"), 0, 1 / MIB),
            f"{_range(of_tool(runs, 'source_cached_bytes'), 0, 1 / MIB)}, "
            f"{_range(of_tool(runs, 'target_cached_bytes'), 0, 1 / MIB)}",
            _percent(of_tool(runs, "neighbour_share")),
            _busy(runs, "source"), _busy(runs, "target"),
            _percent(of_tool(runs, "both_busy_share")),
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def _percent(values):
    return _range(values, 0, 100, "%")


def _busy(runs, end):
    """The mean of the end's disks; of several also what the least and the most busy one had."""
    text = _percent(of_tool(runs, f"{end}_busy_share"))
    members = [spread(shares)["median"] for shares in zip(*(run[f"{end}_members_busy_share"] for run in runs))]
    if len(members) < 2:
        return text
    return f"{text}; each {min(members):.0%}-{max(members):.0%}"


# Heading, whose counter it is, the counter, and what one of it is in the table.
_COUNTED = (
    ("read seeks (source)", "source_counters", "read_seeks", 1),
    ("write seeks (target)", "counters", "write_seeks", 1),
    ("flushes (target)", "counters", "flushes", 1),
)
_COUNTED_OF_SHINGLES = (
    ("to the drive's cache, MiB (target)", "counters", "smr_cached_bytes", MIB),
    ("band rewrites (target)", "counters", "smr_band_rewrites", 1),
)


def disk_table(group):
    """What the disk servers counted; no lines where there are none."""
    shingled = "smr" in group["places"]
    columns = _COUNTED + (_COUNTED_OF_SHINGLES if shingled else ())
    rows = [f"| {name} | " + " | ".join(_counted(good_runs(group, name), *column[1:]) for column in columns) + " |"
            for name in tool_names(group)
            if any(run["source_counters"] or run["counters"] for run in good_runs(group, name))]
    if not rows:
        return []
    return ["| tool | " + " | ".join(column[0] for column in columns) + " |",
            "|---" * (len(columns) + 1) + "|", *rows]


def _counted(runs, whose, key, unit):
    return _range(spread(run[whose].get(key) for run in runs), 0, 1 / unit)


def _conditions(group):
    words = [f"Here, at scale {group['scale']:g}: {group['files']:,} files, {group['bytes'] / 1e6:,.0f} MB",
             f"{group['rounds']} interleaved rounds" if group["rounds"] > 1 else "one round",
             f"cold: {group['cold']}"]
    if group["rounds"] < group["rounds_asked"]:
        words.append(f"{group['rounds_asked'] - group['rounds']} more had no time left")
    if group["seek_ms"] is not None:
        words.append(f"mean seek {group['seek_ms']:g} ms")
    if group["vm"]["dirty_bytes"]:
        words.append(f"vm.dirty_bytes {group['vm']['dirty_bytes'] >> 20} MiB")
    if group["device_dirty_bytes"]:
        words.append(f"strict_limit and max_bytes {group['device_dirty_bytes'] >> 20} MiB for the target disk")
    return "; ".join(words) + "."


def _problems(group):
    lines = [f"- {name}: left out, {reason}" for name, reason in group["left_out"].items()]
    lines += [f"- {run['tool']}, round {run['round'] + 1}: **{run['error']}**"
              for run in group["runs"] if run.get("error")]
    lines += [f"- {name}: {f'not as at the source: {what}' if what else 'everything arrived'}"
              for name, what in group.get("lacking", {}).items()]
    return lines


def group_section(group, plots):
    lines = [f"## {group['title']}", "", f"{group['work']} at scale 1. {_conditions(group)}", ""]
    lines += [*speed_table(group), "", *cost_table(group), ""]
    counted = disk_table(group)
    if counted:
        lines += [*counted, ""]
    problems = _problems(group)
    if problems:
        lines += [*problems, ""]
    for what, file in plots:
        lines += [f"![{what}]({file})", ""]
    lines += ["Commands:", "", "```"]
    lines += [f"{name}: {command}" for name, command in group["commands"].items()]
    return [*lines, "```", ""]


def markdown(result, plots):
    """The whole page; `plots` is {slug: [(what it shows, file name)]}."""
    about = result["environment"]
    vm = ", ".join(f"vm.{name} {value}" for name, value in about["vm"].items())
    lines = [
        f"# {result['label']}: {about['machine']}, {result['date']}", "",
        f"{about['cores']} cores ({about['processor']}), {about['memory_gib']} GiB, "
        f"Linux {about['kernel']}; {vm}.", "",
        f"Command: `{result['command']}`. Every figure is the median (minimum-maximum) over the rounds. "
        "Durable is after syncfs of the target, inside the time. A ratio is between two runs of the same "
        "round. CPU is of the whole process tree with its io-wq threads, without the kernel's writeback; "
        "peak RSS is the tree's sum, sampled ten times a second. "
        "Busy is the share of the time in which the disk had requests. What simulated disks are "
        "and are not evidence of stands in [bench/README.md](../../../README.md).", "",
        "Versions: " + "; ".join(f"{name}: {text}" for name, text in about["versions"].items()) + ".", "",
    ]
    if growing(result):
        lines += ["## Growth", "", *growth_table(result), ""]
        lines += [line for file in plots.get("growth", []) for line in (f"![growth]({file})", "")]
    for group in result["groups"]:
        lines += group_section(group, plots.get(group["slug"], []))
    explained = {name: TOOLS[name].what for group in result["groups"] for name in group["commands"]}
    lines += ["## Tools", "", *(f"- {name}: {what}" for name, what in explained.items()), ""]
    return "\n".join(lines)


def growing(result):
    """{(disks, work): its groups from small to large} of what was measured at several scales."""
    found = {}
    for group in result["groups"]:
        found.setdefault((group["places"], group["work"].partition(":")[0]), []).append(group)
    return {key: sorted(groups, key=lambda group: group["scale"])
            for key, groups in found.items() if len({group["scale"] for group in groups}) > 1}


def growth_table(result):
    """How time, processor time and memory go with the work; a row for each tool and size."""
    lines = ["| work | tool | files | s to durable | time / baseline's | CPU s | CPU / linear | peak RSS MiB |",
             "|---" * 8 + "|"]
    for (_, work), groups in growing(result).items():
        for name in all_tool_names(groups):
            smaller = None
            for group in groups:
                if not (runs := good_runs(group, name)):
                    continue
                lines.append(f"| {work} | {name} | {_growth_cells(group, runs, smaller)} |")
                smaller = (group["scale"], of_tool(runs, "cpu_s")["median"])
    return lines


def _growth_cells(group, runs, smaller):
    """`smaller` is the scale and the processor time of the size before; None for the first."""
    cpu_s = of_tool(runs, "cpu_s")
    linear_s = smaller and smaller[1] * group["scale"] / smaller[0]
    baseline_runs = good_runs(group, baseline_tool(tool_names(group)))
    return " | ".join([
        f"{group['files']:,}", _range(of_tool(runs, "durable_s"), 2),
        _range(pairwise_ratios(runs, baseline_runs), 2), _range(cpu_s, 2),
        f"{cpu_s['median'] / linear_s:.2f}" if linear_s else "-",
        _range(of_tool(runs, "peak_rss_bytes"), 0, 1 / MIB)])


def summary(result):
    """The table for a terminal, and for README: every group, every tool, the times."""
    lines = ["| disks, work | tool | s to durable | time / baseline's (min-max) |", "|---|---|---|---|"]
    for group in result["groups"]:
        names = tool_names(group)
        baseline_runs = good_runs(group, baseline_tool(names))
        for name in names:
            runs = good_runs(group, name)
            lines.append(f"| {group['title']} | {name} | {_range(of_tool(runs, 'durable_s'), 2)} "
                         f"| {_range(pairwise_ratios(runs, baseline_runs), 2)} |")
    return "\n".join(lines)


def pivot(result):
    """A row for each tool, a column for each group: median seconds to durable."""
    groups = result["groups"]
    names = all_tool_names(groups)
    lines = ["| s to durable | " + " | ".join(group["title"] for group in groups) + " |",
             "|---" * (len(groups) + 1) + "|"]
    for name in names:
        cells = [_range(of_tool(good_runs(group, name), "durable_s"), 1) for group in groups]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def fill_page(page, result, result_folder):
    """Puts a result's table and pictures between a page's two markers for its label.

    Returns the page's new text. What stands outside of the markers is the author's.
    """
    begin, end = f"<!-- {result['label']}: begin -->", f"<!-- {result['label']}: end -->"
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise RigError(f"the page lacks the markers '{begin}' and '{end}'")
    about = result["environment"]
    lines = [*pivot(result), "",
             f"{about['machine']}, {result['date']}; medians (minimum-maximum), all figures: "
             f"[{result['label']}.md]({result_folder}/{result['label']}.md).", ""]
    for group in result["groups"]:
        picture = f"{result_folder}/{result['label']}-{group['slug']}-timeline.png"
        lines += [f"![{group['title']}]({picture})", ""]
    return f"{before}{begin}\n" + "\n".join(lines) + f"{end}{after}"
