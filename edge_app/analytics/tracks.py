"""The tracks of one camera as parallel arrays: where each is expected, and when and where it was seen."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_app.analytics.kalman import BoxFilters, Reals, Rows
from edge_app.core.detections import UNTRACKED, Detections

REMEMBERED = 3  # boxes that a track keeps, for its direction
COLUMNS = ("track_id", "class_id", "sightings", "first_s", "last_s", "boxes")


class TrackUpdate(NamedTuple):
    """What one frame says of the tracks of its camera.

    Attributes:
        track_id: Of each detection, from 1; -1 of those that are not confirmed; int64 (n,).
        first_s: When the track of each was seen first, in the time that `update` was given; NaN where it has no id;
            float64 (n,).
        started: Ids that are new in this frame, rising.
        ended: Ids whose tracks ended before this frame, rising; they are never used again.
    """

    track_id: NDArray[np.int64]
    first_s: NDArray[np.float64]
    started: tuple[int, ...]
    ended: tuple[int, ...]


class TrackTable:
    """Everything that is followed, confirmed or not, as arrays of length n.

    Attributes:
        now_s: Time since the beginning [s]; it never goes back.
        filters: Where each is expected now.
        track_id: From 1, or `UNTRACKED`; int64 (n,).
        class_id: As it was seen last; int32 (n,).
        sightings: Frames in which it was seen; int64 (n,).
        first_s, last_s: When it was seen first and last [s]; float64 (n,).
        boxes: Corners of where it was seen last, newest first; before there are as many, the first of them again;
            float64 (n, REMEMBERED, 4).
    """

    def __init__(self) -> None:
        self.now_s = 0.0
        self.filters = BoxFilters()
        self.track_id = np.empty(0, np.int64)
        self.class_id = np.empty(0, np.int32)
        self.sightings = np.empty(0, np.int64)
        self.first_s, self.last_s = np.empty(0), np.empty(0)
        self.boxes = np.empty((0, REMEMBERED, 4))

    def __len__(self) -> int:
        return len(self.track_id)

    @property
    def confirmed(self) -> NDArray[np.bool_]:
        """Which have an id."""
        confirmed: NDArray[np.bool_] = self.track_id != UNTRACKED
        return confirmed

    @property
    def away_s(self) -> Reals:
        """How long each was not seen [s], (n,)."""
        away: Reals = self.now_s - self.last_s
        return away

    def advance(self, elapsed_s: float) -> None:
        """Moves time and all filters on."""
        self.now_s += elapsed_s
        self.filters.predict(elapsed_s)

    def see(self, rows: Rows, found: Detections, *, replay: NDArray[np.bool_]) -> None:
        """Corrects tracks by what was found of each, one detection a row; some by replaying what they did meanwhile."""
        centres = as_centres(found.xyxy)
        if replay.any():
            self.filters.update(rows[~replay], centres[~replay])
            self.filters.replay(rows[replay], self.away_s[rows[replay]], centres[replay])
        else:
            self.filters.update(rows, centres)
        self.class_id[rows] = found.class_id
        self.sightings[rows] += 1
        self.last_s[rows] = self.now_s
        self.boxes[rows] = np.concatenate([found.xyxy[:, None], self.boxes[rows, :-1]], axis=1)

    def begin(self, found: Detections) -> None:
        """New tracks, one of each detection, after those that are there."""
        count, now = len(found), np.full(len(found), self.now_s)
        self.filters.add(as_centres(found.xyxy))
        new: tuple[NDArray[Any], ...]
        new = np.full(count, UNTRACKED), found.class_id, np.ones(count, np.int64), now, now, found.xyxy[:, None]
        for name, values in zip(COLUMNS, new, strict=True):
            shape = (count, *getattr(self, name).shape[1:])
            setattr(self, name, np.concatenate([getattr(self, name), np.broadcast_to(values, shape)]))

    def keep(self, rows: NDArray[np.bool_]) -> None:
        """Forgets the others."""
        self.filters.keep(rows)
        for name in COLUMNS:
            setattr(self, name, getattr(self, name)[rows])


def as_centres(corners: NDArray[np.floating[Any]]) -> Reals:
    """Boxes as centre x, centre y, width and height, float64 (n, 4)."""
    low, high = corners[:, :2].astype(np.float64), corners[:, 2:].astype(np.float64)
    return np.concatenate([(low + high) / 2, high - low], axis=1)


def as_corners(centres: Reals) -> Reals:
    """The reverse of `as_centres`."""
    half = centres[:, 2:] / 2
    return np.concatenate([centres[:, :2] - half, centres[:, :2] + half], axis=1)
