"""What the numbers of an answer can be: pixels, shares, probabilities, classes. Families judge their layout by it.

Rows whose box is all zeros are padding and tell nothing, nor do those that are not finite. A few rows tell less than
many: what they leave open is no verdict.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_app.postprocess.candidates import HIGHEST_SCORE, cxcywh_to_xyxy

FloatArray = NDArray[np.float32]

LEAST_REACH = 0.15  # offsets in cells, which are about 1, reach less far across the smallest inputs
MOST_REACH = 3.0
LARGEST = 4.0  # a box's side beside that of the input
STEEPEST_LOGIT = 100.0
MANY = 100  # rows of which it can be said what networks answer to a picture of nothing
TELLING = 3  # boxes that all look like corners are some, but for those that may be centres and sizes as well
OUTSIDE = 0.02  # of a side of the input is what centre boxes of a few finds do not lie outside it
FEW = 0.01  # of a column's numbers, which a bad score or two do not exceed
RARELY = 0.05  # so few coordinates of boxes are beyond the upper left edges of the picture
SURE, UNLIKELY = 0.5, 0.1  # scores of what a model has found, and of what it has not
ENOUGH = 20  # scores of which it can be said that they are logits
PADDING = -1.0  # what some lists are filled up with


class Verdict(Enum):
    """What an answer says of a layout."""

    FITS = "fits"
    LOGITS = "fits, but its scores are below 0: a sigmoid is missing"
    BEYOND = "fits, but some of its scores are no probabilities"
    UNSURE = "may fit, but as well be of another layout"
    SILENT = "shows nothing"
    ANOTHER = "is of another layout"


def verdict(structure: bool, *scores: FloatArray, sure: bool = True) -> Verdict:
    """The verdict on a layout whose other columns are as they should be, or not, by its scores.

    Args:
        structure: Whether the other columns are as they should be.
        scores: Columns of scores, each of shape (n,) or (n, columns).
        sure: Whether the other columns are so in no other layout.
    """
    columns = [column for each in scores for column in (each.T if each.ndim == 2 else [each])]
    if not any(len(column) for column in columns):
        return Verdict.SILENT
    steep = any((np.abs(column) > STEEPEST_LOGIT).any() for column in columns)
    if not structure or steep or _differ(columns):
        return Verdict.ANOTHER
    if all(map(are_probabilities, columns)):
        return Verdict.FITS if sure else Verdict.UNSURE
    if any(map(are_logits, columns)):
        return Verdict.LOGITS
    return Verdict.BEYOND if sure else Verdict.ANOTHER


def together(verdicts: Iterable[Verdict]) -> Verdict | None:
    """The verdict on a layout from those of several answers: what one of them excludes is excluded. None of none."""
    found = set(verdicts)
    order = (Verdict.ANOTHER, Verdict.LOGITS, Verdict.BEYOND, Verdict.FITS, Verdict.UNSURE, Verdict.SILENT)
    return next((verdict for verdict in order if verdict in found), None)


def _differ(columns: list[FloatArray]) -> bool:
    """Whether some of many rows' columns are probabilities and some others are not: angles, key points, distances."""
    if not columns or len(columns[0]) < MANY:
        return False
    beyond = [float(np.mean((column < 0) | (column > HIGHEST_SCORE))) for column in columns]
    return min(beyond) == 0 and max(beyond) > FEW


def filled(rows: NDArray[Any]) -> FloatArray:
    """The finite rows (n, columns) with a box in their first four columns."""
    boxed = (rows[:, :4] != 0).any(axis=1) & np.isfinite(rows).all(axis=1)
    found: FloatArray = rows[boxed].astype(np.float32, copy=False)
    return found


def are_probabilities(values: FloatArray) -> bool:
    """Whether all lie in 0 to 1, as far as half floats can tell."""
    return bool(((values >= 0) & (values <= HIGHEST_SCORE)).all())


def are_logits(values: FloatArray) -> bool:
    """Whether most are below 0, as scores of a blank picture are before their sigmoid; False of a few."""
    scores = values[values != PADDING]
    return len(scores) >= ENOUGH and bool(np.median(scores) < 0)


def are_classes(values: FloatArray) -> bool:
    """Whether all are numbers of classes."""
    return bool(((values >= 0) & (values == np.floor(values))).all())


def reach_across(xy: FloatArray, wh: tuple[int, int]) -> bool:
    """Whether points (n, 2) are spread over an input of that size in pixels; True of none."""
    if not len(xy):
        return True
    reach = np.quantile(np.abs(xy) / np.array(wh, np.float32), 0.99, axis=0).max()
    return bool(LEAST_REACH <= reach <= MOST_REACH)


