"""The newest picture of each camera, for whoever looks now and then."""

from __future__ import annotations

from collections.abc import Collection

from edge_app.core.detections import Result
from edge_app.core.frames import Frame


class NewestFrames:
    """Subscribes to a tap; keeps one frame and its result a camera."""

    def __init__(self) -> None:
        self._newest: dict[str, tuple[Frame, Result]] = {}

    def put(self, frame: Frame, result: Result) -> None:
        """Takes the place of the camera's frame before; for the analyse thread."""
        self._newest[frame.meta.camera] = (frame, result)

    def of(self, cameras: Collection[str]) -> dict[str, tuple[Frame, Result]]:
        """What these cameras saw last, by name; the frames of all others, which were removed, are let go."""
        for gone in self._newest.keys() - set(cameras):
            self._newest.pop(gone, None)
        return dict(self._newest)
