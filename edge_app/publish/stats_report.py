"""The wire message of how the program is doing, `edge_app.stats/1`, for `<prefix>/stats`."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any

from edge_app.core.camera_status import CameraHealth
from edge_app.core.metrics import BOUNDS_S, Metrics
from edge_app.machine import BoxClock
from edge_app.publish.health import Health
from edge_app.publish.messages import ENCODER, Message, Origin, clock_mark, nowhere, rfc3339
from edge_app.publish.sink_status import SinkStatus

DURATIONS = ("age", "decode", "queue", "preprocess", "infer", "postprocess", "publish")


@dataclass(frozen=True, slots=True)
class StatsReporter:
    """Makes the reports of one run of the program.

    Attributes:
        session: The run's ULID.
        metrics: What every part has counted since the start.
        clock: That of this machine.
        origin: Which machine that is, in a fleet.
    """

    session: str
    metrics: Metrics
    clock: BoxClock
    origin: Origin = nowhere

    def report(self, health: Health) -> Message:
        """The document as a message."""
        payload = ENCODER.encode(self.document(health)).encode()
        return Message(camera=None, kind="stats", payload=payload, droppable=True)

    def document(self, health: Health) -> dict[str, Any]:
        """What runs; state, counters and histograms of every camera; state and counters of every sink."""
        return {
            "schema": "edge_app.stats/1",
            "session": self.session,
            "ts": rfc3339(time.time_ns() // 1_000_000),
            "since": rfc3339(round(health.since * 1e3)),
            "status": health.status,
            **clock_mark(self.clock),
            **self.origin(None),
            "model": asdict(health.model),
            "bounds_s": BOUNDS_S,
            "cameras": {name: self._camera(name, camera) for name, camera in health.cameras.items()},
            "sinks": {name: self._sink(name, status) for name, status in health.sinks.items()},
        }

    def _camera(self, name: str, camera: CameraHealth) -> dict[str, Any]:
        total, status = self.metrics.total, camera.status
        return {
            "state": status.state,
            "reason": status.reason and status.reason.value,
            "warnings": [warning.reason for warning in status.warnings],
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
            "spooled": status.spooled,
            "oldest_s": None if status.oldest_s is None else round(status.oldest_s, 1),
            "published": self.metrics.total("published", sink=name),
            "failed": self.metrics.total("publish_failed", sink=name),
            "dropped": self.metrics.by("publish_dropped", "reason", sink=name),
            "refused": self.metrics.by("publish_refused", "code", sink=name),
        }
