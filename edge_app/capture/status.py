"""How a camera is doing, as its consumers are told."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from edge_app.core.camera_status import CameraState, CameraStatus
from edge_app.core.errors import Reason

logger = logging.getLogger(__name__)

Report = Callable[[str, CameraStatus], None]


class StatusTracker:
    """A camera's state, which two threads change; every change is logged and reported once."""

    def __init__(self, camera: str, first: CameraState, report: Report) -> None:
        self._camera = camera
        self._report = report
        self._lock = threading.RLock()
        self._removed = False
        self._state = CameraStatus(first, None, time.time())
        report(camera, self._state)

    @property
    def state(self) -> CameraStatus:
        return self._state

    def up(self) -> None:
        """A frame came."""
        with self._lock:
            if self._change("up", None):
                logger.info("camera %s is up", self._camera)

    def down(self, reason: Reason, detail: str) -> None:
        """It failed; the same failure again is no news."""
        with self._lock:
            if self._change("down", reason, detail):
                level = logging.INFO if reason is Reason.ENDED else logging.WARNING
                logger.log(level, "camera %s is down (%s): %s", self._camera, reason.value, detail)

    def remove(self) -> None:
        """It is taken away: `disabled` for its consumers, whatever its thread may still find out."""
        with self._lock:
            self._change("disabled", None)
            self._removed = True

    def _change(self, state: CameraState, reason: Reason | None, detail: str = "") -> bool:
        if self._removed or (self._state.state, self._state.reason) == (state, reason):
            return False
        self._state = CameraStatus(state, reason, time.time(), detail)
        self._report(self._camera, self._state)
        return True
