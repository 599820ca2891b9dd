"""SORT: what overlaps is the same object."""

from __future__ import annotations

from edge_app.analytics.kalman import Rows
from edge_app.analytics.matching import Matching
from edge_app.analytics.tracks import TrackTable, as_corners
from edge_app.core.detections import Detections, iou

LEAST = 0.3  # overlap


class Sort:
    """Bewley et al., "Simple online and realtime tracking", 2016: one round, by overlap with where it is expected."""

    begins_from, replays = 0.0, False

    def match(self, tracks: TrackTable, found: Detections) -> Rows:
        matching = Matching(len(tracks), len(found))
        matching.round(iou(as_corners(tracks.filters.boxes), found.xyxy), LEAST)
        return matching.row_of
