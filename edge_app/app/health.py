"""Tells how the program is doing: whoever asks in a snapshot, systemd in a line, the sinks in numbers."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from importlib.metadata import version

from edge_app.app.analyser import Analyser
from edge_app.app.assignment import Assignment
from edge_app.app.service import Service
from edge_app.app.since import Since
from edge_app.evidence import Evidence
from edge_app.machine import BoxClock
from edge_app.publish import DeliveryGroup, Health, HealthState, StatsReporter

REPORT_S = 10.0


class HealthWatch:
    """Puts together how everything is doing; any thread may ask."""

    def __init__(
        self,
        analyser: Analyser,
        deliveries: DeliveryGroup,
        clock: BoxClock,
        assignment: Assignment,
        evidence: Evidence,
    ) -> None:
        """The program begins to run now."""
        self._analyser, self._deliveries, self._clock = analyser, deliveries, clock
        self._assignment, self._evidence = assignment, evidence
        self._since, self._began_mono, self._version = time.time(), time.monotonic(), version("edge-app")
        self._status: HealthState | None = None
        self._status_since = self._since
        self._noted = Since()
        self._lock = threading.Lock()

    def health(self) -> Health:
        """How everything is now."""
        with self._lock:
            noted, engine, sinks = self._noted, self._analyser.engine_status, self._deliveries.statuses()
            noted.look()
            now = Health(
                since=noted.of("program", self._since),
                uptime_s=time.monotonic() - self._began_mono,
                version=self._version,
                status_since=noted.of("status", self._status_since),
                model=self._analyser.model.identity,
                engine=replace(engine, since=noted.of("engine", engine.since)),
                cameras={name: noted.of_camera(name, camera) for name, camera in self._analyser.health().items()},
                sinks={name: replace(sink, since=noted.of(f"sink {name}", sink.since)) for name, sink in sinks.items()},
                clock_synchronised=self._clock.synchronised,
                keeping=self._evidence.keeping,
                describing=self._analyser.describing,
                fleet=self._assignment.etcd,
            )
            if now.status != self._status:
                self._status, self._status_since = now.status, time.time()
                now = replace(now, status_since=noted.of("status", self._status_since))
            return now


class HealthReporter:
    """Tells how things are: systemd in a line when that changes, the sinks in numbers every ten seconds."""

    def __init__(self, service: Service, deliveries: DeliveryGroup, stats: StatsReporter) -> None:
        self._service, self._deliveries, self._stats = service, deliveries, stats
        self._line = ""
        self._next_report = time.monotonic() + REPORT_S

    def report(self, health: Health) -> None:
        """Reports what has changed; to be called several times a second."""
        if (line := health.line) != self._line:
            self._line = line
            self._service.status(line)
        if time.monotonic() >= self._next_report:
            self._next_report = time.monotonic() + REPORT_S
            self._deliveries.put_state(self._stats.report(health))
