"""Which source pixels make up each resized column or row, with which weights: as cv2.resize, bilinear, on bytes.

The rules were found by comparing with OpenCV 4 and 5 over random sizes: a weight of 1 is written as 2048, columns lose
their fraction at the border, rows keep it and repeat the border's pixel.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

ONE = 2048
NEIGHBOURS = np.dtype([("first", "<u2"), ("second", "<u2"), ("first_weight", "<u2"), ("second_weight", "<u2")])
"""Two neighbouring source pixels along an axis and their weights."""


def column_neighbours(source: int, target: int) -> NDArray[Any]:
    """The `NEIGHBOURS` of each of `target` columns, resized from `source` columns [px]."""
    first, fraction = _positions(source, target)
    fraction[(first < 0) | (first >= source - 1)] = 0
    first = np.clip(first, 0, source - 1)
    return _neighbours(first, np.minimum(first + 1, source - 1), fraction)


def row_neighbours(source: int, target: int) -> NDArray[Any]:
    """The `NEIGHBOURS` of each of `target` rows, resized from `source` rows [px]."""
    first, fraction = _positions(source, target)
    return _neighbours(np.clip(first, 0, source - 1), np.clip(first + 1, 0, source - 1), fraction)


def _positions(source: int, target: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Where each target pixel lies among the source's: whole pixels and the fraction beyond."""
    positions = ((np.arange(target) + 0.5) * (source / target) - 0.5).astype(np.float32)
    whole = np.floor(positions)
    return whole.astype(np.int64), positions - whole


def _neighbours(first: NDArray[np.int64], second: NDArray[np.int64], fraction: NDArray[np.float32]) -> NDArray[Any]:
    neighbours = np.empty(len(first), NEIGHBOURS)
    neighbours["first"], neighbours["second"] = first, second
    neighbours["first_weight"] = np.rint((np.float32(1) - fraction) * np.float32(ONE))
    neighbours["second_weight"] = np.rint(fraction * np.float32(ONE))
    return neighbours
