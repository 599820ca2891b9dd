"""What YOLO-NAS and DAMO-YOLO share where suppression is outside: boxes and scores, in one order or the other."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_app.model import ModelSignature
from edge_app.postprocess.grid import cells
from edge_app.postprocess.judgement import Verdict, are_boxes, may_be_either, verdict


def box_pairs(signature: ModelSignature, wh: tuple[int, int], boxes_at: int) -> int | None:
    """How many classes there are if boxes (batch, cells, 4) are the output at that place, 0 or 1, and scores the other.

    None if the outputs are not these.
    """
    shapes = [tensor.shape for tensor in signature.outputs]
    if [len(shape) for shape in shapes] != [3, 3]:
        return None
    (_, boxes, corners), (_, rows, classes) = shapes[boxes_at], shapes[1 - boxes_at]
    return classes if rows == boxes and rows in (None, cells(wh)) and corners == 4 else None


def judge_pairs(boxes: NDArray[Any], scores: NDArray[Any], wh: tuple[int, int]) -> Verdict:
    """Whether boxes (n, 4) are corners in an input of that size [px], and scores (n, classes) are some."""
    boxed = (boxes != 0).any(axis=1)
    rows = boxes[boxed].astype(np.float32)
    return verdict(are_boxes(rows, wh), scores[boxed].astype(np.float32), sure=not may_be_either(rows, wh))
