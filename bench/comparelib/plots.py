# SPDX-License-Identifier: Apache-2.0
"""The pictures: both disks over time for each tool, and the ratios as bars."""

from .figures import baseline_tool, median_run, of_tool, pairwise_ratios
from .report import all_tool_names, good_runs, growing, tool_names

SOURCE, TARGET = "#1f77b4", "#d95f02"


def pyplot_or_none():
    """matplotlib without a display; None when it is not installed."""
    try:
        import matplotlib
    except ImportError:
        return None
    matplotlib.use("Agg")
    from matplotlib import pyplot
    return pyplot


def _draw_run(axes, run):
    speed, busy = axes
    # A point tells of the time before it: the first reaches back to the start.
    points = [[0, *run["series"][0][1:]], *run["series"]]
    seconds, read, written, source_busy, target_busy = zip(*points)
    speed.plot(seconds, read, color=SOURCE, linewidth=1.2, label="read from source")
    speed.plot(seconds, written, color=TARGET, linewidth=1.2, label="written to target")
    busy.fill_between(seconds, [100 * share for share in source_busy], step="pre", color=SOURCE,
                      alpha=0.5, linewidth=0, label="source")
    busy.fill_between(seconds, [-100 * share for share in target_busy], step="pre", color=TARGET,
                      alpha=0.5, linewidth=0, label="target (downwards)")
    for axis in axes:
        if run["return_s"]:
            axis.axvline(run["return_s"], color="black", linewidth=0.8, linestyle=":")


def timeline(group, path):
    """Throughput and utilisation of both disks, a row per tool; dotted: when the tool returned."""
    pyplot = pyplot_or_none()
    runs = [median_run(good_runs(group, name)) for name in tool_names(group)]
    runs = [run for run in runs if run.get("series")]
    if not pyplot or not runs:
        return False
    figure, grid = pyplot.subplots(len(runs), 2, figsize=(12, 1.3 + 1.5 * len(runs)), sharex=True,
                                   squeeze=False)
    top = max(max(max(point[1:3]) for point in run["series"]) for run in runs)
    for axes, run in zip(grid, runs):
        _draw_run(axes, run)
        axes[0].set_ylabel(run["tool"], fontsize=8)
        axes[0].set_ylim(0, top * 1.05)
        axes[1].set_ylim(-105, 105)
        axes[1].set_yticks([-100, 0, 100], ["100", "0", "100"])
    for axis, title in zip(grid[0], ("MB/s", "disk busy, %")):
        axis.set_title(title, fontsize=9)
        axis.legend(fontsize=7, loc="upper right")
    for axis in grid[-1]:
        axis.set_xlabel("seconds; the line ends when the data is durable, dotted: the tool has returned",
                        fontsize=8)
    figure.suptitle(group["title"], fontsize=11)
    figure.tight_layout()
    figure.savefig(path, dpi=90)
    pyplot.close(figure)
    return True


def ratio_bars(group, path):
    """Median ratios to the baseline, with the smallest and the largest as whiskers."""
    pyplot = pyplot_or_none()
    names = tool_names(group)
    baseline = baseline_tool(names)
    if not pyplot or baseline is None or len(names) < 2:
        return False
    ratios = [pairwise_ratios(good_runs(group, name), good_runs(group, baseline)) for name in names]
    figure, axis = pyplot.subplots(figsize=(8, 1.2 + 0.4 * len(names)))
    whiskers = [[ratio["median"] - ratio["min"] for ratio in ratios],
                [ratio["max"] - ratio["median"] for ratio in ratios]]
    axis.barh(names, [ratio["median"] for ratio in ratios], xerr=whiskers, color=SOURCE, alpha=0.7,
              capsize=3)
    axis.axvline(1, color="black", linewidth=0.8)
    axis.invert_yaxis()
    axis.set_xlabel(f"time to durable / {baseline}'s (median, smallest, largest)", fontsize=8)
    axis.set_title(group["title"], fontsize=10)
    figure.tight_layout()
    figure.savefig(path, dpi=90)
    pyplot.close(figure)
    return True


_GROWTH = (("durable_s", "s to durable", 1), ("cpu_s", "CPU s", 1), ("peak_rss_bytes", "peak RSS, MiB", 1 << 20))


def growth(result, path):
    """Time, processor time and memory over the size of each work; grey: linear from the first point."""
    pyplot = pyplot_or_none()
    works = growing(result)
    if not pyplot or not works:
        return False
    figure, grid = pyplot.subplots(len(works), len(_GROWTH), figsize=(12, 2.4 * len(works)), squeeze=False)
    for axes, ((_, work), groups) in zip(grid, works.items()):
        for axis, (key, what, unit) in zip(axes, _GROWTH):
            _draw_growth(axis, groups, key, unit)
            axis.set_xticks([group["scale"] for group in groups], [f"{group['files']:,}" for group in groups])
            axis.set_title(f"{work}: {what}", fontsize=9)
        axes[0].legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path, dpi=80)
    pyplot.close(figure)
    return True


def _draw_growth(axis, groups, key, unit):
    is_memory = key == "peak_rss_bytes"
    for name in all_tool_names(groups):
        points = [(group["scale"], found["median"] / unit) for group in groups
                  if (found := of_tool(good_runs(group, name), key))]
        if not points:
            continue
        axis.plot(*zip(*points), marker="o", linewidth=1.2, label=name)
        if not is_memory:
            (scale, value), last = points[0], points[-1][0]
            axis.plot([scale, last], [value, value * last / scale], color="grey", linewidth=0.6, linestyle=":")
    axis.set_xscale("log")
    if is_memory:
        axis.set_ylim(0)
    else:
        axis.set_yscale("log")
    axis.minorticks_off()
    axis.set_xlabel("files", fontsize=8)
