"""ByteTrack: boxes of low scores are matched too, and begin nothing."""

from __future__ import annotations

import numpy as np

from edge_app.analytics.kalman import Reals, Rows
from edge_app.analytics.matching import Matching
from edge_app.analytics.tracks import TrackTable, as_centres, as_corners
from edge_app.core.detections import Detections, iou

HIGH = 0.2  # a score is high from this share of what is above the lowest one
OTHER_CLASS = 0.3  # taken off the overlap where the class is another: models change their mind
LEAST, LEAST_UNCONFIRMED = 0.1, 0.3  # overlap
NEAR = 9.2  # squared distance within which 99 of 100 centres are found
WANDER = 0.4  # how far what is not seen may get off its way, as a share of its size [1/s]
LARGER = 1.5**2  # how much larger or smaller [area/area] what is near may be


class ByteTrack:
    """Zhang et al., "ByteTrack: multi-object tracking by associating every detection box", 2022.

    To its rounds (high scores, then low ones; what is confirmed before what is not), which go by overlap, comes one by
    the distance from where the centre is expected, in standard deviations: small objects and those of few frames a
    second or after a gap do not overlap with it.
    """

    replays = False

    def __init__(self, confidence: float) -> None:
        """`confidence` is the lowest score that a detection can have."""
        self.begins_from = confidence + HIGH * (1 - confidence)

    def match(self, tracks: TrackTable, found: Detections) -> Rows:
        matching = Matching(len(tracks), len(found))
        if not len(tracks) or not len(found):
            return matching.row_of
        same = tracks.class_id[:, None] == found.class_id
        overlap = iou(as_corners(tracks.filters.boxes), found.xyxy) - np.where(same, 0.0, OTHER_CLASS)
        confirmed, high = tracks.confirmed, found.score >= self.begins_from
        matching.round(overlap, LEAST, tracks=confirmed, found=high)
        matching.round(overlap, LEAST, tracks=confirmed)
        if matching.is_over:  # as in most frames
            return matching.row_of
        nearness = _nearness(tracks, found) * same
        matching.round(nearness, 0.0, tracks=confirmed)
        matching.round(overlap, LEAST_UNCONFIRMED)
        matching.round(nearness, 0.0)
        return matching.row_of


def _nearness(tracks: TrackTable, found: Detections) -> Reals:
    """From 1, where it is expected, to 0, where it is not likely; 0 where one is much larger than the other."""
    expected, centres = tracks.filters.boxes, as_centres(found.xyxy)
    larger = np.maximum(expected[:, 2] * expected[:, 3], 1.0)[:, None] / (centres[:, 2] * centres[:, 3])
    alike = (larger < LARGER) & (larger > 1 / LARGER)
    nearness: Reals = np.maximum(1 - tracks.filters.distances(centres, WANDER * tracks.away_s) / NEAR, 0) * alike
    return nearness
