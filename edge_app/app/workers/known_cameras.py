"""How the cameras of all workers are, as they last said."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace

from edge_app.core.camera_status import CameraHealth, CameraStatus
from edge_app.core.errors import Reason

BEGINS = CameraStatus(state="connecting", reason=None, since=0.0)


class KnownCameras:
    """Any thread may call any method."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._health: dict[str, CameraHealth] = {}

    def add(self, camera: str, *, live: bool) -> None:
        """A worker is to read it."""
        with self._lock:
            status = replace(BEGINS, since=time.time())
            self._health.setdefault(camera, CameraHealth(status=status, live=live))

    def remove(self, camera: str) -> None:
        """Nobody reads it any more."""
        with self._lock:
            self._health.pop(camera, None)

    def changed(self, camera: str, status: CameraStatus) -> None:
        """It is this from now on."""
        with self._lock:
            if camera in self._health:
                self._health[camera] = replace(self._health[camera], status=status)

    def reported(self, cameras: Mapping[str, CameraHealth]) -> None:
        """A worker has reported of these."""
        with self._lock:
            self._health |= {name: health for name, health in cameras.items() if name in self._health}

    def lost(self, cameras: Iterable[str], why: str) -> Mapping[str, CameraStatus]:
        """The worker of these has died; returns what they are from now on."""
        status = CameraStatus(state="down", reason=Reason.FAILED, since=time.time(), detail=why)
        with self._lock:
            for name in cameras:
                if name in self._health and self._health[name].status.state != "disabled":
                    self._health[name] = CameraHealth(status=status, live=self._health[name].live)
            return {name: self._health[name].status for name in cameras if name in self._health}

    def health(self) -> dict[str, CameraHealth]:
        """All of them."""
        with self._lock:
            return dict(self._health)
