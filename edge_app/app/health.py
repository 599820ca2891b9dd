"""How the program is doing: one snapshot, which systemd's status, the live table and the statistics read."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from edge_app.app.service import Service
from edge_app.core.camera_status import CameraStatus
from edge_app.publish import DeliveryGroup, ModelIdentity, SinkStatus, StatsReporter

REPORT_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The state of everything at one moment.

    Attributes:
        since: When the program began to run [s since the epoch].
        model: What answers, and on what.
        cameras: By name.
        sinks: By name.
    """

    since: float
    model: ModelIdentity
    cameras: Mapping[str, CameraStatus]
    sinks: Mapping[str, SinkStatus]

    @property
    def cameras_up(self) -> str:
        """`1 of 2 cameras up`; those that are disabled do not count."""
        states = [status.state for status in self.cameras.values()]
        return f"{states.count('up')} of {len(states) - states.count('disabled')} cameras up"

    @property
    def line(self) -> str:
        """`1 of 2 cameras up; gate: timeout; mqtt: connection refused`: what is wrong."""
        cameras = [f"{name}: {status.reason.value}" for name, status in self.cameras.items() if status.reason]
        sinks = [f"{name}: {status.reason}" for name, status in self.sinks.items() if status.reason]
        return "; ".join([self.cameras_up, *cameras, *sinks])


class HealthReporter:
    """Tells how things are: systemd in a line when that changes, the sinks in numbers every ten seconds."""

    def __init__(self, service: Service, deliveries: DeliveryGroup, stats: StatsReporter) -> None:
        self._service, self._deliveries, self._stats = service, deliveries, stats
        self._line = ""
        self._next_report = time.monotonic() + REPORT_S

    def tell(self, health: Health) -> None:
        """Reports what has changed; to be called several times a second."""
        if health.line != self._line:
            self._line = health.line
            self._service.status(health.line)
        if time.monotonic() >= self._next_report:
            self._next_report = time.monotonic() + REPORT_S
            self._deliveries.put_status(self._stats.report(health.cameras, health.sinks))
