"""The life of tracks: they begin, are confirmed, are seen again, and end."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge_app.analytics.config import TrackConfig
from edge_app.analytics.kalman import Rows
from edge_app.analytics.tracks import TrackTable, TrackUpdate
from edge_app.core.detections import UNTRACKED, Detections

SLACK_S = 1e-6  # sums of intervals are not exact
NOBODY = -1


class Matcher(Protocol):
    """Where the trackers differ.

    Attributes:
        begins_from: Lowest score of a detection that begins a track.
        replays: Whether what an object did while it was away is filled in when it is found again.
    """

    begins_from: float
    replays: bool

    def match(self, tracks: TrackTable, found: Detections) -> Rows:
        """The row of the track that each detection is of, or `NOBODY`; the filters of `tracks` are at its time."""


class Tracker:
    """Follows the objects of one camera.

    An object is confirmed once it was seen in `confirm_frames` frames in a row, and its track ends once it was not seen
    for longer than `lost_s`. In between it may be away: a drop or a reconnect ends nothing.

    Attributes:
        lost_s: How long an object may be away [s].
    """

    def __init__(self, config: TrackConfig, matcher: Matcher, ids: Iterator[int]) -> None:
        """`ids` are given to what is confirmed, in their order."""
        self._confirm_frames, self.lost_s, self._matcher = config.confirm_frames, config.lost_s, matcher
        self._tracks, self._ids = TrackTable(), ids
        self._last_s: float | None = None

    def update(self, detections: Detections, now_s: float) -> TrackUpdate:
        """The ids of what was found in the next frame, taken at `now_s` [s]; time never goes back."""
        elapsed_s = 0.0 if self._last_s is None else max(0.0, now_s - self._last_s)
        self._last_s = now_s
        self._tracks.advance(elapsed_s)
        ended = self._end(self._tracks.away_s > self.lost_s + SLACK_S)
        usable = np.flatnonzero(np.isfinite(detections.xyxy).all(axis=1))
        row_of = np.full(len(detections), NOBODY, np.intp)
        row_of[usable] = self._follow(_those(detections, usable), elapsed_s)
        started = self._confirm()
        return self._update_of(row_of, started, ended, now_s)

    def end(self) -> tuple[int, ...]:
        """Ends every track, as if all had been lost: their ids, rising."""
        return self._end(np.ones(len(self._tracks), bool))

    def _follow(self, found: Detections, elapsed_s: float) -> Rows:
        """The row of each detection's track, which is there or begins; unconfirmed ones that were not found end."""
        tracks = self._tracks
        row_of = self._matcher.match(tracks, found)
        known = np.flatnonzero(row_of != NOBODY)
        rows = row_of[known]
        missed = tracks.away_s[rows] > elapsed_s + SLACK_S
        tracks.see(rows, _those(found, known), replay=missed & self._matcher.replays)
        alive = tracks.confirmed
        alive[rows] = True
        if not alive.all():
            row_of[known] = (np.cumsum(alive) - 1)[rows]
            tracks.keep(alive)
        new = np.flatnonzero((row_of == NOBODY) & (found.score >= self._matcher.begins_from))
        if len(new):
            row_of[new] = len(tracks) + np.arange(len(new))
            tracks.begin(_those(found, new))
        return row_of

    def _confirm(self) -> tuple[int, ...]:
        """Gives ids to the tracks that were seen often enough; returns these."""
        rows = np.flatnonzero(~self._tracks.confirmed & (self._tracks.sightings >= self._confirm_frames))
        started = tuple(islice(self._ids, len(rows)))
        self._tracks.track_id[rows] = started
        return started

    def _end(self, rows: NDArray[np.bool_]) -> tuple[int, ...]:
        """Ends some tracks; the ids of those that had one."""
        if not rows.any():
            return ()
        ids = self._tracks.track_id[rows]
        self._tracks.keep(~rows)
        return tuple(sorted(ids[ids != UNTRACKED].tolist()))

    def _update_of(self, row_of: Rows, started: tuple[int, ...], ended: tuple[int, ...], now_s: float) -> TrackUpdate:
        """What is told of the detections whose tracks stand in these rows."""
        known = np.flatnonzero(row_of != NOBODY)
        track_id, first_s = np.full(len(row_of), UNTRACKED), np.full(len(row_of), np.nan)
        track_id[known] = self._tracks.track_id[row_of[known]]
        first_s[known] = self._tracks.first_s[row_of[known]] + (now_s - self._tracks.now_s)
        first_s[track_id == UNTRACKED] = np.nan
        return TrackUpdate(track_id, first_s, started, ended)


def _those(detections: Detections, which: Rows) -> Detections:
    return Detections(detections.xyxy[which], detections.score[which], detections.class_id[which])
