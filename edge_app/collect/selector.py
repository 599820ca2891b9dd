"""Selects which frames to keep: from each interval of a camera's time, the most novel one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_app.core.colour import to_bgr
from edge_app.core.frames import Frame

Thumbnail = NDArray[np.float32]

THUMBNAIL_WH = (32, 18)
# Thumbnails of one scene differ by about 1 through noise and coding alone; 5 s apart, the rendered street's traffic
# makes them differ by 3 to 20; day and dusk differ by 45 [grey levels].
MIN_DISTANCE = 3.0


def thumbnail(pixels: NDArray[np.uint8]) -> Thumbnail:
    """The BGR picture, uint8 (height, width, 3), reduced to 32 x 18 means; float32 (1728,), 0 to 255.

    The distance of two thumbnails is their root mean square difference [grey levels]. Light, weather and objects
    change it, noise hardly does.
    """
    return cv2.resize(pixels, THUMBNAIL_WH, interpolation=cv2.INTER_AREA).astype(np.float32).ravel()


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A frame that may be kept.

    Attributes:
        frame: The frame.
        thumbnail: Thumbnail of its picture.
    """

    frame: Frame
    thumbnail: Thumbnail


@dataclass(slots=True)
class _Interval:
    """An interval of one camera's time, and its best candidate so far.

    Attributes:
        start: Time of its first frame [s since 1970].
        length: Its duration [s].
        earliest: Frames before this time are too close to the previous interval's best [s since 1970].
        best: None if all frames are too close.
    """

    start: float
    length: float
    earliest: float = -np.inf
    best: Candidate | None = None

    def contains(self, captured_at: float) -> bool:
        """Whether a frame of this time [s since 1970] belongs to the interval; not if the clock was set back."""
        return abs(captured_at - self.start) < self.length  # some files have frames slightly out of order

    def following(self, captured_at: float) -> _Interval:
        """The interval that starts with a frame of this time [s since 1970]."""
        if captured_at < self.start:
            return _Interval(captured_at, self.length)
        earliest = self.earliest if self.best is None else self.best.frame.meta.time.wall + self.length / 2
        return _Interval(captured_at, self.length, earliest)


class FrameSelector:
    """Proposes, from each interval of a camera's time, the frame that is farthest from all kept frames.

    This is farthest-point sampling (Gonzalez, 1985), once per interval: memory holds one frame per camera.
    Successive proposals of a camera are at least half an interval apart.

    Attributes:
        unchanged: Number of intervals without a novel frame.
    """

    def __init__(self, kept: Iterable[Thumbnail], every_s: float) -> None:
        """Takes thumbnails of what was kept before, and the length of an interval [s]; 0 proposes every frame."""
        self._kept = np.array([*kept], np.float32).reshape(-1, THUMBNAIL_WH[0] * THUMBNAIL_WH[1] * 3)
        self._every_s = every_s
        self._intervals: dict[str, _Interval] = {}
        self.unchanged = 0

    def offer(self, frame: Frame) -> Candidate | None:
        """Adds a frame to its camera's interval; returns the previous interval's best if the frame starts a new one."""
        captured_at = frame.meta.time.wall
        previous = self._intervals.setdefault(frame.meta.camera, _Interval(captured_at, self._every_s))
        interval = previous if previous.contains(captured_at) else previous.following(captured_at)
        self._intervals[frame.meta.camera] = interval
        if captured_at >= interval.earliest:
            candidate = Candidate(frame, thumbnail(to_bgr(frame.picture)))
            interval.best = max(interval.best or candidate, candidate, key=self._distance)
        return None if previous is interval else self._novel(previous)

    def flush(self) -> Iterator[Candidate]:
        """Yields the best of the intervals that have not ended; each is compared with what was kept before it."""
        while self._intervals:
            _, interval = self._intervals.popitem()
            if (candidate := self._novel(interval)) is not None:
                yield candidate

    def keep(self, candidate: Candidate) -> None:
        """Records that the candidate was kept."""
        self._kept = np.vstack((self._kept, candidate.thumbnail))

    def _novel(self, interval: _Interval) -> Candidate | None:
        """The best of an interval; None, and counted, if a kept frame is nearly the same."""
        if interval.best is None or self._distance(interval.best) >= MIN_DISTANCE:
            return interval.best
        self.unchanged += 1
        return None

    def _distance(self, candidate: Candidate) -> float:
        """Distance to the nearest kept frame [grey levels]; inf if there is none."""
        mean_squares = ((self._kept - candidate.thumbnail) ** 2).mean(axis=1)
        return float(np.sqrt(mean_squares.min(initial=np.inf)))
