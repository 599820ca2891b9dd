"""What is made of the detections of one camera, frame by frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from edge_app.analytics.config import TrackConfig
from edge_app.analytics.tracks import TrackUpdate
from edge_app.core.detections import Detections
from edge_app.core.frames import FrameMeta


class Facts(NamedTuple):
    """What one frame says.

    Attributes:
        detections: With `track_id`, if anything tracks.
        tracks: What began and what ended; None if nothing tracks.
    """

    detections: Detections
    tracks: TrackUpdate | None


class Analytics:
    """One camera's; made when it is added, used by the analysis thread alone, and gone when it is removed.

    Whatever looks at tracks (zones, lines, events) is called in `update`, once there are ids, and adds to `Facts`.
    """

    def __init__(self, track: TrackConfig, confidence: float, ids: Iterator[int]) -> None:
        """Takes what a camera's analytics are made from.

        Args:
            track: How its objects are followed.
            confidence: The lowest score that a detection can have.
            ids: For its tracks; they outlive a camera that is replaced, because none is used again in a session.
        """
        # SciPy takes half a second to import, and nothing else needs it.
        from edge_app.analytics.trackers import make_tracker

        self._tracker = make_tracker(track, confidence, ids)
        self._source_wh: tuple[int, int] | None = None

    def update(self, meta: FrameMeta, source_wh: tuple[int, int], detections: Detections) -> Facts:
        """The facts of the next frame, whose picture has that size [px]; a new size ends all tracks."""
        if self._tracker is None:
            return Facts(detections, None)
        ended = self._tracker.end() if source_wh != self._source_wh else ()
        self._source_wh = source_wh
        tracks = self._tracker.update(detections, meta.timeline_s)
        tracks = tracks._replace(ended=ended + tracks.ended)
        return Facts(replace(detections, track_id=tracks.track_id), tracks)
