"""An engine, the cameras that it serves, and the thread that analyses their frames: one per process, or one per GPU."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable

from edge_app.app.config import CameraSection
from edge_app.app.facts import CameraFacts
from edge_app.capture import Cameras, Source
from edge_app.capture.status import OnStatus
from edge_app.core.camera_status import CameraStatus
from edge_app.core.detections import Result
from edge_app.core.frames import Frame
from edge_app.core.inbox import Inbox
from edge_app.core.metrics import Metrics
from edge_app.core.tap import Tap
from edge_app.core.threads import Heartbeats, ThreadGroup
from edge_app.detector import Detector
from edge_app.engine import Engine
from edge_app.pipeline import Analysis
from edge_app.publish import Message, MessageWriter

FINITE_AHEAD = 8  # frames of a file that are decoded before they are asked for

Publish = Callable[[Message, Callable[[], bool]], object]


class Worker:
    """Frames of its cameras in, messages out.

    Cameras are added, removed and supervised by one thread. The worker ends by itself when every camera that it has is
    finite and has ended, and their frames are analysed; without a camera it waits for one.
    """

    def __init__(
        self,
        detector: Detector,
        engine: Engine,
        messages: MessageWriter,
        facts: CameraFacts,
        *,
        publish: Publish,
        on_status: OnStatus,
        metrics: Metrics,
        heartbeats: Heartbeats,
        threads: ThreadGroup,
        stop: threading.Event,
        name: str = "analyse",
    ) -> None:
        """Has no camera yet and does nothing before `start`.

        Args:
            detector: What is computed.
            engine: What computes it, warm.
            messages: Makes the message of each result.
            facts: Follows what is detected, and makes the messages of what happened.
            publish: Takes messages; may block only for finite sources, while the given callable returns True.
            on_status: Called on each change of a camera's status, by whichever thread made it; it must not block.
            metrics: What is counted and measured.
            heartbeats: Told at least once a second that the analysis is alive.
            threads: Runs the threads; a bug in one of them stops the group.
            stop: Ends the analysis.
            name: Of its thread, for logs and heartbeats; every worker has its own.
        """
        self._name = name
        self._messages, self._facts, self._publish = messages, facts, publish
        self._heartbeats, self._stop = heartbeats, stop
        self._threads, self._inbox = threads, Inbox()
        self._all, self._taps = Tap(), defaultdict[str, Tap](Tap)
        capacity = max(engine.max_batch, FINITE_AHEAD)
        self._cameras = Cameras(self._inbox, metrics, threads, on_status, capacity)
        self._analysis = Analysis(
            self._inbox,
            engine,
            detector.postprocess,
            self._hand_over,
            self._cameras.analysed,
            self._end_facts,
            metrics,
            heartbeats,
            name,
        )
        self._thread: threading.Thread | None = None

    def add(self, name: str, source: Source, config: CameraSection) -> None:
        """Starts a camera, unless its configuration disables it.

        Raises:
            EndedError: The worker has ended with its last source: nobody would analyse the camera's frames.
        """
        with self._inbox.held():
            self._facts.add(name, config)
            self._cameras.add(name, source, config)

    def remove(self, name: str) -> None:
        """Ends a camera, whose last status is `disabled`; its subscribers stay, for another one of that name."""
        self._cameras.remove(name)
        self._facts.remove(name)

    def replace(self, name: str, source: Source, config: CameraSection) -> None:
        """Removes a camera and adds another of its name, which counts frames and tracks on; raises like `add`."""
        with self._inbox.held():
            self.remove(name)
            self.add(name, source, config)

    def tap(self, camera: str | None = None) -> Tap:
        """Where a camera's frames can be watched, whether it is there already or not; None: those of all cameras."""
        return self._all if camera is None else self._taps[camera]

    def statuses(self) -> dict[str, CameraStatus]:
        """How each camera is doing; any thread may ask."""
        return self._cameras.statuses()

    def start(self) -> None:
        """Begins to analyse; cameras of finite sources must have been added, because it ends with the last of them."""
        self._thread = self._threads.start(self._name, self._analyse)

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

    def _analyse(self) -> None:
        self._analysis.run(self._stop)
        self._send(self._facts.end_all())

    def _hand_over(self, frame: Frame, result: Result) -> None:
        """Runs in the analysis thread; waits only for the sinks of a finite source's messages."""
        result = self._facts.of(result)
        self._all.put(frame, result)
        if (tap := self._taps.get(frame.meta.camera)) is not None:
            tap.put(frame, result)
        self._publish(self._messages.detections(result, time.monotonic()), self._keep_waiting)
        self._send(self._facts.messages(result.events))

    def _end_facts(self, camera: str) -> None:
        self._send(self._facts.end(camera))

    def _send(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self._publish(message, self._keep_waiting)

    def _keep_waiting(self) -> bool:
        """Between two looks at a full sink: the thread is alive, and goes on unless the program stops."""
        self._heartbeats.beat(self._name)
        return not self._stop.is_set()
