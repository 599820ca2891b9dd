"""Detections in a line or two."""

from __future__ import annotations

import numpy as np

from edge_app.core.detections import Detections

NOTHING = Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int32))
CAR = (10, 10, 20, 20, 0.8, 1)


def detections(rows):
    """Rows (x, y, width, height, score, class)."""
    table = np.array(rows, np.float64).reshape(-1, 6)
    xyxy = np.hstack([table[:, :2], table[:, :2] + table[:, 2:4]]).astype(np.float32)
    return Detections(xyxy, table[:, 4].astype(np.float32), table[:, 5].astype(np.int32))


def many(rows, pictures=20):
    """The same detections in each of so many pictures."""
    return [detections(rows)] * pictures
