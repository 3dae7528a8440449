# SPDX-License-Identifier: Apache-2.0
"""What the two disks and the tool's processes did while it ran, ten times a second."""

import time
from pathlib import Path

from .launch import tree_rss_bytes

_SECTOR_BYTES = 512  # of /sys/block/*/stat, whatever the disk's own
_POINTS_MAX = 150


def _disk_stat(device):
    """(bytes read, bytes written, milliseconds busy) since boot."""
    fields = [int(field) for field in Path("/sys/class/block", device, "stat").read_text().split()]
    return fields[2] * _SECTOR_BYTES, fields[6] * _SECTOR_BYTES, fields[9]


def _end_stat(devices):
    """(bytes read, bytes written, [milliseconds busy of each]) of the devices of one end."""
    stats = [_disk_stat(device) for device in devices]
    return sum(stat[0] for stat in stats), sum(stat[1] for stat in stats), [stat[2] for stat in stats]


def _busy_shares(before, after, took_s):
    """How much of the time each device of one end had something to do."""
    return [min(1.0, (late - early) / 1000 / took_s) for early, late in zip(before[2], after[2])]


def _mean(shares):
    return sum(shares) / len(shares) if shares else 0.0


def dirty_bytes():
    """What waits for its disk or is on its way, on the whole machine."""
    lines = (line.split() for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines())
    return sum(int(words[1]) << 10 for words in lines if words[0] in ("Dirty:", "Writeback:"))


def machine_cpu_s():
    """Busy processor seconds of the whole machine since boot: kernel threads and others' too."""
    user, nice, system, _idle, _wait, irq, softirq = (
        int(field) for field in Path("/proc/stat").read_text().split()[1:8])
    return (user + nice + system + irq + softirq) / 100


class Sampler:
    """Collects samples of the source's and the target's devices; `tick` is called by the launcher."""

    def __init__(self, devices, show):
        self._devices, self._show = devices, show
        self._samples = []
        self.peak_rss_bytes = 0
        self.peak_dirty_bytes = 0
        self._dirty_before = dirty_bytes()

    def tick(self, pid):
        stats = [_end_stat(devices) for devices in self._devices]
        self._samples.append((time.monotonic(), *stats))
        self.peak_dirty_bytes = max(self.peak_dirty_bytes, dirty_bytes() - self._dirty_before)
        # At the first tick the tool may not have been started: that is still the launcher's memory.
        if pid and len(self._samples) > 1:
            self.peak_rss_bytes = max(self.peak_rss_bytes, tree_rss_bytes(pid))
        self._show(self._samples[-1][0] - self._samples[0][0])

    def members_busy_share(self, end):
        """How much of the time each disk of the source (0) or the target (1) had something to do."""
        first, last = self._samples[0], self._samples[-1]
        took_s = last[0] - first[0]
        return _busy_shares(first[end + 1], last[end + 1], took_s) if took_s else []

    def busy_share(self, end):
        """The same, the mean of the disks."""
        return _mean(self.members_busy_share(end))

    def both_busy_share(self):
        """How much of the time both ends had: 0 is turn-taking. None when they are the same disks."""
        if self._devices[0] == self._devices[1]:
            return None
        overlap_s = sum(width * min(busy) for width, _, busy in self._steps(self._samples))
        took_s = self._samples[-1][0] - self._samples[0][0]
        return overlap_s / took_s if took_s else 0.0

    def series(self):
        """[seconds, source MB/s read, target MB/s written, source busy, target busy], thinned."""
        keep = -(-len(self._samples) // _POINTS_MAX)
        samples, points, at = self._samples[::keep], [], 0.0
        if samples[-1] != self._samples[-1]:
            samples.append(self._samples[-1])
        for width, rates, busy in self._steps(samples):
            at += width
            points.append([round(at, 2), *(round(rate, 1) for rate in rates),
                           *(round(share, 2) for share in busy)])
        return points

    @staticmethod
    def _steps(samples):
        for before, after in zip(samples, samples[1:]):
            width = after[0] - before[0]
            if width <= 0:
                continue
            rates = ((after[1][0] - before[1][0]) / width / 1e6, (after[2][1] - before[2][1]) / width / 1e6)
            busy = tuple(_mean(_busy_shares(before[end], after[end], width)) for end in (1, 2))
            yield width, rates, busy
