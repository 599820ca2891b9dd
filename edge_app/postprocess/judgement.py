"""What the numbers of an answer can be: pixels, shares, probabilities, classes. Families judge their layout by it.

Rows whose box is all zeros are padding and tell nothing.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_app.postprocess.candidates import HIGHEST_SCORE

Floats = NDArray[np.float32]

LEAST_REACH = 0.15  # offsets in cells, which are about 1, reach less far across the smallest inputs
MOST_REACH = 3.0
STEEPEST_LOGIT = 100.0
WITH_OBJECTNESS = 7


class Verdict(Enum):
    """What an answer says of a layout."""

    FITS = "fits"
    LOGITS = "fits, but its scores are no probabilities: a sigmoid is missing"
    ANOTHER = "is of another layout"


def verdict(structure: bool, *scores: Floats) -> Verdict:
    """The verdict on a layout whose other columns are as they should be, or not, by its scores."""
    if not structure or any((np.abs(each) > STEEPEST_LOGIT).any() or np.isnan(each).any() for each in scores):
        return Verdict.ANOTHER
    return Verdict.FITS if all(are_probabilities(each) for each in scores) else Verdict.LOGITS


def filled(rows: NDArray[Any]) -> Floats:
    """The rows (n, columns) with a box in their first four columns."""
    boxed: Floats = rows[(rows[:, :4] != 0).any(axis=1)].astype(np.float32, copy=False)
    return boxed


def are_probabilities(values: Floats) -> bool:
    """Whether all lie in 0 to 1, as far as half floats can tell."""
    return bool(((values >= 0) & (values <= HIGHEST_SCORE)).all())


def are_classes(values: Floats) -> bool:
    """Whether all are numbers of classes."""
    return bool(((values >= 0) & (values == np.floor(values))).all())


def reach_across(xy: Floats, wh: tuple[int, int]) -> bool:
    """Whether points (n, 2) are spread over an input of that size in pixels; True of none."""
    if not len(xy):
        return True
    reach = np.quantile(np.abs(xy) / np.array(wh, np.float32), 0.99, axis=0).max()
    return bool(LEAST_REACH <= reach <= MOST_REACH)


def are_offsets(xy: Floats, wh: tuple[int, int]) -> bool:
    """Whether points (n, 2) stay near 0 beside an input of that size [px]; True of none."""
    return not len(xy) or bool(np.quantile(np.abs(xy) / np.array(wh, np.float32), 0.99) < LEAST_REACH)


def are_shares(boxes: Floats) -> bool:
    """Whether the sides of boxes (n, 4) are shares of the input."""
    return bool(((boxes > -0.5) & (boxes < 1.5)).all())


def are_corners(boxes: Floats) -> bool:
    """Whether boxes (n, 4) are corners, the upper left one first: of centres and sizes some would be inside out."""
    return bool((boxes[:, :2] <= boxes[:, 2:]).all())


def are_centres(boxes: Floats, wh: tuple[int, int]) -> bool:
    """Whether boxes (n, 4) may be centres in an input of that size [px], with sizes."""
    return reach_across(boxes[:, :2], wh) and bool((boxes[:, 2:] >= 0).all())


def may_be_list(rows: Floats) -> bool:
    """Whether rows (n, columns) may hold the number of a class: in the last column, behind corners, or before it."""
    last = rows[:, -1]
    if rows.shape[1] == WITH_OBJECTNESS and len(rows) > 1 and are_classes(rows[:, -2]) and not are_classes(last):
        return True  # older scripts for DeepStream: centre box, score, class, objectness
    return are_classes(last) and are_corners(rows[:, :4]) and (rows.shape[1] == 6 or bool(last.any()))


def has_objectness(rows: Floats) -> bool | None:
    """Whether column 4 is an objectness or a class of its own: two classes are not sure of the same boxes.

    None if column 4 is never sure.
    """
    sure = rows[rows[:, 4] >= 0.5, 5:]
    if not sure.size:
        return None
    best = sure.max(axis=1) >= 0.5
    return True if best.all() else False if not best.any() else None


def is_sorted_list(rows: NDArray[Any]) -> bool:
    """Whether rows (n, 6) of box, score, class are sorted, best first, as what suppresses or selects writes them."""
    scores = rows[:, 4].astype(np.float32)
    return bool((scores[1:] <= scores[:-1]).all())
