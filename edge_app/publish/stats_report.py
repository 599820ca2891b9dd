"""The wire message of how the program is doing, `edge_app.stats/1`, for `<prefix>/stats`."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from edge_app.core.errors import Reason
from edge_app.core.metrics import BOUNDS_S, Metrics
from edge_app.publish.messages import ENCODER, Message, State, rfc3339

DURATIONS = ("age", "decode", "queue", "preprocess", "infer", "postprocess", "publish")


@dataclass(frozen=True, slots=True)
class StatsReporter:
    """Makes the reports of one run of the program.

    Attributes:
        session: The run's ULID.
        stats: What every part counted since the start.
        sinks: Their names.
    """

    session: str
    stats: Metrics
    sinks: Iterable[str]

    def report(self, cameras: Mapping[str, tuple[State, Reason | None]]) -> Message:
        """Counters and histograms of every camera, given its state, and counters of every sink."""
        document = {
            "schema": "edge_app.stats/1",
            "session": self.session,
            "ts": rfc3339(time.time_ns() // 1_000_000),
            "bounds_s": BOUNDS_S,
            "cameras": {name: self._camera(name, *state) for name, state in cameras.items()},
            "sinks": {name: self._sink(name) for name in self.sinks},
        }
        return Message(None, "stats", ENCODER.encode(document).encode(), live=True)

    def _camera(self, name: str, state: State, reason: Reason | None) -> dict[str, Any]:
        total = self.stats.total
        return {
            "state": state,
            "reason": reason and reason.value,
            "captured": total("frames_captured", camera=name),
            "analysed": total("frames_analysed", camera=name),
            "dropped": self.stats.by("frames_dropped", "reason", camera=name),
            "outputs_not_finite": total("outputs_not_finite", camera=name),
            "reconnects": self.stats.by("reconnects", "reason", camera=name),
            "durations": {what: self._histogram(what, name) for what in DURATIONS},
        }

    def _histogram(self, what: str, camera: str) -> dict[str, Any]:
        found = self.stats.histogram(what, camera=camera)
        return {"count": found.count, "sum_s": round(found.sum, 6), "buckets": found.buckets}

    def _sink(self, name: str) -> dict[str, int]:
        counters = {"published": "published", "failed": "publish_failed", "dropped": "publish_dropped"}
        return {what: self.stats.total(counter, sink=name) for what, counter in counters.items()}
