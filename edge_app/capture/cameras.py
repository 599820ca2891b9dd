"""All cameras, one thread each; supervised from outside, because a thread may be stuck in a C call."""

from __future__ import annotations

from edge_app.capture.camera import Camera
from edge_app.capture.capture_thread import CaptureThread
from edge_app.capture.config import CameraConfig
from edge_app.capture.sources.source import Source
from edge_app.capture.status import OnStatus
from edge_app.core.camera_status import CameraHealth, CameraStatus
from edge_app.core.errors import TemporaryError
from edge_app.core.inbox import Inbox
from edge_app.core.metrics import Metrics
from edge_app.core.packets import PacketTap
from edge_app.core.threads import ThreadGroup

MOST_GIVEN_UP = 3  # cameras at the same time: then it is a driver that hangs, not a camera that misbehaves


class Cameras:
    """Cameras come and go at run time; add, remove, supervise and stop are called by one thread."""

    def __init__(
        self, inbox: Inbox, metrics: Metrics, threads: ThreadGroup, on_status: OnStatus, capacity: int
    ) -> None:
        """Has no cameras yet.

        Args:
            inbox: Gets a cell for each enabled camera.
            metrics: Counts `frames_captured`, `frames_dropped`, `reconnects`; `clock_skew` is a gauge.
            threads: Runs one thread for each camera; the error of a finite source that fails is kept there.
            on_status: Called on each change of status, by whichever thread made it; it must not block.
            capacity: How many frames of a finite source may wait in its cell.
        """
        self._inbox, self._metrics, self._threads = inbox, metrics, threads
        self._on_status, self._capacity = on_status, capacity
        self._cameras: dict[str, Camera] = {}
        self._running: dict[str, CaptureThread] = {}

    def add(self, name: str, source: Source, config: CameraConfig, packets: PacketTap | None = None) -> None:
        """Starts a camera, unless its configuration disables it; `packets` gets the coded ones of its source."""
        if name in self._cameras:
            raise ValueError(f"camera {name} is already there")
        camera = Camera(name, source, config, self._inbox, self._metrics, self._on_status, packets)
        self._cameras = {**self._cameras, name: camera}
        if not config.enabled:
            return
        self._inbox.add(
            name,
            live=source.live,
            max_age_s=config.max_frame_age_ms / 1000,
            capacity=self._capacity,
            drop=lambda reason: self._metrics.count("frames_dropped", camera=name, reason=reason),
        )
        self._running = {**self._running, name: CaptureThread(camera, self._threads)}

    def remove(self, name: str) -> None:
        """Ends a camera, which is then `disabled`; its thread may take some seconds to return from libav."""
        camera = self._cameras[name]
        self._running = {n: running for n, running in self._running.items() if n != name}
        self._cameras = {n: camera for n, camera in self._cameras.items() if n != name}
        camera.tracker.remove()
        camera.stop(removed=True)
        self._metrics.forget_gauge("clock_skew", camera=name)

    def statuses(self) -> dict[str, CameraStatus]:
        """How each camera is doing; any thread may call it."""
        return {name: camera.tracker.status for name, camera in self._cameras.items()}

    def health(self) -> dict[str, CameraHealth]:
        """The same, with what comes of their frames; any thread may call it."""
        running = self._running
        return {name: (running.get(name) or camera).health() for name, camera in self._cameras.items()}

    def analysed(self, name: str, failure: str = "") -> None:
        """Tells a camera what became of a frame: why it could not be analysed; empty if it was. For any thread."""
        if (camera := self._cameras.get(name)) is not None:
            camera.analysed(failure)

    def supervise(self) -> None:
        """Reports live cameras that send no frames and replaces stuck threads; to be called at least once a second.

        Raises:
            TemporaryError: Several cameras are given up; only a restart of the process ends their threads.
        """
        for running in self._running.values():
            running.supervise()
        given_up = [name for name, running in self._running.items() if running.given_up]
        if len(given_up) >= MOST_GIVEN_UP:
            raise TemporaryError(f"the threads of cameras {', '.join(given_up)} are stuck in the decoder or driver")

    def stop(self) -> None:
        """Ends all cameras without waiting for their threads."""
        for camera in self._cameras.values():
            camera.loop.stop.set()  # all first: a finite source that waits for room checks only twice a second
        for camera in self._cameras.values():
            camera.stop()
