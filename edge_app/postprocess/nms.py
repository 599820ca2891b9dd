"""Greedy non-maximum suppression within each picture and class."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_app.postprocess.candidates import BatchCandidates, picture_spans

# The best of a picture that reach suppression, which is quadratic: if no two overlap, 1,000 take 8 ms, 3,000 take 75 ms
# and 8,400 take 0.6 s of a core of an Intel Xeon. What is beyond is counted.
MAX_CANDIDATES = 3000
COORDINATE_LIMIT = 2.0**16  # boxes are clipped to ± this before they are compared [model px]: far beyond any picture


def suppress(candidates: BatchCandidates, rows: NDArray[np.intp], iou: float) -> NDArray[np.intp]:
    """Those of `rows` that survive, best score first in each picture.

    Args:
        candidates: Boxes of all pictures.
        rows: Indices of the boxes to look at, sorted by picture.
        iou: A box is dropped if it overlaps a better one of its class by more than this.
    """
    xywh = candidates.xyxy.take(rows, 0).astype(np.float64)
    np.maximum(xywh, -COORDINATE_LIMIT, out=xywh)
    np.minimum(xywh, COORDINATE_LIMIT, out=xywh)
    xywh[:, 2:] -= xywh[:, :2]
    xywh[:, 0] += candidates.class_id.take(rows) * (2.0 * COORDINATE_LIMIT)  # each class in a strip of its own
    boxes, scores = xywh.tolist(), candidates.score.take(rows).tolist()  # OpenCV reads lists faster than arrays
    kept: list[int] = []
    for start, stop in picture_spans(candidates.picture_index.take(rows), len(candidates.invalid_rows)):
        survivors = cv2.dnn.NMSBoxes(boxes[start:stop], scores[start:stop], 0.0, iou, top_k=MAX_CANDIDATES)
        kept += [start + row for row in survivors]
    return rows.take(kept)
