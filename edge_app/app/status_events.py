"""The events of cameras that go down and come back."""

from __future__ import annotations

from collections.abc import Callable

from edge_app.core.camera_status import CameraStatus
from edge_app.core.events import CameraEvent
from edge_app.core.ulid import new_ulid


class StatusEvents:
    """Tells of cameras that go down and, after that, come back."""

    def __init__(self, tell: Callable[[CameraEvent], object]) -> None:
        """`tell` is called by whichever thread calls `changed`."""
        self._publish = tell
        self._down: set[str] = set()

    def changed(self, camera: str, status: CameraStatus) -> None:
        """The camera's status is now this one."""
        if status.state == "down" and camera not in self._down:
            self._down.add(camera)
        elif status.state == "up" and camera in self._down:
            self._down.remove(camera)
        else:
            return
        self._publish(CameraEvent(id=new_ulid(), camera=camera, status=status))
