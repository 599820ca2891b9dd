"""Keeps the newest frame of each camera."""

from __future__ import annotations

from collections.abc import Collection

from edge_app.core.detections import Result
from edge_app.core.frames import Frame


class NewestFrames:
    """Subscribes to a tap; keeps one frame and its result per camera."""

    def __init__(self) -> None:
        self._newest: dict[str, tuple[Frame, Result]] = {}

    def put(self, frame: Frame, result: Result) -> None:
        """Replaces the camera's previous frame; called by the analysis thread."""
        self._newest[frame.meta.camera] = (frame, result)

    def of(self, cameras: Collection[str]) -> dict[str, tuple[Frame, Result]]:
        """The newest frame and result of each of these cameras; releases the frames of all others."""
        for removed in self._newest.keys() - set(cameras):
            self._newest.pop(removed, None)
        return dict(self._newest)
