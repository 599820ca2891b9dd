"""Which frames are kept: of each stretch of a camera's time the one that is least like what is there."""

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
# Noise and coding alone make two thumbnails of one scene differ by about 1; 5 s of traffic in the rendered street
# by 3 to 20, day and dusk by 45 [grey levels].
LEAST_DISTANCE = 3.0


def thumbnail(pixels: NDArray[np.uint8]) -> Thumbnail:
    """The BGR picture (height, width, 3) as 32 x 18 means, float32 (1728,), 0 to 255.

    Two are as far apart as the root of their mean squared difference [grey levels]: light, weather and what stands
    where move it, noise hardly does.
    """
    return cv2.resize(pixels, THUMBNAIL_WH, interpolation=cv2.INTER_AREA).astype(np.float32).ravel()


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A frame that may be kept.

    Attributes:
        frame: The frame.
        thumbnail: Of its picture.
    """

    frame: Frame
    thumbnail: Thumbnail


@dataclass(slots=True)
class _Stretch:
    """So much time of one camera, and the best of it so far.

    Attributes:
        began: Its first frame's time [s since the epoch].
        length: How long it lasts [s].
        earliest: Frames before this are too close to the best of the stretch before [s since the epoch].
        best: None where all of them are.
    """

    began: float
    length: float
    earliest: float = -np.inf
    best: Candidate | None = None

    def holds(self, captured_at: float) -> bool:
        """Whether a frame of that time [s since the epoch] belongs to it; not where the clock was set back."""
        return abs(captured_at - self.began) < self.length  # a little before it began: some files' frames are like that

    def next(self, captured_at: float) -> _Stretch:
        """The stretch that begins with a frame of that time [s since the epoch]."""
        if captured_at < self.began:
            return _Stretch(captured_at, self.length)
        earliest = self.earliest if self.best is None else self.best.frame.meta.time.wall + self.length / 2
        return _Stretch(captured_at, self.length, earliest)


class Choice:
    """Cuts each camera's time into stretches, and proposes of each the frame that is farthest from all that is kept.

    That is farthest-point sampling (Gonzalez, 1985), done once a stretch, so that memory holds a frame a camera.
    Two that are proposed one after the other are at least half a stretch apart.
    """

    def __init__(self, kept: Iterable[Thumbnail], every_s: float) -> None:
        """Takes thumbnails of what is kept already and the length of a stretch [s]; 0 proposes each frame."""
        self._kept = np.array([*kept], np.float32).reshape(-1, THUMBNAIL_WH[0] * THUMBNAIL_WH[1] * 3)
        self._every_s = every_s
        self._stretches: dict[str, _Stretch] = {}
        self.alike = 0  # stretches without a frame that is unlike what is kept

    def look(self, frame: Frame) -> Candidate | None:
        """Takes a frame into its camera's stretch; the best of the stretch before, where this one ends it."""
        now = frame.meta.time.wall
        before = self._stretches.setdefault(frame.meta.camera, _Stretch(now, self._every_s))
        stretch = before if before.holds(now) else before.next(now)
        self._stretches[frame.meta.camera] = stretch
        if now >= stretch.earliest:
            candidate = Candidate(frame, thumbnail(to_bgr(frame.picture)))
            stretch.best = max(stretch.best or candidate, candidate, key=self._distance)
        return None if before is stretch else self._news(before)

    def rest(self) -> Iterator[Candidate]:
        """What the stretches hold that have not ended yet; each is compared with those that were kept before it."""
        while self._stretches:
            _, stretch = self._stretches.popitem()
            if (candidate := self._news(stretch)) is not None:
                yield candidate

    def keep(self, candidate: Candidate) -> None:
        """Remembers that it is kept."""
        self._kept = np.vstack((self._kept, candidate.thumbnail))

    def _news(self, stretch: _Stretch) -> Candidate | None:
        """The best of a stretch, unless something that is kept is nearly the same; counts where it is."""
        if stretch.best is None or self._distance(stretch.best) >= LEAST_DISTANCE:
            return stretch.best
        self.alike += 1
        return None

    def _distance(self, candidate: Candidate) -> float:
        """To the nearest picture that is kept by now [grey levels]; inf where there is none."""
        squares = ((self._kept - candidate.thumbnail) ** 2).mean(axis=1)
        return float(np.sqrt(squares.min(initial=np.inf)))
