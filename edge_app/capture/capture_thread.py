"""The thread of one camera, seen from outside: replaced while it is stuck in a C call, given up when too many are."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace
from functools import partial

from edge_app.capture.camera import Camera, CaptureLoop
from edge_app.core.camera_status import CameraHealth
from edge_app.core.errors import InputError, Reason
from edge_app.core.threads import ThreadGroup

logger = logging.getLogger(__name__)

STUCK_S = 10.0  # beyond the stall timeout; the timeout of each call is far shorter
MOST_STUCK = 3  # threads of one camera


class CaptureThread:
    """One camera's thread, and those before it that are stuck; all methods are called by one thread."""

    def __init__(self, camera: Camera, threads: ThreadGroup) -> None:
        """Starts the first one."""
        self._camera, self._threads = camera, threads
        self._stuck: list[threading.Thread] = []
        self._retry_at: float | None = None
        self._running = self._start()

    @property
    def given_up(self) -> bool:
        """Whether no thread is started at present, because so many are stuck."""
        return self._retry_at is not None

    def health(self) -> CameraHealth:
        """How the camera is doing, also one that is given up; any thread may ask."""
        health, retry_at = self._camera.health(), self._retry_at
        if retry_at is None:
            return health
        return replace(health, next_retry=time.time() + retry_at - time.monotonic())

    def supervise(self) -> None:
        """Reports a live camera that sends no frames, replaces a stuck thread or gives the camera up for a while."""
        camera, now = self._camera, time.monotonic()
        if not camera.source.live:
            return
        if self._retry_at is not None:
            if now >= self._retry_at:
                self._replace(now)
            return
        timeout, loop = camera.config.stall_timeout_s, camera.loop
        last_frame, waiting_since = loop.last_frame, loop.waiting_since
        if last_frame is not None and now - last_frame > timeout:
            camera.tracker.down(Reason.STALLED, f"{camera.source.description}: no frame for {timeout:g} s")
        if waiting_since is not None and now - waiting_since > timeout + STUCK_S:
            loop.stop.set()
            self._stuck.append(self._running)
            self._replace(now)

    def _replace(self, now: float) -> None:
        """Starts another thread, unless too many are stuck already."""
        camera = self._camera
        self._stuck = [thread for thread in self._stuck if thread.is_alive()]
        if len(self._stuck) < MOST_STUCK:
            logger.warning("camera %s: its thread is stuck and is replaced", camera.name)
            self._retry_at = None
            self._running = self._start()
            return
        pause_s = camera.config.reconnect.max_s
        self._retry_at = now + pause_s
        text = f"{len(self._stuck)} threads are stuck in the decoder or driver; tried again once one of them is free"
        camera.tracker.down(Reason.STUCK, f"{camera.source.description}: {text}")

    def _start(self) -> threading.Thread:
        self._camera.loop = CaptureLoop()
        return self._threads.start(f"camera {self._camera.name}", partial(self._capture, self._camera.loop))

    def _capture(self, loop: CaptureLoop) -> None:
        try:
            self._camera.run(loop)
        except InputError as error:
            if self._camera.source.live:
                raise
            self._threads.keep(error)  # a file: the other cameras go on
