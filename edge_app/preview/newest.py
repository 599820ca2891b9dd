"""Keeps the newest frame of each camera."""

from __future__ import annotations

from collections.abc import Collection

from edge_app.core.detections import Result
from edge_app.core.frames import Frame, FrameMeta


class NewestFrames:
    """Subscribes to a tap; keeps one frame and its result per camera."""

    def __init__(self) -> None:
        self._newest: dict[str, tuple[Frame, Result]] = {}
        self._unseen: set[str] = set()  # cameras whose newest frame nobody has asked for yet

    def wants(self, meta: FrameMeta) -> bool:
        """Whether the camera's previous frame was asked for: no more is copied from a GPU than is drawn."""
        return meta.camera not in self._unseen

    def put(self, frame: Frame, result: Result) -> None:
        """Replaces the camera's previous frame; called by the analysis thread."""
        self._newest[frame.meta.camera] = (frame, result)
        self._unseen.add(frame.meta.camera)

    def of(self, cameras: Collection[str]) -> dict[str, tuple[Frame, Result]]:
        """The newest frame and result of each of these cameras; releases the frames of all others."""
        for removed in self._newest.keys() - set(cameras):
            self._newest.pop(removed, None)
        self._unseen.clear()
        return dict(self._newest)
