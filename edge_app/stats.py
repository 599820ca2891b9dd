"""Counters and durations, by name and label; written by every thread, read by whoever shows them."""

from __future__ import annotations

import threading
from collections import defaultdict, deque

import numpy as np

Labels = tuple[tuple[str, str], ...]


class Stats:
    """Counts, latest values and recent durations.

    Names and labels are those of the metrics: `frames_dropped` with `camera` and `reason`.

    >>> stats = Stats()
    >>> stats.count("frames_dropped", camera="gate", reason="stale")
    >>> stats.total("frames_dropped", camera="gate")
    1
    """

    def __init__(self, recent: int = 8192) -> None:
        """Keeps the `recent` newest durations of each name and label set."""
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, Labels], int] = defaultdict(int)
        self._recent: dict[tuple[str, Labels], deque[float]] = defaultdict(lambda: deque(maxlen=recent))

    def count(self, name: str, amount: int = 1, **labels: str) -> None:
        """Adds to a counter."""
        with self._lock:
            self._counts[name, tuple(sorted(labels.items()))] += amount

    def total(self, name: str, **labels: str) -> int:
        """The sum of the counters of that name that have these labels, whatever their others."""
        wanted = set(labels.items())
        with self._lock:
            return sum(n for (key, have), n in self._counts.items() if key == name and wanted <= set(have))

    def by(self, name: str, label: str, **labels: str) -> dict[str, int]:
        """The counters of that name that have these labels, summed by the value of another label."""
        wanted = set(labels.items())
        sums: dict[str, int] = defaultdict(int)
        with self._lock:
            for (key, have), amount in self._counts.items():
                if key == name and wanted <= set(have):
                    sums[dict(have).get(label, "")] += amount
        return dict(sums)

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Records a duration or an age [s]."""
        with self._lock:
            self._recent[name, tuple(sorted(labels.items()))].append(seconds)

    def percentiles(self, name: str, points: tuple[float, ...] = (50, 95, 99), **labels: str) -> list[float]:
        """Percentiles of the recent durations of that name [s]; empty where there are none."""
        wanted = set(labels.items())
        values: list[float] = []
        with self._lock:
            for (key, have), recent in self._recent.items():
                if key == name and wanted <= set(have):
                    values.extend(recent)
        return [float(v) for v in np.percentile(values, points)] if values else []

    def clear(self) -> None:
        """Forgets everything: what follows is measured from here."""
        with self._lock:
            self._counts.clear()
            self._recent.clear()
