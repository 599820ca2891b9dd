"""What runs: a worker, the sinks, and the main thread that looks after them until it is told to stop."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from edge_app.app.config import CameraSection
from edge_app.app.counting import COUNTING, CountKeeper
from edge_app.app.facts import CameraFacts, MakeAnalytics
from edge_app.app.health import HealthReporter
from edge_app.app.service import Service
from edge_app.app.status_events import StatusEvents
from edge_app.app.worker import Worker
from edge_app.capture import Source
from edge_app.core.camera_status import CameraStatus
from edge_app.core.errors import TemporaryError
from edge_app.core.events import CameraEvent
from edge_app.core.metrics import Metrics
from edge_app.core.threads import Heartbeats, ThreadGroup
from edge_app.core.ulid import new_ulid
from edge_app.detector import Detector
from edge_app.engine import Engine
from edge_app.publish import (
    DeliveryGroup,
    EventWriter,
    Health,
    MessageWriter,
    ModelIdentity,
    Sink,
    StatsReporter,
    counts_message,
    status_message,
)

logger = logging.getLogger(__name__)

TICK_S = 0.25  # how often the main thread checks the others
STOP_DRAIN_S = 2.5  # for the sinks after SIGTERM; with twice JOIN_S it stays under the 5 s that stopping may take
JOIN_S = 0.75


class Runtime:
    """Everything that runs, made by `start`; `run` is called once.

    Attributes:
        detector: What runs, in the precision and on the backend that were chosen.
        engine: What computes it, warm.
        worker: The cameras; they are added and removed by the thread that calls `run`, as in its `refresh`.
        deliveries: The sinks; they are added and removed by any thread.
        metrics: What is counted and measured.
        stop: Set by a signal, a failed thread or the end of all sources.
    """

    def __init__(
        self,
        detector: Detector,
        engine: Engine,
        *,
        cameras: Mapping[str, tuple[Source, CameraSection]],
        make_analytics: MakeAnalytics,
        tell_of_cameras: bool,
        counts: CountKeeper | None,
        sinks: Mapping[str, Sink],
        drain_s: float,
        service: Service,
        stop: threading.Event,
    ) -> None:
        """Takes what `start` has opened, and what `run` opens."""
        self.detector, self.engine, self.metrics, self.stop = detector, engine, Metrics(), stop
        self._cameras, self._sinks, self._drain_s, self._service = cameras, sinks, drain_s, service
        self._counts = counts
        self._heartbeats, self._threads = Heartbeats(), ThreadGroup(stop)
        self._identity = ModelIdentity(
            name=detector.name, sha256=detector.sha256, engine=engine.name, precision=detector.precision
        )
        self._since, self._session = time.time(), new_ulid()
        self.deliveries = DeliveryGroup(self._threads, self._heartbeats, self.metrics)
        self._events = EventWriter(self._session, self._identity, detector.labels)
        self._status_events = StatusEvents(self._tell) if tell_of_cameras else None
        self.worker = Worker(
            detector,
            engine,
            MessageWriter(self._session, self._identity, detector.labels, self.metrics),
            CameraFacts(make_analytics, self._events),
            publish=self.deliveries.put,
            on_status=self._on_status,
            metrics=self.metrics,
            heartbeats=self._heartbeats,
            threads=self._threads,
            stop=stop,
        )
        self._reporter = HealthReporter(service, self.deliveries, StatsReporter(self._session, self.metrics))

    def run(self, refresh: Callable[[], None] = lambda: None, tick_s: float = TICK_S) -> None:
        """Runs until `stop` or the end of all sources; `refresh` is called in this thread after every `tick_s`.

        Raises:
            TemporaryError: Messages of finite sources were not delivered in time.
            InputError: A file among the cameras could not be read; the others were not ended by that.
            EdgeAppError: What ended a thread.
        """
        ended = False
        try:
            for sink_name, sink in self._sinks.items():
                self.deliveries.add(sink_name, sink)
            for name, (source, config) in self._cameras.items():
                self.worker.add(name, source, config)
            self.worker.start()
            if self._counts is not None:
                self._threads.start(COUNTING, partial(self._counts.run, self._tell_counts, self._heartbeats, self.stop))
            self._service.ready()
            while not ended and not self.stop.is_set():
                ended = self.worker.join(tick_s)
                self.worker.supervise()
                self._service.feed(self._heartbeats)
                self._reporter.tell(self.health())
                refresh()
        finally:
            undelivered = self._end()
        for error in (self._threads.error, undelivered, self._threads.kept):
            if error is not None:
                raise error

    def health(self) -> Health:
        """How everything is now; any thread may ask."""
        return Health(
            since=self._since, model=self._identity, cameras=self.worker.statuses(), sinks=self.deliveries.statuses()
        )

    def _on_status(self, camera: str, status: CameraStatus) -> None:
        """Tells the sinks that a camera has changed."""
        self.deliveries.put_status(status_message(camera, status))
        if self._status_events is not None:
            self._status_events.changed(camera, status)

    def _tell(self, event: CameraEvent) -> None:
        self.deliveries.put(self._events.camera(event), lambda: False)

    def _tell_counts(self, document: dict[str, Any]) -> None:
        self.deliveries.put(counts_message(self._session, document), lambda: False)

    def _end(self) -> TemporaryError | None:
        """What finite sources could not deliver, after stopping in order, whether told to or at the end of all sources.

        1. systemd is told (`STOPPING=1`).
        2. Cameras are stopped; the analysis thread is joined, for at most `JOIN_S`.
        3. Sinks deliver what is queued, for at most `shutdown.drain_s`, and `STOP_DRAIN_S` once `stop` is set.
        4. `stop` is set and sinks are stopped; all threads are joined, for at most `JOIN_S`; stuck ones stay.

        Whoever called `run` then closes table, window and recorder, and last the engine, which `start` opened.
        """
        self._service.stopping()
        self.worker.stop_cameras()
        self.worker.join(JOIN_S)
        undelivered = self._drain()
        told_to = self.stop.is_set()
        self.stop.set()
        self.deliveries.stop()
        if stuck := self._threads.join(JOIN_S):
            logger.warning("left behind, stuck in a call: %s", ", ".join(stuck))
        if undelivered:
            logger.warning("%d messages were not delivered", undelivered)
        if not undelivered or told_to:
            return None
        return TemporaryError(f"{undelivered} messages were not delivered within {self._drain_s:g} s")

    def _drain(self) -> int:
        """Delivers what is queued, for less long from when `stop` is set; returns how many messages are left."""
        deadline, told_to = time.monotonic() + self._drain_s, False
        while True:
            if self.stop.is_set() and not told_to:
                deadline, told_to = min(deadline, time.monotonic() + STOP_DRAIN_S), True
            left = deadline - time.monotonic()
            undelivered = self.deliveries.drain(min(TICK_S, max(0.0, left)))
            if not undelivered or left <= 0:
                return undelivered
            self._service.feed(self._heartbeats)
