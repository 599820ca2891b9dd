"""An engine, the cameras that it serves, and the thread that analyses their frames: one in each process."""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace

from edge_app.analytics.scene import SceneConfig
from edge_app.app.camera_analytics import CameraAnalytics, MakeAnalytics
from edge_app.app.config_sections import CameraSection
from edge_app.app.loaded_model import LoadedModel
from edge_app.capture import Cameras, Source
from edge_app.capture.status import OnStatus
from edge_app.core.calls import Calls
from edge_app.core.camera_status import CameraHealth, CameraStatus
from edge_app.core.detections import Result
from edge_app.core.engine_status import EngineStatus, EngineStatusLog
from edge_app.core.errors import StoppedError
from edge_app.core.events import SceneEvent
from edge_app.core.frames import Frame
from edge_app.core.inbox import Inbox
from edge_app.core.metrics import Metrics
from edge_app.core.packets import PacketTap
from edge_app.core.tap import Tap
from edge_app.core.threads import Heartbeats, ThreadGroup
from edge_app.evidence import CameraView, Evidence
from edge_app.pipeline import Analysis
from edge_app.publish import EventWriter, Message, MessageWriter

THREAD = "analyse"  # in logs and heartbeats
FINITE_AHEAD = 8  # frames of a file that are decoded before they are asked for

Publish = Callable[[Message, Callable[[], bool]], object]


@dataclass(frozen=True, slots=True)
class _Switch:
    """What is used next, and who waits for it."""

    model: LoadedModel
    use_analytics: Callable[[], None]
    done: Future[None]


