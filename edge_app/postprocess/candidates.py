"""Boxes that a decoder found, before suppression, and the steps that families share to make them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_app.model import MAX_CLASSES

HIGHEST_SCORE = 1.01  # half floats round up to a little more than 1; what is above is no probability


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """The candidates of one picture.

    Attributes:
        xyxy: Corners [model px], float32, shape (n, 4).
        score: Confidence, float32, shape (n,).
        class_id: Best class, int32, shape (n,).
        invalid_rows: How many rows were left out because they held NaN, Inf, a score above 1 or a class that the model
            does not have.
    """

    xyxy: NDArray[np.float32]
    score: NDArray[np.float32]
    class_id: NDArray[np.int32]
    invalid_rows: int


@dataclass(frozen=True, slots=True, eq=False)
class BatchCandidates:
    """The candidates of several pictures, sorted by picture.

    Attributes:
        xyxy: Corners [model px], float32, shape (n, 4).
        score: Confidence, float32, shape (n,).
        class_id: Best class, int32, shape (n,).
        picture_index: The picture that each belongs to, 0 for the first, shape (n,).
        invalid_rows: How many rows of each picture were left out, as in `Candidates`; one number per picture.
    """

    xyxy: NDArray[np.float32]
    score: NDArray[np.float32]
    class_id: NDArray[np.int32]
    picture_index: NDArray[np.intp]
    invalid_rows: Sequence[int]


def stack(pictures: Iterable[Candidates]) -> BatchCandidates:
    """One batch of candidates from those of each picture, for families that decode one picture at a time."""
    each = list(pictures)
    return BatchCandidates(
        xyxy=np.concatenate([candidates.xyxy for candidates in each]),
        score=np.concatenate([candidates.score for candidates in each]),
        class_id=np.concatenate([candidates.class_id for candidates in each]),
        picture_index=np.repeat(np.arange(len(each)), [len(candidates.score) for candidates in each]),
        invalid_rows=[candidates.invalid_rows for candidates in each],
    )


def picture_spans(picture_index: NDArray[np.intp], pictures: int) -> list[tuple[int, int]]:
    """Start and stop of each picture's rows in a sorted `picture_index`."""
    return list(itertools.pairwise(np.searchsorted(picture_index, np.arange(pictures + 1)).tolist()))


def cxcywh_to_xyxy(cxcywh: NDArray[np.float32]) -> NDArray[np.float32]:
    """Boxes of shape (n, 4) from centre and size to corners."""
    return box_corners(cxcywh[:, :2], cxcywh[:, 2:])


def box_corners(centre: NDArray[np.float32], size: NDArray[np.float32]) -> NDArray[np.float32]:
    """Corners, shape (n, 4), of boxes given by centre and size, both of shape (n, 2)."""
    half = size / 2
    corners = np.empty_like(size, shape=(len(size), 4))
    np.subtract(centre, half, out=corners[:, :2])
    np.add(centre, half, out=corners[:, 2:])
    return corners


def has_area(xyxy: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which boxes are neither empty nor inside out."""
    return np.logical_and(xyxy[:, 2] > xyxy[:, 0], xyxy[:, 3] > xyxy[:, 1])


def reaches(score: NDArray[Any], confidence: float) -> NDArray[np.bool_]:
    """Which scores are at least `confidence`, or NaN, which must come along to be counted.

    Half floats are compared as float32: `confidence` would be rounded to one of them.
    """
    reached: NDArray[np.bool_] = ~(score.astype(np.float32, copy=False) < confidence)
    return reached


def best_class(scores: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """The greatest score of each row of (n, classes), or its NaN, and the column that holds it."""
    class_id = scores.argmax(axis=1)
    return scores[np.arange(len(scores)), class_id], class_id


def objectness_times_class(rows: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Objectness times the greatest class score of each row of (n, 5 + classes), and that class.

    It is NaN where one of the two is above 1: a product of logits may look like a probability.
    """
    best, class_id = best_class(rows[:, 5:])
    with np.errstate(over="ignore", invalid="ignore"):
        score = rows[:, 4] * best
        score[np.maximum(rows[:, 4], best) > HIGHEST_SCORE] = np.nan
    return score, class_id


def is_valid(xyxy: NDArray[Any], score: NDArray[Any], class_id: NDArray[Any], classes: int | None) -> NDArray[np.bool_]:
    """Which rows hold no NaN, no Inf, no score above 1 and a class of the model's; arguments as in `keep_valid`."""
    known = (class_id >= 0) & (class_id < (classes or MAX_CLASSES)) & (class_id == np.floor(class_id))
    valid: NDArray[np.bool_] = are_finite(xyxy) & (score <= HIGHEST_SCORE) & known
    return valid


def are_finite(xyxy: NDArray[Any]) -> NDArray[np.bool_]:
    """Which boxes, shape (n, 4), hold neither NaN nor Inf; a third of the time of `all` along so short an axis."""
    x1, y1, x2, y2 = np.isfinite(xyxy).T
    finite: NDArray[np.bool_] = x1 & y1 & x2 & y2
    return finite


def keep_valid(
    xyxy: NDArray[Any], score: NDArray[Any], class_id: NDArray[Any], classes: int | None = None
) -> Candidates:
    """The valid rows as candidates; the invalid ones are counted.

    Args:
        xyxy: Corners [model px], shape (n, 4).
        score: Confidence, shape (n,).
        class_id: Class, shape (n,), of any dtype.
        classes: How many classes the model has, or None if unknown.
    """
    valid = is_valid(xyxy, score, class_id, classes)
    return Candidates(
        xyxy=xyxy[valid].astype(np.float32, copy=False),
        score=np.minimum(score[valid].astype(np.float32, copy=False), 1),
        class_id=class_id[valid].astype(np.int32),
        invalid_rows=len(valid) - int(np.count_nonzero(valid)),
    )


def keep_listed(
    xyxy: NDArray[Any], score: NDArray[Any], class_id: NDArray[Any], confidence: float, classes: int | None
) -> Candidates:
    """The valid rows of at least `confidence`, from a model that lists its detections and pads with rows of score 0."""
    rows = np.flatnonzero(reaches(score, confidence) & (score != 0))
    return keep_valid(xyxy[rows], score[rows], class_id[rows], classes)


def pairs_above(scores: NDArray[Any], confidence: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Row and column of each of `scores`, shape (n, classes), that is at least `confidence` or NaN."""
    row, class_id = np.nonzero(reaches(scores, confidence))
    return row, class_id


def keep_pairs(xyxy: NDArray[Any], scores: NDArray[Any], confidence: float) -> Candidates:
    """The valid pairs of a box (n, 4) and a class whose score, in `scores` (n, classes), is at least `confidence`."""
    row, class_id = pairs_above(scores, confidence)
    return keep_valid(xyxy[row], scores[row, class_id], class_id, scores.shape[1])


def detection_count(count: NDArray[Any], capacity: int) -> int:
    """How many of `capacity` rows the model's own count says are detections; 0 if the count is NaN."""
    number = float(count.reshape(-1)[0])
    return 0 if math.isnan(number) else int(min(max(number, 0), capacity))


def counted(arrays: Sequence[NDArray[Any]], row: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """A picture's boxes, scores and classes, as many as its count says, from arrays of counts and of these."""
    count, boxes, scores, classes = (array[row] for array in arrays)
    n = detection_count(count, len(scores))
    return boxes[:n], scores[:n], classes[:n]
