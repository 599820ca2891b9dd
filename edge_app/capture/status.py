"""Keeps a camera's status and reports each change of it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from edge_app.core.camera_status import CameraState, CameraStatus, CameraWarning
from edge_app.core.errors import Reason

logger = logging.getLogger(__name__)

OnStatus = Callable[[str, CameraStatus], None]


class StatusTracker:
    """A camera's status, which several threads change; every change is logged and reported once."""

    def __init__(self, camera: str, first: CameraState, on_status: OnStatus) -> None:
        self._camera = camera
        self._on_status = on_status
        self._lock = threading.RLock()
        self._removed = False
        self._status = CameraStatus(state=first, reason=None, since=time.time())
        on_status(camera, self._status)

    @property
    def status(self) -> CameraStatus:
        return self._status

    def up(self) -> None:
        """A frame came."""
        with self._lock:
            if self._change("up", None):
                logger.info("camera %s is up", self._camera)

    def down(self, reason: Reason, detail: str) -> None:
        """It failed; the same failure again is not reported."""
        with self._lock:
            if self._change("down", reason, detail):
                level = logging.INFO if reason is Reason.ENDED else logging.WARNING
                logger.log(level, "camera %s is down (%s): %s", self._camera, reason.value, detail)

    def warn(self, warnings: tuple[CameraWarning, ...]) -> None:
        """What looks wrong as of now, while it is up; what is new and what is over is logged."""
        now, before = ({each.reason: each for each in some} for some in (warnings, self._status.warnings))
        if now.keys() == before.keys():
            return
        with self._lock:
            if self._status.state != "up":
                return
            self._status = replace(self._status, warnings=warnings)
            self._on_status(self._camera, self._status)
        for reason in now.keys() - before.keys():
            logger.warning("camera %s: %s: %s", self._camera, reason, now[reason].detail)
        for reason in before.keys() - now.keys():
            logger.info("camera %s: %s is over", self._camera, reason)

    def remove(self) -> None:
        """It was removed: it stays `disabled`, whatever its thread reports afterwards."""
        with self._lock:
            self._change("disabled", None)
            self._removed = True

    def _change(self, state: CameraState, reason: Reason | None, detail: str = "") -> bool:
        if self._removed or (self._status.state, self._status.reason) == (state, reason):
            return False
        since = self._status.since if self._status.state == state else time.time()
        self._status = CameraStatus(state=state, reason=reason, since=since, detail=detail)
        self._on_status(self._camera, self._status)
        return True