class LocalAnalyser:
    """Frames of its cameras in, messages out.

    Cameras are added, removed and supervised by one thread. The analysis ends by itself when every camera is finite and
    has ended, and their frames are analysed; without a camera it waits for one.

    Attributes:
        model: What answers the frames.
        has_pictures: As in `Analyser`.
    """

    has_pictures = True

    def __init__(
        self,
        model: LoadedModel,
        messages: MessageWriter,
        events: EventWriter,
        analytics: CameraAnalytics,
        evidence: Evidence,
        *,
        publish: Publish,
        on_status: OnStatus,
        metrics: Metrics,
        heartbeats: Heartbeats,
        threads: ThreadGroup,
        stop: threading.Event,
    ) -> None:
        """Has no camera yet and does nothing before `start`.

        Args:
            model: What answers the frames.
            messages: Makes the message of each result.
            events: Makes the messages of what happened.
            analytics: Follows what is detected, and finds what happened.
            evidence: Keeps what happened, with pictures and clips.
            publish: Takes messages; may block only for finite sources, while the given callable returns True.
            on_status: Called on each change of a camera's status, by whichever thread made it; it must not block.
            metrics: What is counted and measured.
            heartbeats: Told at least once a second that the analysis is alive.
            threads: Runs the threads; a bug in one of them stops the group.
            stop: Ends the analysis.
        """
        self.model = model
        self._messages, self._events, self._publish = messages, events, publish
        self._analytics, self._evidence = analytics, evidence
        self._heartbeats, self._stop = heartbeats, stop
        self._threads, self._inbox = threads, Inbox()
        self._all, self._taps = Tap(), defaultdict[str, Tap](Tap)
        self._packet_taps = defaultdict[str, PacketTap](PacketTap)
        self._calls, self._next = Calls(), deque[_Switch]()
        model.engine.select(model.detector.thresholds)
        capacity = max(model.engine.max_batch, FINITE_AHEAD)
        self._cameras = Cameras(self._inbox, metrics, threads, on_status, capacity)
        self._analysis = Analysis(
            self._inbox,
            model.engine,
            model.detector.postprocess,
            self._hand_over,
            self._cameras.analysed,
            self._end_analytics,
            self._between_batches,
            metrics,
            heartbeats,
            THREAD,
        )
        self._thread: threading.Thread | None = None

    def add(self, name: str, source: Source, config: CameraSection) -> None:
        """Starts a camera, unless its configuration disables it.

        Raises:
            EndedError: The analysis has ended with its last source: nobody would analyse the camera's frames.
        """
        with self._inbox.held():
            self._analytics.add(name, config)
            self._evidence.watch(name, self._view(name, source, config))
            self._cameras.add(name, source, config, self._packet_taps[name])

    def remove(self, name: str) -> None:
        """Ends a camera, whose last status is `disabled`; its subscribers stay, for another one of that name.

        Its tracks and stays end in the analysis thread, once the last of its frames was handed over.
        """
        self._analytics.remove(name)  # first: the inbox tells the analysis thread when its last frame was handed over
        self._cameras.remove(name)
        self._evidence.unwatch(name)

    def replace(self, name: str, source: Source, config: CameraSection) -> None:
        """Removes a camera and adds another of its name, which counts frames and tracks on; raises like `add`."""
        with self._inbox.held():
            self.remove(name)
            self.add(name, source, config)

    def change_scene(self, name: str, scene: SceneConfig) -> None:
        """Another scene for a camera, whose stream goes on; for any other thread than the analysis, for which it waits.

        Raises:
            StoppedError: The analysis has ended.
        """
        analytics = self._analytics.made(name, scene)
        self._calls.make(lambda: self._publish_events(self._analytics.change(name, analytics)))

    def use(self, model: LoadedModel, make_analytics: MakeAnalytics, scenes: Mapping[str, SceneConfig]) -> None:
        """Another model, or other analytics, from the next batch on; tracks and stays end before it.

        For any other thread than the analysis, for which it waits. The engine that it had is the caller's to close.

        Args:
            model: What answers.
            make_analytics: Makes the analytics of the cameras that are there, and of those to come.
            scenes: What each camera shows.

        Raises:
            StoppedError: The analysis has ended.
        """
        switch = _Switch(model, self._analytics.prepared(make_analytics, scenes), Future())
        self._calls.make(lambda: self._next.append(switch))
        switch.done.result()

    def tap(self, camera: str | None = None) -> Tap:
        """Where a camera's frames can be watched, whether it is there already or not; None: those of all cameras."""
        return self._all if camera is None else self._taps[camera]

    def packet_tap(self, camera: str) -> PacketTap:
        """Where a camera's coded packets can be had, whether it is there already or not."""
        return self._packet_taps[camera]

    def worker_of(self, camera: str) -> None:
        """As `Analyser.worker_of`: no camera has a process of its own."""

    def _view(self, name: str, source: Source, config: CameraSection) -> CameraView:
        return CameraView(
            live=source.live,
            coded=config.kind.coded,
            rotate=config.rotate,
            packets=self.packet_tap(name),
            frames=self.tap(name),
        )

    def statuses(self) -> dict[str, CameraStatus]:
        """How each camera is doing; any thread may ask."""
        return self._cameras.statuses()

    def health(self) -> dict[str, CameraHealth]:
        """The same, with what comes of their frames; any thread may ask."""
        return self._cameras.health()

    @property
    def error(self) -> BaseException | None:
        """As `Analyser.error`."""
        return self._threads.kept

    @property
    def describing(self) -> EngineStatus | None:
        """How the model that describes pictures is doing; None where there is none. Any thread may ask."""
        return self._evidence.describing

    @property
    def engine_status(self) -> EngineStatus:
        """How the engine is doing; any thread may ask."""
        return self._analysis.engine_status.current

    def start(self) -> None:
        """Begins to analyse; cameras of finite sources must have been added, because it ends with the last of them."""
        self._thread = self._threads.start(THREAD, self._analyse)

    def supervise(self) -> None:
        """Finds cameras without frames and threads that are stuck; to be called at least once a second."""
        self._cameras.supervise()

    def join(self, timeout_s: float) -> bool:
        """Waits for the analysis to end, for at most that long [s]; returns whether it has."""
        if self._thread is not None:
            self._thread.join(timeout_s)
        return self._thread is None or not self._thread.is_alive()

    def stop_cameras(self) -> None:
        """Ends all cameras without waiting for their threads; what finite sources have captured is still analysed."""
        self._cameras.stop()

    def close(self) -> None:
        """Ends the engine that it has by then."""
        self.model.close()

    def _analyse(self) -> None:
        try:
            self._analysis.run(self._is_over)
            while self._next and not self._stop.is_set():
                self._switch(self._next.popleft())
                self._analysis.run(self._is_over)
            self._publish_events(self._analytics.end_all())
        finally:
            self._calls.close()
            for switch in self._next:
                switch.done.set_exception(StoppedError("not done, the program stops"))

    def _is_over(self) -> bool:
        return bool(self._next) or self._stop.is_set()

    def _switch(self, switch: _Switch) -> None:
        model = switch.model
        self._publish_events(self._analytics.end_all())
        self._messages.use(model.identity, model.detector.labels)
        self._events.use(model.identity, model.detector.labels)
        switch.use_analytics()
        model.engine.select(model.detector.thresholds)
        self._analysis = replace(
            self._analysis,
            engine=model.engine,
            postprocess=model.detector.postprocess,
            engine_status=EngineStatusLog(),
        )
        self.model = model
        switch.done.set_result(None)

    def _hand_over(self, frame: Frame, result: Result) -> None:
        """Runs in the analysis thread; waits only for the sinks of a finite source's messages."""
        result = self._analytics.of(result)
        self._all.put(frame, result)
        if (tap := self._taps.get(frame.meta.camera)) is not None:
            tap.put(frame, result)
        self._evidence.see(frame, result)
        self._publish(self._messages.detections(result, time.monotonic()), self._keep_waiting)
        self._publish_events(result.events)

    def _end_analytics(self, camera: str) -> None:
        self._publish_events(self._analytics.end(camera))
        self._evidence.forget(camera)

    def _between_batches(self, now_mono: float) -> None:
        self._publish_events(self._analytics.waited(now_mono))
        self._publish_all(self._evidence.late())
        self._calls.serve()

    def _publish_events(self, events: Iterable[SceneEvent]) -> None:
        self._publish_all(self._evidence.message(event, self._keep_waiting) for event in events)

    def _publish_all(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self._publish(message, self._keep_waiting)

    def _keep_waiting(self) -> bool:
        """Between two looks at a full sink: the thread is alive, and goes on unless the program stops."""
        self._heartbeats.beat(THREAD)
        return not self._stop.is_set()
