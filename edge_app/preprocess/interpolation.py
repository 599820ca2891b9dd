"""Which source pixels a resized row or column is made of, with which weights: those of cv2.resize, bilinear, on bytes.

The rules were found by comparing with OpenCV 4 and 5 over random sizes: 2048 is one, columns lose their fraction at
the border, rows keep it and repeat the border's pixel.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

ONE = 2048
TAP = np.dtype([("first", "<u2"), ("second", "<u2"), ("first_weight", "<u2"), ("second_weight", "<u2")])


def column_taps(source: int, target: int) -> NDArray[Any]:
    """A `TAP` for each of `target` columns made of `source` columns [px]."""
    first, fraction = _places(source, target)
    fraction[(first < 0) | (first >= source - 1)] = 0
    first = np.clip(first, 0, source - 1)
    return _taps(first, np.minimum(first + 1, source - 1), fraction)


def row_taps(source: int, target: int) -> NDArray[Any]:
    """A `TAP` for each of `target` rows made of `source` rows [px]."""
    first, fraction = _places(source, target)
    return _taps(np.clip(first, 0, source - 1), np.clip(first + 1, 0, source - 1), fraction)


def _places(source: int, target: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    places = ((np.arange(target) + 0.5) * (source / target) - 0.5).astype(np.float32)
    whole = np.floor(places)
    return whole.astype(np.int64), places - whole


def _taps(first: NDArray[np.int64], second: NDArray[np.int64], fraction: NDArray[np.float32]) -> NDArray[Any]:
    taps = np.empty(len(first), TAP)
    taps["first"], taps["second"] = first, second
    taps["first_weight"] = np.rint((np.float32(1) - fraction) * np.float32(ONE))
    taps["second_weight"] = np.rint(fraction * np.float32(ONE))
    return taps
