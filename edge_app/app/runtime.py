"""What runs: the analysis of cameras, the sinks, and the main thread that looks after them until it is told to stop."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from edge_app.analytics.counts import CountStore
from edge_app.app.analyser import Analyser
from edge_app.app.camera_analytics import CameraAnalytics, MakeAnalytics
from edge_app.app.config import AppConfig
from edge_app.app.config_sections import CameraSection
from edge_app.app.counting import Counting
from edge_app.app.evidence import EvidenceControl
from edge_app.app.factory import Parts
from edge_app.app.health import HealthReporter, HealthWatch
from edge_app.app.loaded_model import LoadedModel
from edge_app.app.local_analyser import LocalAnalyser
from edge_app.app.process_role import ProcessRole
from edge_app.app.status_events import StatusEvents
from edge_app.app.workers.outlets import Outlets
from edge_app.app.workers.pool import WorkerPool
from edge_app.capture.status import OnStatus
from edge_app.core.calls import Calls
from edge_app.core.camera_status import CameraStatus
from edge_app.core.errors import TemporaryError
from edge_app.core.events import CameraEvent
from edge_app.core.listeners import Listeners
from edge_app.core.metrics import Metrics
from edge_app.core.threads import Heartbeats, ThreadGroup
from edge_app.core.ulid import new_ulid
from edge_app.evidence import Evidence, PrivacyMasks
from edge_app.evidence.drafts import Drafts
from edge_app.machine import BoxClock, LeakGuard
from edge_app.publish import (
    SPOOLS,
    DeliveryGroup,
    EventWriter,
    Health,
    MessageWriter,
    PlaceNames,
    StatsReporter,
    counts_message,
    places_message,
    status_message,
)

logger = logging.getLogger(__name__)

T = TypeVar("T")

TICK_S = 0.25  # how often the main thread checks the others
STOP_DRAIN_S = 2.5  # for the sinks after SIGTERM; with twice JOIN_S it stays under the 5 s that stopping may take
JOIN_S = 0.75
MAIN = "main"  # the loop of the thread that calls `run`, for `live` over HTTP: systemd hears of it by being fed
SETTLE_S = 0.02  # between two looks at evidence that is being written


class Runtime:
    """Everything that runs, made by `start`; `run` is called once.

    Attributes:
        parts: What runs; replaced where the configuration is loaded again.
        analyser: The cameras, and the model that answers, in this process or in others; cameras are
            added and removed by the thread that calls `run`, as in its `refresh` and in what `call` is given.
        deliveries: The sinks; they are added and removed by any thread.
        metrics: What is counted and measured.
        clock: Of this machine.
        counting: What lines and zones have counted.
        service: What systemd is told.
        masks: What nobody is to see in pictures.
        evidence_written: Called when something was kept of events.
        assignment: Which cameras are read here.
        changing: Held while cameras are added, removed or exchanged.
        stop: Set by a signal, a failed thread or the end of all sources.
    """

    def __init__(
        self,
        parts: Parts,
        model: LoadedModel | WorkerPool,
        role: ProcessRole,
        *,
        open_counts: Callable[[], CountStore],
        metrics: Metrics,
        stop: threading.Event,
        masks: PrivacyMasks,
    ) -> None:
        """Takes what is loaded, and what `run` opens.

        Args:
            parts: What runs.
            model: What answers, or the processes in which it does; `analyser.close` ends them.
            role: What is done here, or in the main process instead.
            open_counts: Opens the file of the counts, once, when the first zone or line needs it; AccessError if not.
            metrics: What is counted and measured.
            stop: Ends `run`.
            masks: What nobody is to see in pictures.
        """
        self.assignment, self.service, self.changing = role.assignment, role.service, threading.Lock()
        self.parts, self.metrics, self.stop, self.masks = parts, metrics, stop, masks
        self._heartbeats, self._threads, self._calls = Heartbeats(), ThreadGroup(stop), Calls()
        self.counting = Counting(
            open_counts, parts.config.time_zone, self._publish_counts, self._threads, self._heartbeats, stop
        )
        self.clock, self._leaks = BoxClock(), LeakGuard(metrics, self._threads.fail)
        self._session = new_ulid()
        self.deliveries = DeliveryGroup(
            self._threads, self._heartbeats, self.metrics, spools=parts.config.state_dir / SPOOLS
        )
        answering = model.model if isinstance(model, WorkerPool) else model
        labels = answering.detector.labels
        self._events = EventWriter(self._session, answering.identity, labels, self.clock, self.assignment.origin)
        self._status_events: StatusEvents | None = None
        self.use_camera_events(parts.config.events is not None)
        self._evidence, self.evidence_written = Evidence(self._events), Listeners()
        self._evidence_control = EvidenceControl(
            self._evidence,
            masks,
            self._labels,
            metrics,
            self._threads,
            self.clock,
            self.evidence_written.call,
            role.open_evidence,
        )
        self.analyser = self._analyser(model, role.on_status or self._on_status)
        self._health = HealthWatch(self.analyser, self.deliveries, self.clock, self.assignment, self._evidence)
        self._stats = StatsReporter(self._session, self.metrics, self.clock, self.assignment.origin)
        self._reporter = HealthReporter(self.service, self.deliveries, self._stats)

    def run(self, refresh: Callable[[], None] = lambda: None, tick_s: float = TICK_S) -> None:
        """Runs until `stop` or the end of all sources; `refresh` is called in this thread after every `tick_s`.

        Raises:
            AccessError: Another program uses the folder of the evidence.
            TemporaryError: Messages of finite sources were not delivered in time, or a limit of memory was passed.
            InputError: A file among the cameras could not be read; the others were not ended by that.
            EdgeAppError: What ended a thread.
        """
        ended = False
        try:
            cameras = self.parts.config.cameras
            self.publish_places(cameras)
            self.keep_evidence(self.parts.config)
            for sink_name, (sink, policy) in self.parts.sinks.items():
                self.deliveries.add(sink_name, sink, policy)
            sources = self.parts.sources_for(self.analyser.model.detector)
            for name in filter(self.assignment.reads, cameras):
                self.analyser.add(name, sources[name], cameras[name])
            self.analyser.start()
            self.counting.keep(at_once=self.parts.counts_at_once)
            self.service.ready()
            while not ended and not self.stop.is_set():
                self._heartbeats.beat(MAIN)
                ended = self.analyser.join(tick_s)
                self.analyser.supervise()
                self._calls.serve()
                self.service.feed(self._heartbeats)
                self._reporter.report(self.health())
                self._leaks.look(self.parts.config.limits)
                refresh()
        finally:
            self._calls.close()
            self._heartbeats.forget(MAIN)
            undelivered = self._end()
        for error in (self._threads.error, undelivered, self.analyser.error):
            if error is not None:
                raise error

    def read(self, camera: str) -> None:
        """Adds the camera of that name, unless it is read already; for the thread that calls `run`."""
        if camera in self.analyser.statuses():
            return
        self.counting.reread()
        source = self.parts.sources_for(self.analyser.model.detector)[camera]
        self.analyser.add(camera, source, self.parts.config.cameras[camera])

    def read_no_more(self, camera: str) -> None:
        """Removes the camera of that name, if it is there; for the thread that calls `run`."""
        if camera in self.analyser.statuses():
            self.analyser.remove(camera)

    def run_beside(self, name: str, what: Callable[[], None]) -> None:
        """Does something in a thread of its own, which is to end once `stop` is set; a bug in it ends `run`."""
        self._threads.start(name, what)

    def call(self, what: Callable[[], T]) -> T:
        """Has the thread that calls `run` do something between two ticks; for any other thread, which waits.

        Raises:
            StoppedError: `run` has ended.
            Exception: What it raises.
        """
        return self._calls.make(what)

    def analytics_of(self, parts: Parts, model: LoadedModel) -> MakeAnalytics:
        """Makes the analytics of cameras from what the model finds."""
        return parts.analytics_for(model.detector, self.counting.store, self.metrics)

    def keep_evidence(self, config: AppConfig) -> None:
        """Keeps of events what that configuration asks for; raises as `run`."""
        self._evidence_control.fit(config if self.analyser.has_pictures else config.beside_workers)

    def use_camera_events(self, told: bool) -> None:
        """Whether cameras that go down and come back are events; what was told of them already is not told again."""
        self._status_events = (self._status_events or StatusEvents(self._publish_event)) if told else None

    def publish_places(self, cameras: Mapping[str, CameraSection]) -> None:
        """Tells the sinks which cameras, zones and lines there are."""
        names = {name: PlaceNames(zones=[*c.zones], lines=[*c.lines]) for name, c in cameras.items()}
        self.deliveries.put_state(places_message(names))

    @property
    def drafts(self) -> Drafts:
        """Of clips that are being written."""
        return self._evidence.drafts

    @property
    def heartbeats(self) -> Heartbeats:
        """Signs of life of every loop, those of others too."""
        return self._heartbeats

    def health(self) -> Health:
        """How everything is now; any thread may ask."""
        return self._health.health()

    def stats(self) -> dict[str, Any]:
        """What was counted and measured, as `edge_app.stats/1`; any thread may ask."""
        return self._stats.document(self.health())

    def _analyser(self, model: LoadedModel | WorkerPool, on_status: OnStatus) -> Analyser:
        """What analyses the cameras."""
        if isinstance(model, WorkerPool):
            outlets = Outlets(
                publish=self.deliveries.put,
                on_status=on_status,
                on_counts=self._publish_counts,
                evidence=self._evidence,
                metrics=self.metrics,
                stop=self.stop,
            )
            model.serve(outlets, self.assignment)
            return model
        labels, origin = model.detector.labels, self.assignment.origin
        return LocalAnalyser(
            model,
            MessageWriter(self._session, model.identity, labels, self.metrics, self.clock, origin),
            self._events,
            CameraAnalytics(self.analytics_of(self.parts, model)),
            self._evidence,
            publish=self.deliveries.put,
            on_status=on_status,
            metrics=self.metrics,
            heartbeats=self._heartbeats,
            threads=self._threads,
            stop=self.stop,
        )

    def _on_status(self, camera: str, status: CameraStatus) -> None:
        """Tells the sinks that a camera has changed."""
        if not self.assignment.reads(camera):
            return  # another box has it by now, and tells how it is
        self.deliveries.put_state(status_message(camera, status, self.clock, self.assignment.origin))
        if (events := self._status_events) is not None:
            events.changed(camera, status)

    def _publish_event(self, event: CameraEvent) -> None:
        message = self._events.camera(event)
        self._evidence.keep(message)
        self.deliveries.put(message, lambda: False)

    def _labels(self) -> Sequence[str]:
        return self.analyser.model.detector.labels

    def _publish_counts(self, document: dict[str, Any]) -> None:
        self.deliveries.put_state(counts_message(self._session, document, self.clock, self.assignment.origin))

    def _end(self) -> TemporaryError | None:
        """What finite sources could not deliver, after stopping in order, whether told to or at the end of all sources.

        1. systemd is told (`STOPPING=1`).
        2. Cameras are stopped; the analysis thread is joined, for at most `JOIN_S`.
        3. Evidence is written and sinks deliver what is queued, for at most `shutdown.drain_s`, and `STOP_DRAIN_S` once
           `stop` is set.
        4. `stop` is set and sinks are stopped; all threads are joined, for at most `JOIN_S`; stuck ones stay.

        Whoever called `run` then closes table, window and recorder, and last the engine, which `start` opened.
        """
        self.service.stopping()
        self.analyser.stop_cameras()
        self.analyser.join(JOIN_S)
        undelivered, spooled = self._drain(), self.deliveries.spooled()
        told_to = self.stop.is_set()
        self.stop.set()
        self.deliveries.stop()
        self._evidence.end()
        if stuck := self._threads.join(JOIN_S):
            logger.warning("left behind, stuck in a call: %s", ", ".join(stuck))
        if undelivered:
            wait = f"; {spooled} of them wait in a spool for the next start" if spooled else ""
            logger.warning("%d messages were not delivered%s", undelivered, wait)
        if not undelivered or told_to:
            return None
        return TemporaryError(
            f"{undelivered} messages were not delivered within {self.parts.config.shutdown.drain_s:g} s"
        )

    def _drain(self) -> int:
        """Delivers what is queued, for less long from when `stop` is set; returns how many messages are left."""
        self._evidence.finish(at_once=self.stop.is_set())
        deadline, told_to = time.monotonic() + self.parts.config.shutdown.drain_s, False
        while True:
            if self.stop.is_set() and not told_to:
                deadline, told_to = min(deadline, time.monotonic() + STOP_DRAIN_S), True
                self._evidence.finish(at_once=True)
            left = deadline - time.monotonic()
            settled = self._settle_evidence() and self.analyser.join(0)
            undelivered = self.deliveries.drain(min(TICK_S, max(0.0, left)))
            if (settled and not undelivered) or left <= 0:
                return undelivered
            if not undelivered:
                time.sleep(SETTLE_S)
            self.service.feed(self._heartbeats)

    def _settle_evidence(self) -> bool:
        """Tells what has come of the evidence; returns whether all of it is written and told."""
        settled = self._evidence.is_settled  # what is told after this was there before it
        for message in self._evidence.late():
            self.deliveries.put(message, lambda: False)
        return settled
