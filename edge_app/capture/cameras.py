"""All cameras, one thread each; watched from outside, because a thread may be stuck in a C call."""

from __future__ import annotations

import logging
import time
from functools import partial

from edge_app.capture.camera import Camera, CaptureAttempt
from edge_app.capture.config import CameraConfig
from edge_app.capture.sources.source import Source
from edge_app.capture.status import Report
from edge_app.core.camera_status import CameraStatus
from edge_app.core.errors import Reason, TemporaryError
from edge_app.core.inbox import Inbox
from edge_app.core.metrics import Metrics
from edge_app.core.threads import ThreadGroup

logger = logging.getLogger(__name__)

STUCK_S = 10.0  # beyond the stall timeout; every call has a timeout far below it
MOST_ABANDONED = 3


class Cameras:
    """Cameras come and go at run time; add, remove, supervise and stop are called by one thread."""

    def __init__(self, inbox: Inbox, stats: Metrics, threads: ThreadGroup, report: Report, capacity: int) -> None:
        """Takes where frames go and what happens is counted.

        Args:
            inbox: Gets a cell for each enabled camera.
            stats: Counts `frames_captured`, `frames_dropped`, `reconnects`; observes `clock_skew`.
            threads: Runs a thread a camera; a bug in one, or a finite source that fails, stops the group.
            report: Called on each change of state, by whichever thread made it; it must not wait.
            capacity: Frames of a finite source that may wait in its cell.
        """
        self._inbox, self._stats, self._threads = inbox, stats, threads
        self._report, self._capacity = report, capacity
        self._cameras: dict[str, Camera] = {}
        self._abandoned = 0

    def add(self, name: str, source: Source, settings: CameraConfig) -> None:
        """Starts a camera, unless its settings disable it."""
        if name in self._cameras:
            raise ValueError(f"camera {name} is already there")
        camera = Camera(name, source, settings, self._inbox, self._stats, self._report)
        self._cameras = {**self._cameras, name: camera}
        if not settings.enabled:
            return
        self._inbox.add(
            name,
            live=source.live,
            max_age_s=settings.max_frame_age_ms / 1000,
            capacity=self._capacity,
            drop=lambda reason: self._stats.count("frames_dropped", camera=name, reason=reason),
        )
        self._start(camera)

    def remove(self, name: str) -> None:
        """Ends a camera, which is then `disabled`; its thread may take some seconds to leave libav."""
        camera = self._cameras[name]
        self._cameras = {n: camera for n, camera in self._cameras.items() if n != name}
        camera.condition.remove()
        camera.stop()

    def states(self) -> dict[str, CameraStatus]:
        """How each camera is doing; any thread may ask."""
        return {name: camera.condition.state for name, camera in self._cameras.items()}

    def supervise(self) -> None:
        """Finds live cameras without frames and threads that are stuck; to be called at least once a second.

        Raises:
            TemporaryError: Too many threads are stuck; only a new process gets rid of them.
        """
        for camera in self._cameras.values():
            if not camera.source.live or not camera.settings.enabled:
                continue
            now, timeout = time.monotonic(), camera.settings.stall_timeout_s
            last_frame, waiting_since = camera.life.last_frame, camera.life.waiting_since
            if last_frame is not None and now - last_frame > timeout:
                camera.condition.down(Reason.STALLED, f"{camera.source.describe}: no frame for {timeout:g} s")
            if waiting_since is not None and now - waiting_since > timeout + STUCK_S:
                self._replace(camera)

    def stop(self) -> None:
        """Ends all cameras without waiting for their threads."""
        for camera in self._cameras.values():
            camera.life.stop.set()  # all at once: a finite source that waits for room looks only twice a second
        for camera in self._cameras.values():
            camera.stop()

    def _replace(self, camera: Camera) -> None:
        """Leaves a stuck thread to itself and starts another."""
        camera.life.stop.set()
        self._abandoned += 1
        if self._abandoned >= MOST_ABANDONED:
            raise TemporaryError(f"camera {camera.name}: {self._abandoned} threads are stuck in the decoder or driver")
        logger.warning("camera %s: its thread is stuck and is replaced", camera.name)
        camera.life = CaptureAttempt()
        self._start(camera)

    def _start(self, camera: Camera) -> None:
        self._threads.start(f"camera {camera.name}", partial(camera.run, camera.life))
