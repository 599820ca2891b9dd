"""How things are: to systemd in words when that changes, to the sinks in numbers every ten seconds."""

from __future__ import annotations

import time
from collections.abc import Mapping

from edge_app.app.service import Service
from edge_app.core.camera_status import CameraStatus
from edge_app.publish import DeliveryGroup, StatsReporter

REPORT_S = 10.0


class Health:
    """Says what there is to say; to be asked several times a second."""

    def __init__(self, service: Service, publishers: DeliveryGroup, reporter: StatsReporter) -> None:
        self._service, self._publishers, self._reporter = service, publishers, reporter
        self._said = ""
        self._next_report = time.monotonic() + REPORT_S

    def say(self, states: Mapping[str, CameraStatus]) -> None:
        """Takes how each camera is doing."""
        text = status_line(states)
        if text != self._said:
            self._service.status(text)
            self._said = text
        if time.monotonic() >= self._next_report:
            self._next_report = time.monotonic() + REPORT_S
            self._publishers.put_status(self._reporter.report(states, self._publishers.statuses()))


def status_line(states: Mapping[str, CameraStatus]) -> str:
    """`1 of 2 cameras up; gate: timeout`; those that are disabled do not count."""
    enabled = {name: state for name, state in states.items() if state.state != "disabled"}
    up = sum(state.state == "up" for state in enabled.values())
    away = [f"{name}: {state.reason.value}" for name, state in enabled.items() if state.reason is not None]
    return "; ".join([f"{up} of {len(enabled)} cameras up", *away])
