"""In which frame an event is shown: where its object was seen best, or the one that showed it."""

from __future__ import annotations

import math
from collections.abc import Collection

from edge_app.core.detections import Result
from edge_app.core.events import EventType, SceneEvent
from edge_app.core.frames import Frame
from edge_app.evidence.best_frames import BestFrames, Shot, keepable


class Shots:
    """The frames in which the objects of one analysis thread's cameras are shown; that thread alone uses it."""

    def __init__(self) -> None:
        self._recent, self._whole_life = BestFrames(), BestFrames(math.inf)
        self._current: tuple[Frame, Result] | None = None

    def see(self, frame: Frame, result: Result, types: Collection[EventType]) -> None:
        """Looks at the next frame of a camera, where events of these types have pictures."""
        if types:
            self._recent.see(frame, result)
        if "end" in types:
            self._whole_life.see(frame, result)
        self._current = (frame, result) if types and result.events else None

    def of(self, event: SceneEvent) -> Shot | None:
        """The object of an event where it was seen best, or the scene of now; None if there is no picture of it."""
        if event.seen is not None:
            best = self._whole_life if event.type == "end" else self._recent
            return best.of(event.meta.camera, event.seen.track_id)
        if self._current is None or self._current[0].meta is not event.meta:
            return None
        frame, result = self._current
        kept = keepable(frame)
        return None if kept is None else Shot(kept, result.detections)

    def forget(self, camera: str) -> None:
        """No more frames of this camera come."""
        self._recent.forget(camera)
        self._whole_life.forget(camera)
