"""OC-SORT: what was seen counts more than what was expected."""

from __future__ import annotations

import numpy as np

from edge_app.analytics.kalman import Reals, Rows
from edge_app.analytics.matching import Matching
from edge_app.analytics.tracks import TrackTable, as_centres, as_corners
from edge_app.core.detections import Detections, iou

LEAST = 0.3  # overlap
MOMENTUM = 0.2  # what the same direction adds to the overlap at most
STANDS_PX = 2.0  # what has moved less has no direction


class OcSort:
    """Cao et al., "Observation-centric SORT: rethinking SORT for robust multi-object tracking", 2023.

    Its three parts: the direction in which an object went adds to the overlap (momentum); what was left is compared
    with where tracks were seen last (recovery); and filters forget what they assumed while an object was away (replay).
    """

    begins_from, replays = 0.0, True

    def match(self, tracks: TrackTable, found: Detections) -> Rows:
        matching = Matching(len(tracks), len(found))
        overlap = iou(as_corners(tracks.filters.boxes), found.xyxy)
        matching.round(overlap + MOMENTUM * _same_direction(tracks, found) * (overlap > LEAST), LEAST)
        if not matching.is_over:
            matching.round(iou(tracks.boxes[:, 0], found.xyxy), LEAST)
        return matching.row_of


def _same_direction(tracks: TrackTable, found: Detections) -> Reals:
    """0.5 where the way to a detection leads on as the track went, -0.5 where it leads back, (tracks, detections)."""
    last, earlier = as_centres(tracks.boxes[:, 0])[:, :2], as_centres(tracks.boxes[:, -1])[:, :2]
    went, goes = last - earlier, as_centres(found.xyxy)[None, :, :2] - last[:, None]
    lengths = np.hypot(went[:, 0], went[:, 1])[:, None], np.hypot(goes[..., 0], goes[..., 1])
    moves = (lengths[0] > STANDS_PX) & (lengths[1] > STANDS_PX)
    cosine = (went[:, None] * goes).sum(axis=2) / np.where(moves, lengths[0] * lengths[1], 1.0)
    same: Reals = np.where(moves, 0.5 - np.arccos(np.clip(cosine, -1, 1)) / np.pi, 0.0)
    return same
