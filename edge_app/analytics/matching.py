"""Which detection is of which track: what the trackers have in common."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from edge_app.analytics.kalman import Reals, Rows
from edge_app.analytics.tracker import NOBODY

Mask = NDArray[np.bool_]


class Matching:
    """Tracks and detections that find each other in several rounds, each of what those before it left.

    Attributes:
        row_of: The row of the track that each detection is of, or `NOBODY`.
    """

    def __init__(self, tracks: int, found: int) -> None:
        self.row_of = np.full(found, NOBODY, np.intp)
        self._free = np.ones(tracks, bool)

    @property
    def is_over(self) -> bool:
        """Whether there are no more tracks, or no more detections."""
        return not self._free.any() or bool((self.row_of != NOBODY).all())

    def round(self, value: Reals, least: float, *, tracks: Mask | None = None, found: Mask | None = None) -> None:
        """Pairs what is left, with the largest sum of values (tracks, found), each above `least`; masks may exclude."""
        rows = np.flatnonzero(self._free if tracks is None else self._free & tracks)
        alone = self.row_of == NOBODY
        columns = np.flatnonzero(alone if found is None else alone & found)
        if len(rows) and len(columns):
            paired_rows, paired_columns = best_pairs(value[rows[:, None], columns], least)
            self.row_of[columns[paired_columns]] = rows[paired_rows]
            self._free[rows[paired_rows]] = False


def best_pairs(value: Reals, least: float) -> tuple[Rows, Rows]:
    """Rows and columns of the one-to-one pairs with the largest sum of values, each above `least`.

    >>> [pair.tolist() for pair in best_pairs(np.array([[0.9, 0.8], [0.7, 0.1]]), least=0.3)]
    [[0, 1], [1, 0]]
    """
    possible = value > least
    rows, columns = np.nonzero(possible)
    if len(rows) == np.count_nonzero(possible.any(axis=0)) == np.count_nonzero(possible.any(axis=1)):
        return rows, columns  # nobody competes, as in most frames
    rows, columns = linear_sum_assignment(np.where(possible, value - least, 0.0), maximize=True)
    paired = possible[rows, columns]
    return rows[paired], columns[paired]
