"""Counters, gauges and durations, by name and label; written by every thread, read by whoever shows them."""

from __future__ import annotations

import threading
from array import array
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

LabelSet = tuple[tuple[str, str], ...]

BOUNDS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
BOUNDS = np.array(BOUNDS_S)
RECENT = 2048


@dataclass(frozen=True, slots=True)
class Histogram:
    """All durations of a name since the start, as Prometheus counts them.

    Attributes:
        count: How many there were.
        sum: Of all of them [s].
        buckets: How many lasted at most as long as each of `BOUNDS_S`.
    """

    count: int
    sum: float
    buckets: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MetricsSnapshot:
    """Everything that was counted and measured up to one moment, by name and labels.

    Attributes:
        counts: Counters.
        gauges: What goes up and down.
        histograms: Durations.
    """

    counts: Mapping[tuple[str, LabelSet], int]
    gauges: Mapping[tuple[str, LabelSet], float]
    histograms: Mapping[tuple[str, LabelSet], Histogram]


class _Durations:
    """The newest durations themselves, and all of them as a histogram; in bounded memory.

    They are sorted into the histogram many at once, when somebody looks at it or many have come: one by one, that was a
    tenth of what the analysis thread does for a frame.
    """

    def __init__(self) -> None:
        self._kept = array("d")
        self._gone = 0  # those that came before and are kept no more
        self._sorted = 0
        self._counts = np.zeros(len(BOUNDS_S) + 1, np.int64)
        self._sum = 0.0

    def add(self, seconds: float) -> None:
        self._kept.append(seconds)
        if len(self._kept) >= 2 * RECENT:
            self.sort()
            self._gone += len(self._kept) - RECENT
            del self._kept[:-RECENT]

    def sort(self) -> tuple[list[int], float]:
        """How many there were up to each bound from the one before, and beyond the last; and the sum of all [s]."""
        new = np.array(self._kept[self._sorted - self._gone :])
        self._counts += np.bincount(np.searchsorted(BOUNDS, new), minlength=len(self._counts))
        self._sum += float(new.sum())
        self._sorted += len(new)
        return self._counts.tolist(), self._sum

    @property
    def number(self) -> int:
        return self._gone + len(self._kept)

    @property
    def newest(self) -> float:
        return self._kept[-1]

    @property
    def recent(self) -> array[float]:
        return self._kept[-RECENT:]

    def since(self, number: int) -> list[float]:
        """Those that came after so many, as far as they are recent."""
        return self._kept[max(number - self._gone, len(self._kept) - RECENT, 0) :].tolist()


