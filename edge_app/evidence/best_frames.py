"""The frame of each track that shows its object best, kept while the track lives."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from edge_app.core.detections import Detections, Result
from edge_app.core.errors import StreamError
from edge_app.core.frames import Frame, Picture, Plane

RECENT_S = 5.0  # a picture shows its object at most so long before the event
BETTER = 1.1  # times as good as before: what is hardly better is no reason to copy a picture from a GPU
CUT_OFF = 0.1  # what an object counts that the edge of the picture cuts off
EDGE = 0.005  # how close to the edge that is [share of the picture]
AWAY_S = 70.0  # a track that was away for longer has ended, as `track.lost_s` is at most 60
LOOK_S = 10.0  # between two looks for those
MOST_BYTES = 128 << 20  # of all pictures that are kept


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """An object, or a scene, in a frame.

    Attributes:
        frame: The frame, whose picture is on the host and can be kept.
        detections: What is to be seen in it.
        box: Of the object, corners x1, y1, x2, y2 [px]; None of a scene.
    """

    frame: Frame
    detections: Detections
    box: tuple[float, ...] | None = None


@dataclass(slots=True)
class _Best:
    """The best of a track so far.

    Attributes:
        value: How well its object is seen.
        frame: The frame.
        found: What was found in it.
        row: Which of that is the object.
        seen_s: When the track was seen last [s, on its camera's timeline].
    """

    value: float
    frame: Frame
    found: Detections
    row: int
    seen_s: float


class BestFrames:
    """The frame in which each track of one analysis thread's cameras was seen best; that thread alone uses it."""

    def __init__(self, recent_s: float = RECENT_S, most_bytes: int = MOST_BYTES) -> None:
        """Knows no frame yet.

        Args:
            recent_s: How old the best frame may be [s]; inf for the best of a track's whole life.
            most_bytes: What the kept pictures may take [bytes]; those of tracks of which nothing better has come
                for longest go first.
        """
        self._recent_s, self._most_bytes = recent_s, most_bytes
        self._best: dict[tuple[str, int], _Best] = {}  # the last that became better is last
        self._held: Counter[Frame] = Counter()
        self._bytes = 0
        self._looked_s: dict[str, float] = {}  # for tracks that have ended, by camera

    def see(self, frame: Frame, result: Result) -> None:
        """Looks at the next frame of a camera and what was found in it."""
        found = result.detections
        if found.track_id is None or not len(found):
            return
        camera, now_s = frame.meta.camera, frame.meta.timeline_s
        if not 0 <= now_s - self._looked_s.get(camera, -math.inf) < LOOK_S:
            self._looked_s[camera] = now_s
            self.forget(camera, now_s)
        kept: Frame | None = None
        for row, (track_id, value) in enumerate(
            zip(found.track_id.tolist(), values(found, result.source_wh), strict=True)
        ):
            best = self._best.get((camera, track_id))
            if track_id < 1 or (best is not None and not self._is_better(best, value, now_s)):
                continue
            kept = kept or keepable(frame)
            if kept is None:
                return
            self._replace((camera, track_id), _Best(value, kept, found, row, now_s))

    def of(self, camera: str, track_id: int) -> Shot | None:
        """The best frame of a track; None if none is kept."""
        if (best := self._best.get((camera, track_id))) is None:
            return None
        alone = best.found.only(np.arange(len(best.found)) == best.row)
        return Shot(best.frame, alone, tuple(best.found.xyxy[best.row].tolist()))

    def forget(self, camera: str, now_s: float = math.inf) -> None:
        """Lets go of the tracks of a camera that have ended by then [s, on its timeline]; by default of all."""
        ended = [key for key, best in self._best.items() if key[0] == camera and now_s - best.seen_s > AWAY_S]
        for key in ended:
            self._drop(key)

    def _is_better(self, best: _Best, value: float, now_s: float) -> bool:
        best.seen_s = now_s
        age_s = now_s - best.frame.meta.timeline_s
        return value > best.value * BETTER or not 0 <= age_s <= self._recent_s

    def _replace(self, key: tuple[str, int], best: _Best) -> None:
        self._drop(key)
        self._best[key] = best
        frame = best.frame
        self._held[frame] += 1
        if self._held[frame] == 1:
            self._bytes += picture_bytes(frame.picture)
        while self._bytes > self._most_bytes:
            self._drop(next(iter(self._best)))

    def _drop(self, key: tuple[str, int]) -> None:
        if (best := self._best.pop(key, None)) is None:
            return
        frame = best.frame
        self._held[frame] -= 1
        if not self._held[frame]:
            del self._held[frame]
            self._bytes -= picture_bytes(frame.picture)


def values(found: Detections, source_wh: tuple[int, int]) -> Iterator[float]:
    """How well each object is seen: its score times its area [px²], little where the edge cuts it off.

    In Python, which for the few objects of a frame takes half the time of NumPy.
    """
    width, height = source_wh
    left, top, right, bottom = EDGE * width, EDGE * height, (1 - EDGE) * width, (1 - EDGE) * height
    for (x1, y1, x2, y2), score in zip(found.xyxy.tolist(), found.score.tolist(), strict=True):
        whole = x1 > left and y1 > top and x2 < right and y2 < bottom
        yield score * (x2 - x1) * (y2 - y1) * (1.0 if whole else CUT_OFF)


def keepable(frame: Frame) -> Frame | None:
    """The frame with a picture that may be kept for long: decoders have few surfaces and planes, which are copied.

    None if it cannot be copied.
    """
    try:
        on_host = frame.on_host()
    except StreamError:
        return None
    if on_host is not frame or frame.picture.format == "bgr":
        return on_host
    return replace(frame, picture=_copied(frame.picture))


def picture_bytes(picture: Picture) -> int:
    """What the planes of a picture on the host take."""
    return sum(plane.data.nbytes for plane in picture.planes if isinstance(plane.data, np.ndarray))


def _copied(picture: Picture) -> Picture:
    planes: Sequence[Plane] = [
        Plane(data := plane.data.copy(), data.strides[0]) if isinstance(plane.data, np.ndarray) else plane
        for plane in picture.planes
    ]
    return replace(picture, planes=tuple(planes), owner=None)
