"""Objects that move as they are told to, as a detector would find them."""

from __future__ import annotations

import numpy as np

from edge_app.analytics.config import TrackConfig
from edge_app.analytics.trackers import make_tracker
from edge_app.core.detections import Detections

CONFIDENCE = 0.3
TRACKERS = ("bytetrack", "ocsort", "sort")


def tracker(name="bytetrack", **config):
    """One whose ids begin at 1."""
    return make_tracker(TrackConfig(tracker=name, **config), CONFIDENCE, iter(range(1, 1_000_000)))


def found(*boxes, score=0.9, class_id=0):
    """Detections of boxes as centre x, centre y, width and height; `score` and `class_id` of all, or of each."""
    centre, sides = np.array(boxes, np.float32).reshape(-1, 2, 2).transpose(1, 0, 2)
    xyxy = np.concatenate([centre - sides / 2, centre + sides / 2], axis=1)
    return Detections(
        xyxy,
        np.broadcast_to(np.float32(score), len(boxes)).copy(),
        np.broadcast_to(np.int32(class_id), len(boxes)).copy(),
    )


def ids(track_update):
    return track_update.track_id.tolist()
