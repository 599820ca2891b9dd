"""What another process has counted and measured since it was last asked, to be counted here too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edge_app.core.metrics import LabelSet, Metrics

MetricKey = tuple[str, LabelSet]


@dataclass(frozen=True, slots=True)
class MetricsChanges:
    """What is new, by name and labels.

    Attributes:
        counts: How much was added to counters.
        gauges: Gauges that have another value.
        gone: Gauges that are forgotten.
        durations: New ones [s].
    """

    counts: Mapping[MetricKey, int]
    gauges: Mapping[MetricKey, float]
    gone: Sequence[MetricKey]
    durations: Mapping[MetricKey, Sequence[float]]

    def add_to(self, metrics: Metrics) -> None:
        """Counts and measures all of it there."""
        for (name, labels), amount in self.counts.items():
            metrics.count(name, amount, **dict(labels))
        for (name, labels), value in self.gauges.items():
            metrics.gauge(name, value, **dict(labels))
        for name, labels in self.gone:
            metrics.forget_gauge(name, **dict(labels))
        metrics.observe_more(self.durations)


class ChangeWatch:
    """Finds what has changed in metrics between two looks; one thread uses it."""

    def __init__(self, metrics: Metrics) -> None:
        """All that was counted before the first look is new to it."""
        self._metrics = metrics
        self._counts: Mapping[MetricKey, int] = {}
        self._gauges: Mapping[MetricKey, float] = {}
        self._numbers: dict[MetricKey, int] = {}

    def look(self) -> MetricsChanges:
        """What is new."""
        counts, gauges = self._metrics.numbers()
        changes = MetricsChanges(
            {key: more for key, count in counts.items() if (more := count - self._counts.get(key, 0))},
            {key: value for key, value in gauges.items() if self._gauges.get(key) != value},
            [key for key in self._gauges if key not in gauges],
            self._metrics.durations_since(self._numbers),
        )
        self._counts, self._gauges = counts, gauges
        return changes
