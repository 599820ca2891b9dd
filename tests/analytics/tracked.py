"""Tracked frames without a tracker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from hypothesis import HealthCheck, settings

from edge_app.analytics.facts import TrackedFrame
from edge_app.core.detections import Detections
from tests.frames import frame_meta

LABELS = ("person", "car", "truck")
FPS = 10
WH = (640, 360)
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def tracked(
    index: int,
    feet: Mapping[int, tuple[float, float]],
    *,
    class_id: int = 0,
    source_wh: tuple[int, int] = WH,
    time: float | None = None,
    mono: float | None = None,
) -> TrackedFrame:
    """A frame whose tracks stand at these points (shares of the picture), in boxes of 0.02 times 0.04 above them.

    It is of a file, and of a live camera if `mono` is given.
    """
    corners = [(x - 0.01, y - 0.04, x + 0.01, y) for x, y in feet.values()]
    n = len(feet)
    detections = Detections(
        (np.array(corners).reshape(-1, 4) * (source_wh * 2)).astype(np.float32),
        np.full(n, 0.9, np.float32),
        np.full(n, class_id, np.int32),
        np.array(list(feet), np.int64),
    )
    wall = index / FPS if time is None else time
    return TrackedFrame(frame_meta(index=index, live=mono is not None, wall=wall, mono=mono), source_wh, detections)


def walk(*xs: float, y: float = 0.5, track_id: int = 1, first: int = 0) -> Iterable[TrackedFrame]:
    """Frames of one track that goes across the picture."""
    return [tracked(first + i, {track_id: (x, y)}) for i, x in enumerate(xs)]


def times(facts: Sequence[object]) -> list[tuple[str, int]]:
    """Each fact's name, and the frame that it tells of."""
    return [(type(fact).__name__, (getattr(fact, "seen", None) or fact).meta.index) for fact in facts]  # type: ignore[attr-defined]
