"""Tells how the program is doing: systemd in a line, the sinks in numbers."""

from __future__ import annotations

import time

from edge_app.app.service import Service
from edge_app.publish import DeliveryGroup, Health, StatsReporter

REPORT_S = 10.0


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
            self._deliveries.put_status(self._stats.report(health))
