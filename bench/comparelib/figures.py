# SPDX-License-Identifier: Apache-2.0
"""From runs to figures: medians, and ratios between runs of the same round."""

from statistics import median


def spread(values):
    """{median, min, max} of the values that there are; None without any."""
    values = [value for value in values if value is not None]
    if not values:
        return None
    return {"median": median(values), "min": min(values), "max": max(values)}


def of_tool(runs, key):
    return spread(run.get(key) for run in runs)


def pairwise_ratios(runs, baseline_runs, key="durable_s"):
    """Ratios to the baseline's run of the same round: what disturbed the machine hit both."""
    baseline = {run["round"]: run[key] for run in baseline_runs}
    return spread(run[key] / baseline[run["round"]] for run in runs if baseline.get(run["round"]))


def baseline_tool(names):
    """fastsync if it took part, or its first variant, or whoever comes first."""
    ranked = [name for name in names if name == "fastsync"]
    ranked += [name for name in names if name.startswith("fastsync")]
    ranked += [name for name in names if name != "fio"]
    return ranked[0] if ranked else None


def median_run(runs):
    """The run whose time is nearest to the median."""
    middle = median(run["durable_s"] for run in runs)
    return min(runs, key=lambda run: abs(run["durable_s"] - middle))
