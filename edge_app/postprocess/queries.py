"""The answers of detection transformers: a logit for each pair of a query and a class, and a box for each query."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_app.model import InputSpec
from edge_app.postprocess.candidates import Candidates, cxcywh_to_xyxy, keep_valid, reaches

SATURATED = 15.0  # a logit whose sigmoid is 1 within 3e-7


def top_pairs(logits: NDArray[Any], boxes: NDArray[Any], spec: InputSpec, confidence: float) -> Candidates:
    """Every pair of a query and a class is a detection, of which as many of the best count as there are queries.

    Args:
        logits: One picture's, shape (queries, classes); their sigmoid is the score.
        boxes: Centre boxes [share of the input], shape (queries, 4).
        spec: The size of the input.
        confidence: The least score.
    """
    query, class_id = np.nonzero(reaches(logits, lowest_logit(confidence)))
    logit = logits[query, class_id].astype(np.float32)
    if len(query) > len(logits):
        best = np.argpartition(-logit, len(logits))[: len(logits)]  # sorts a NaN last
        query, class_id, logit = query[best], class_id[best], logit[best]
    with np.errstate(over="ignore", invalid="ignore"):
        score = 1 / (1 + np.exp(-logit))
    keep = reaches(score, confidence)
    return keep_valid(in_model_pixels(boxes[query[keep]], spec), score[keep], class_id[keep], logits.shape[1])


def in_model_pixels(boxes: NDArray[Any], spec: InputSpec) -> NDArray[np.float32]:
    """Corners [model px], shape (n, 4), of centre boxes [share of the input]."""
    size = np.array([spec.width, spec.height] * 2, np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        return cxcywh_to_xyxy(boxes.astype(np.float32) * size)


def lowest_logit(confidence: float) -> float:
    """A logit a little below the one whose sigmoid is `confidence`."""
    if confidence <= 0:
        return -math.inf
    return min(math.log(confidence / (1 - confidence)) if confidence < 1 else SATURATED, SATURATED) - 1e-3
