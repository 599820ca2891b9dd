"""The wire message of how the program is doing, `edge_app.stats/1`, for `<prefix>/stats`."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any

from edge_app.core.camera_status import CameraStatus
from edge_app.core.metrics import BOUNDS_S, Metrics
from edge_app.publish.health import Health
from edge_app.publish.messages import ENCODER, Message, rfc3339
from edge_app.publish.sink_status import SinkStatus

DURATIONS = ("age", "decode", "queue", "preprocess", "infer", "postprocess", "publish")


@dataclass(frozen=True, slots=True)
class StatsReporter:
    """Makes the reports of one run of the program.

    Attributes:
        session: The run's ULID.
        metrics: What every part has counted since the start.
    """

    session: str
    metrics: Metrics

    def report(self, health: Health) -> Message:
        """What runs; state, counters and histograms of every camera; state and counters of every sink."""
        document = {
            "schema": "edge_app.stats/1",
            "session": self.session,
            "ts": rfc3339(time.time_ns() // 1_000_000),
            "since": rfc3339(round(health.since * 1e3)),
            "model": asdict(health.model),
            "bounds_s": BOUNDS_S,
            "cameras": {name: self._camera(name, status) for name, status in health.cameras.items()},
            "sinks": {name: self._sink(name, status) for name, status in health.sinks.items()},
        }
        return Message(camera=None, kind="stats", payload=ENCODER.encode(document).encode(), live=True)

    def _camera(self, name: str, status: CameraStatus) -> dict[str, Any]:
        total = self.metrics.total
        return {
            "state": status.state,
            "reason": status.reason and status.reason.value,
            "captured": total("frames_captured", camera=name),
            "analysed": total("frames_analysed", camera=name),
            "dropped": self.metrics.by("frames_dropped", "reason", camera=name),
            "outputs_not_finite": total("outputs_not_finite", camera=name),
            "reconnects": self.metrics.by("reconnects", "reason", camera=name),
            "durations": {what: self._histogram(what, name) for what in DURATIONS},
        }

    def _histogram(self, what: str, camera: str) -> dict[str, Any]:
        found = self.metrics.histogram(what, camera=camera)
        return {"count": found.count, "sum_s": round(found.sum, 6), "buckets": found.buckets}

    def _sink(self, name: str, status: SinkStatus) -> dict[str, Any]:
        return {
            "state": status.state,
            "reason": status.reason,
            "queued": status.queued,
            "published": self.metrics.total("published", sink=name),
            "failed": self.metrics.total("publish_failed", sink=name),
            "dropped": self.metrics.by("publish_dropped", "reason", sink=name),
        }
