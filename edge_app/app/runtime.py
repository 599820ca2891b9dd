"""The composition root: a configuration becomes real parts, which run until they are told to stop."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType

import cv2

from edge_app import model
from edge_app.app.config import AppConfig
from edge_app.app.factory import make_sinks, make_sources
from edge_app.app.health import Health
from edge_app.app.service import Service
from edge_app.capture import Cameras, Source
from edge_app.core.camera_status import CameraStatus
from edge_app.core.detections import Result
from edge_app.core.errors import TemporaryError
from edge_app.core.frames import Frame
from edge_app.core.inbox import Inbox
from edge_app.core.metrics import Metrics
from edge_app.core.threads import Heartbeats, ThreadGroup
from edge_app.detector import read_detector, reads_surfaces, start_engine
from edge_app.pipeline import Analysis
from edge_app.publish import DeliveryGroup, MessageWriter, ModelIdentity, StatsReporter, new_session, status_message

logger = logging.getLogger(__name__)

SWITCH_S = 0.001  # at Python's 5 ms, the analyse thread waits as long after each call into NumPy while cameras render
TICK_S = 0.25  # how often the main thread looks after the others
STOP_DRAIN_S = 2.5  # for the sinks after SIGTERM; with twice JOIN_S it stays under the 5 s that stopping may take
JOIN_S = 0.75
BUILD_STEP_S = 300  # a step of TensorRT's, such as trying all kernels for a large layer on a small GPU
FINITE_AHEAD = 8  # frames of a file that are decoded before they are asked for


class Runtime:
    """Everything that runs, for the duration of a `with` block.

    Attributes:
        stop: Set by a signal, a failed thread or the end of all sources.
        latest: Each camera's newest frame and result, for whoever looks; not of those that were removed.
        observe: Sees every frame with its result, in the analyse thread.
    """

    def __init__(
        self,
        settings: AppConfig,
        *,
        stop: threading.Event | None = None,
        play: Callable[[Source], Source] = lambda source: source,
        observe: Callable[[Frame, Result], None] = lambda frame, result: None,
    ) -> None:
        """Makes every part that the configuration names; none is opened yet.

        Args:
            settings: The whole configuration; each part gets its own section.
            stop: As the attribute; none: one of its own.
            play: What to read instead of a camera's own source.
            observe: As the attribute.

        Raises:
            ConfigError, InputError, DataError, AccessError: What no time will mend; the text names the key or the file.
        """
        self._settings = settings
        self.detector = read_detector(settings.detector)
        self._play = play
        self.sources = self._make_sources()
        self._sinks = make_sinks(settings)
        self.observe = observe
        self.stop = stop or threading.Event()
        self.latest: dict[str, tuple[Frame, Result]] = {}
        self.stats = Metrics()
        self._beats = Heartbeats()
        self._inbox: Inbox = Inbox()
        self._threads = ThreadGroup(self.stop)
        self._service = Service()

    def __enter__(self) -> Runtime:
        """Loads the model, which answers a blank batch; sources and sinks are opened by their own threads."""
        cv2.setNumThreads(1)  # its pool would take the cores that decode and infer
        sys.setswitchinterval(SWITCH_S)
        with ExitStack() as stack:
            backend = self.detector.backend
            self.detector, engine = start_engine(self.detector, self._settings.engine, self._building)
            self.engine, d = stack.enter_context(engine), self.detector
            if d.backend != backend:
                self.sources = self._make_sources()  # whose pictures are as this engine reads them
            logger.info("model %s, %s, on %s: %s", d.name, d.precision, self.engine.name, d.backend.because)
            identity = ModelIdentity(d.name, model.sha256(d.graph.path), self.engine.name, d.precision)
            session = new_session()
            self._messages = MessageWriter(session, identity, d.labels, self.stats)
            self._publishers = DeliveryGroup(self._threads, self._beats, self.stats)
            reporter = StatsReporter(session, self.stats)
            self._bulletin = Health(self._service, self._publishers, reporter)
            self.cameras = Cameras(
                self._inbox, self.stats, self._threads, self._report, max(self.engine.max_batch, FINITE_AHEAD)
            )
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def run(self, refresh: Callable[[], None] = lambda: None, tick_s: float = TICK_S) -> None:
        """Runs until `stop` or the end of all sources; `refresh` is called in this thread after every `tick_s`.

        Raises:
            TemporaryError: Messages of finite sources were not delivered in time.
            EdgeAppError: What ended a thread.
        """
        decode = self.detector.postprocess.batch
        analysis = Analysis(self._inbox, self.engine, decode, self._publish, self.stats, self._beats)
        for sink_name, sink in self._sinks.items():
            self._publishers.add(sink_name, sink)
        for name, camera in self._settings.cameras.items():
            self.cameras.add(name, self.sources[name], camera)
        analyse = self._threads.start("analyse", lambda: analysis.run(self.stop))
        self._service.ready()
        try:
            while analyse.is_alive() and not self.stop.is_set():
                analyse.join(tick_s)
                self.cameras.supervise()
                self._service.feed(self._beats)
                self._bulletin.say(self.cameras.statuses())
                refresh()
        finally:
            self._end(analyse)

    def wait_for_frames(self, timeout_s: float) -> bool:
        """Whether every camera that is enabled was analysed once within so long."""
        deadline = time.monotonic() + timeout_s
        enabled = {name for name, camera in self._settings.cameras.items() if camera.enabled}
        while not enabled <= set(self.latest):
            if time.monotonic() > deadline or self.stop.wait(TICK_S):
                return False
        return True

    def _make_sources(self) -> dict[str, Source]:
        surfaces = reads_surfaces(self._settings.engine, self.detector.backend)
        return {name: self._play(source) for name, source in make_sources(self._settings, surfaces=surfaces).items()}

    def _building(self) -> bool:
        """Between two steps of a TensorRT build, in its thread: systemd waits for the next; whether it shall come."""
        self._service.extend(BUILD_STEP_S)
        return not self.stop.is_set()

    def _end(self, analyse: threading.Thread) -> None:
        """Stops in order: cameras and analysis, then the sinks with what is queued."""
        self._service.stopping()
        self.cameras.stop()
        analyse.join(JOIN_S)
        undelivered = self._drain()
        told_to = self.stop.is_set()
        self.stop.set()
        self._publishers.stop()
        if stuck := self._threads.join(JOIN_S):
            logger.warning("left behind, stuck in a call: %s", ", ".join(stuck))
        if self._threads.error is not None:
            raise self._threads.error
        if undelivered:
            logger.warning("%d messages were not delivered", undelivered)
            if not told_to:
                raise TemporaryError(
                    f"{undelivered} messages were not delivered within {self._settings.shutdown.drain_s:g} s"
                )

    def _drain(self) -> int:
        """Delivers what is queued, for less long from when `stop` is set; returns how many messages are left."""
        deadline, told_to = time.monotonic() + self._settings.shutdown.drain_s, False
        while True:
            if self.stop.is_set() and not told_to:
                deadline, told_to = min(deadline, time.monotonic() + STOP_DRAIN_S), True
            left = deadline - time.monotonic()
            undelivered = self._publishers.drain(min(TICK_S, max(0.0, left)))
            if not undelivered or left <= 0:
                return undelivered
            self._service.feed(self._beats)

    def _publish(self, frame: Frame, result: Result) -> None:
        """Runs in the analyse thread; waits only for the sinks of a finite source's messages."""
        self.latest[result.meta.camera] = (frame, result)
        if result.meta.camera not in self.cameras.statuses():  # it was removed before or meanwhile
            self.latest.pop(result.meta.camera, None)
        self.observe(frame, result)
        message = self._messages.detections(result, time.monotonic())
        self._publishers.put(message, self._keep_waiting)

    def _keep_waiting(self) -> bool:
        """Between two looks at a full sink: the thread is alive, and goes on unless the program stops."""
        self._beats.beat("analyse")
        return not self.stop.is_set()

    def _report(self, camera: str, state: CameraStatus) -> None:
        """Tells the sinks that a camera changed; of one that is taken away no picture is kept."""
        if state.state == "disabled":
            self.latest.pop(camera, None)
        self._publishers.put_status(status_message(camera, state))
