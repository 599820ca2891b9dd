"""The way that each object has come in the last seconds."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from edge_app.core.detections import Result

TAIL_S = 2.0


class Tails:
    """Of one camera, from the results that it is shown, in their order."""

    def __init__(self) -> None:
        self._points: dict[int, deque[tuple[float, float, float]]] = {}  # time [s], x, y [px] by track

    def follow(self, result: Result) -> list[NDArray[np.int32]]:
        """The tail of each object of a frame, oldest point first, (points, 2) [px]; empty where it has no track."""
        now, found = result.meta.timeline_s, result.detections
        if found.track_id is None:
            return [np.empty((0, 2), np.int32)] * len(found)
        feet = np.stack([(found.xyxy[:, 0] + found.xyxy[:, 2]) / 2, found.xyxy[:, 3]], axis=1)
        for track_id, (x, y) in zip(found.track_id.tolist(), feet.tolist(), strict=True):
            if track_id > 0:
                self._points.setdefault(track_id, deque()).append((now, x, y))
        self._forget(now)
        return [self._tail(track_id) for track_id in found.track_id.tolist()]

    def _forget(self, now: float) -> None:
        """Drops the points that are too old, or from before the clock went back."""
        for track_id, points in list(self._points.items()):
            while points and not 0 <= now - points[0][0] <= TAIL_S:
                points.popleft()
            if not points:
                del self._points[track_id]

    def _tail(self, track_id: int) -> NDArray[np.int32]:
        points = [(x, y) for _, x, y in self._points.get(track_id, ())]
        return np.round(np.array(points, np.float64).reshape(-1, 2)).astype(np.int32)
