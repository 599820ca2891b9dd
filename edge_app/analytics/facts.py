"""What zones and lines tell of tracks, and the frames from which it follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge_app.core.detections import Detections
from edge_app.core.events import Direction, Sighting
from edge_app.core.frames import FrameMeta


@dataclass(frozen=True, slots=True, eq=False)
class TrackedFrame:
    """The objects of one analysed frame with their tracks.

    Attributes:
        meta: Which frame it is.
        source_wh: Size of the upright picture [px].
        detections: What was found; a track_id below 1 is that of no track (yet).
        first_s: When the track of each was first seen, before it was confirmed, on the camera's timeline [s], shape
            (n,); None: now.
    """

    meta: FrameMeta
    source_wh: tuple[int, int]
    detections: Detections
    first_s: NDArray[np.float64] | None = None

    @property
    def track_id(self) -> NDArray[np.int64]:
        """The track of each object, shape (n,); raises ValueError where nothing tracks."""
        if self.detections.track_id is None:
            raise ValueError("want detections with track_id")
        return self.detections.track_id

    @property
    def boxes(self) -> NDArray[np.float64]:
        """Corners x1, y1, x2, y2 as shares of the picture, shape (n, 4)."""
        return self.detections.xyxy / np.array(self.source_wh * 2, np.float64)

    def first_wall_s(self, row: int) -> float:
        """When the track of that row was first seen [s since 1970]."""
        ago = 0.0 if self.first_s is None else self.meta.timeline_s - float(self.first_s[row])
        return self.meta.time.wall - ago

    def sighting(self, row: int) -> Sighting:
        """The object of that row."""
        found = self.detections
        x1, y1, x2, y2 = found.xyxy[row].tolist()
        return Sighting(
            meta=self.meta,
            source_wh=self.source_wh,
            track_id=int(self.track_id[row]),
            class_id=int(found.class_id[row]),
            score=float(found.score[row]),
            box=(x1, y1, x2, y2),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """A track is in a zone; `seen` is the first of the frames in a row by which that was decided."""

    zone: str
    seen: Sighting


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stay:
    """What is told of a stay that has begun.

    Attributes:
        zone: Its name.
        entered: Where the stay began.
        seen: The track in the frame of which it is told.
    """

    zone: str
    entered: Sighting
    seen: Sighting

    @property
    def dwell_s(self) -> float:
        """How long it had lasted [s]; never negative, even among pictures whose files are older than those before."""
        return max(0.0, self.seen.meta.timeline_s - self.entered.meta.timeline_s)


class Dwelt(_Stay):
    """A track has been in a zone for `dwell_s`; once a stay. `seen` is when the time was reached."""

    __slots__ = ()


class Left(_Stay):
    """A track is in a zone no more.

    `seen` is the first of the frames in a row outside; the last one in which the track was seen in the hours of the
    zone, where it left because it or they ended.
    """

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowded:
    """As many tracks as make a crowd have been in a zone for as long as it takes; `count` are in it in frame `meta`."""

    zone: str
    meta: FrameMeta
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Calmed:
    """A crowd has dispersed; `count` are in the zone in frame `meta`."""

    zone: str
    meta: FrameMeta
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossed:
    """A track is on the other side of a line; `seen` is the first frame in which it was.

    Attributes:
        line: Its name.
        direction: `in` is from the left hand to the right hand of whoever looks along the line, from `from` to `to`.
        seen: The track there.
    """

    line: str
    direction: Direction
    seen: Sighting


ZoneFact: TypeAlias = "Entered | Dwelt | Left | Crowded | Calmed"