def are_offsets(xy: FloatArray, wh: tuple[int, int]) -> bool:
    """Whether points (n, 2) stay near 0 beside an input of that size [px]; True of none."""
    return not len(xy) or bool(np.quantile(np.abs(xy) / np.array(wh, np.float32), 0.99) < LEAST_REACH)


def are_fractions(boxes: FloatArray) -> bool:
    """Whether boxes (n, 4) lie in or about 0 to 1: shares of the input do, many offsets and logarithms do not."""
    beyond = 0.5 if len(boxes) >= MANY else OUTSIDE
    about = bool(((boxes >= -beyond) & (boxes <= 1 + beyond)).all())
    return about and int(np.count_nonzero(boxes < 0)) <= RARELY * boxes.size


def are_log_sizes(values: FloatArray, wh: tuple[int, int], stride: int) -> bool:
    """Whether powers of values (n, 2) may be sizes in cells of that stride [px], of boxes in an input of that size."""
    return bool((values < np.log(LARGEST * max(wh) / stride)).all())


def are_shares(boxes: FloatArray) -> bool:
    """Whether boxes (n, 4) are centres and sizes in shares of the input; some look inside out as corners."""
    return bool(((boxes > -0.5) & (boxes < 1.5)).all()) and not are_corners(boxes)


def are_corners(boxes: FloatArray) -> bool:
    """Whether boxes (n, 4) are corners, the upper left one first: of centres and sizes some would be inside out."""
    return bool((boxes[:, :2] <= boxes[:, 2:]).all())


def are_centres(boxes: FloatArray, wh: tuple[int, int]) -> bool:
    """Whether boxes (n, 4) may be centres in an input of that size [px], with sizes: as corners some are inside out."""
    corners = are_corners(boxes) and not may_be_either(boxes, wh)
    return reach_across(boxes[:, :2], wh) and bool((boxes[:, 2:] >= 0).all()) and not corners


def are_boxes(boxes: FloatArray, wh: tuple[int, int]) -> bool:
    """Whether boxes (n, 4) may be corners in an input of that size [px]."""
    return are_corners(boxes) and reach_across(boxes[:, 2:], wh)


def may_be_list(rows: FloatArray) -> bool:
    """Whether rows (n, columns) may hold the number of a class in the last column, behind corners."""
    last = rows[:, -1]
    return are_classes(last) and are_corners(rows[:, :4]) and (rows.shape[1] == 6 or bool(last.any()))


def has_objectness(rows: FloatArray) -> bool | None:
    """Whether column 4 is an objectness or a class of its own: two classes are not sure of the same boxes.

    None if column 4 is never sure, or others are neither sure of the same boxes nor unlikely.
    """
    sure = rows[rows[:, 4] >= SURE, 5:]
    if not sure.size:
        return None
    best = sure.max(axis=1)
    return True if (best >= SURE).all() else False if (best < UNLIKELY).all() else None


def has_numbers(scores: FloatArray) -> bool:
    """Whether one of at most two columns of few scores (n, columns) may hold the numbers of classes 0 and 1."""
    whole = ((scores == 0) | (scores == 1)).all(axis=0) & scores.any(axis=0)
    return len(scores) < MANY and scores.shape[1] <= 2 and bool(whole.any())


def may_be_either(boxes: FloatArray, wh: tuple[int, int]) -> bool:
    """Whether boxes (n, 4) may be corners as well as centres and sizes in an input of that size [px]."""
    shares = cxcywh_to_xyxy(boxes) / np.array(wh * 2, np.float32)
    within = bool(((shares >= -OUTSIDE) & (shares <= 1 + OUTSIDE)).all())
    return are_corners(boxes) and (len(boxes) < TELLING or within)


def is_sorted_list(rows: NDArray[Any]) -> bool:
    """Whether rows (n, 6) of box, score, class are sorted, best first, as what suppresses or selects writes them."""
    scores = rows[:, 4].astype(np.float32)
    return bool((scores[1:] <= scores[:-1]).all())


def judge_listed(boxes: NDArray[Any]) -> Verdict:
    """Whether the boxes of a list with names are (n, 4), and may be corners [px], which shares of the input are not."""
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        return Verdict.ANOTHER
    rows = boxes[(boxes != 0).any(axis=1) & np.isfinite(boxes).all(axis=1)].astype(np.float32)
    if not len(rows):
        return Verdict.SILENT
    return Verdict.FITS if are_corners(rows) and not are_fractions(rows) else Verdict.ANOTHER