class Metrics:
    """Counts, gauges and durations.

    Names and labels are those of the metrics: `frames_dropped` with `camera` and `reason`.

    >>> metrics = Metrics()
    >>> metrics.count("frames_dropped", camera="gate", reason="stale")
    >>> metrics.total("frames_dropped", camera="gate")
    1
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, LabelSet], int] = defaultdict(int)
        self._gauges: dict[tuple[str, LabelSet], float] = {}
        self._durations: dict[tuple[str, LabelSet], _Durations] = defaultdict(_Durations)
        self._together: dict[tuple[tuple[str, ...], str], list[_Durations]] = {}  # some of these, by names and camera

    def count(self, name: str, amount: int = 1, /, **labels: str) -> None:
        """Adds to a counter."""
        with self._lock:
            self._counts[name, tuple(sorted(labels.items()))] += amount

    def total(self, name: str, /, **labels: str) -> int:
        """The sum of the counters of that name that have these labels, whatever their other labels."""
        wanted = set(labels.items())
        with self._lock:
            return sum(n for (key, have), n in self._counts.items() if key == name and wanted <= set(have))

    def by(self, name: str, label: str, /, **labels: str) -> dict[str, int]:
        """The counters of that name that have these labels, summed by the value of another label."""
        wanted = set(labels.items())
        sums: dict[str, int] = defaultdict(int)
        with self._lock:
            for (key, have), amount in self._counts.items():
                if key == name and wanted <= set(have):
                    sums[dict(have).get(label, "")] += amount
        return dict(sums)

    def gauge(self, name: str, value: float, /, **labels: str) -> None:
        """Sets what goes up and down, such as `clock_skew` of a camera [s]."""
        with self._lock:
            self._gauges[name, tuple(sorted(labels.items()))] = value

    def gauge_value(self, name: str, /, **labels: str) -> float | None:
        """The gauge of that name with exactly these labels; None if it was never set."""
        with self._lock:
            return self._gauges.get((name, tuple(sorted(labels.items()))))

    def forget_gauge(self, name: str, /, **labels: str) -> None:
        """Forgets the gauge of that name with exactly these labels, if it is there: what it is of is no more."""
        with self._lock:
            self._gauges.pop((name, tuple(sorted(labels.items()))), None)

    def observe(self, name: str, seconds: float, /, **labels: str) -> None:
        """Records a duration or an age [s]."""
        self.observe_all({name: seconds}, **labels)

    def observe_all(self, seconds: Mapping[str, float], **labels: str) -> None:
        """Records several of the same labels, by their names."""
        key = tuple(sorted(labels.items()))
        with self._lock:
            for name, lasted in seconds.items():
                self._durations[name, key].add(lasted)

    def observe_each(self, names: tuple[str, ...], cameras: Sequence[str], seconds: Sequence[Sequence[float]]) -> None:
        """Records durations of these names [s], `seconds` of each camera; for many at once, such as of a batch."""
        with self._lock:
            for camera, lasted in zip(cameras, seconds, strict=True):
                for durations, each in zip(self._of_camera(names, camera), lasted, strict=True):
                    durations.add(each)

    def _of_camera(self, names: tuple[str, ...], camera: str) -> list[_Durations]:
        """The durations of these names and that camera; to be called with the lock."""
        found = self._together.get((names, camera))
        if found is None:
            found = [self._durations[name, (("camera", camera),)] for name in names]
            self._together[names, camera] = found
        return found

    def count_each(self, name: str, cameras: Sequence[str]) -> None:
        """Adds one to a counter for each of these cameras."""
        with self._lock:
            for camera in cameras:
                self._counts[name, (("camera", camera),)] += 1

    def percentiles(self, name: str, points: tuple[float, ...] = (50, 95, 99), **labels: str) -> list[float]:
        """Percentiles of the newest 2048 durations of each label set of that name [s]; empty where there are none."""
        with self._lock:
            values = [value for durations in self._matching(name, labels) for value in durations.recent]
        return [float(v) for v in np.percentile(values, points)] if values else []

    def newest(self, name: str, /, **labels: str) -> float | None:
        """The newest duration of that name with exactly these labels [s]; None if there is none."""
        with self._lock:
            found = self._durations.get((name, tuple(sorted(labels.items()))))
            return None if found is None else found.newest

    def histogram(self, name: str, **labels: str) -> Histogram:
        """All durations of that name that have these labels."""
        with self._lock:
            each = [durations.sort() for durations in self._matching(name, labels)]
        counts = [sum(column) for column in zip(*(counts for counts, _ in each), strict=True)]
        return _histogram(counts or [0] * (len(BOUNDS_S) + 1), sum(total for _, total in each))

    def numbers(self) -> tuple[Mapping[tuple[str, LabelSet], int], Mapping[tuple[str, LabelSet], float]]:
        """Counters and gauges, by name and labels, at one moment."""
        with self._lock:
            return dict(self._counts), dict(self._gauges)

    def snapshot(self) -> MetricsSnapshot:
        """Everything, at one moment; the threads that count wait only while it is copied."""
        with self._lock:
            counts, gauges = dict(self._counts), dict(self._gauges)
            durations = {key: each.sort() for key, each in self._durations.items()}
        return MetricsSnapshot(counts, gauges, {key: _histogram(*each) for key, each in durations.items()})

    def observe_more(self, durations: Mapping[tuple[str, LabelSet], Sequence[float]]) -> None:
        """Records durations [s] by name and labels, many at once."""
        with self._lock:
            for key, lasted in durations.items():
                found = self._durations[key]
                for seconds in lasted:
                    found.add(seconds)

    def durations_since(self, numbers: dict[tuple[str, LabelSet], int]) -> dict[tuple[str, LabelSet], list[float]]:
        """Those that came since this was last called with these numbers, which are then those of now.

        Of more than the newest 2048 of a name and label set, the older ones are missing.
        """
        found = {}
        with self._lock:
            for key, durations in self._durations.items():
                if newest := durations.since(numbers.get(key, 0)):
                    found[key] = newest
                numbers[key] = durations.number
        return found

    def clear(self) -> None:
        """Forgets all counts and durations: what follows is measured from here. Gauges say what is, and stay."""
        with self._lock:
            self._counts.clear()
            self._durations.clear()
            self._together.clear()

    def _matching(self, name: str, labels: dict[str, str]) -> list[_Durations]:
        wanted = set(labels.items())
        return [d for (key, have), d in self._durations.items() if key == name and wanted <= set(have)]


def _histogram(counts: Sequence[int], total_s: float) -> Histogram:
    """From how many lasted between one bound and the next, those beyond the last at the end."""
    below = tuple(accumulate(counts))
    return Histogram(below[-1], total_s, below[:-1])
