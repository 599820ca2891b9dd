"""The demo's picture and its count of what was found, held against the rendered scene's own truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_app.core.detections import Detections, Result
from edge_app.synthetic import CLASSES, Settings, Street

LEAST_SIDE_PX, LEAST_VISIBLE = 16, 0.3  # what a person would still call an object, in the source's pixels


class Score:
    """How many of the scene's objects were found, class by class.

    An object counts if its short side has at least 16 px and 30 % of it is visible; it is found by a box of its
    class that overlaps it by half (intersection over union).
    """

    def __init__(self, settings: Settings, labels: Sequence[str]) -> None:
        self._street = Street(settings)
        self._labels = labels
        self.there: Counter[str] = Counter()
        self.found: Counter[str] = Counter()

    def add(self, result: Result) -> None:
        """Renders the frame again for its truth and compares."""
        _, truth = self._street.render(result.meta.index)
        side = (truth.xyxy[:, 2:] - truth.xyxy[:, :2]).min(axis=1, initial=np.inf)
        for row in np.flatnonzero((side >= LEAST_SIDE_PX) & (truth.visible >= LEAST_VISIBLE)):
            label: str = CLASSES[truth.class_id[row]]
            self.there[label] += 1
            self.found[label] += self._has(result.detections, label, truth.xyxy[row])

    def _has(self, found: Detections, label: str, xyxy: NDArray[np.float32]) -> bool:
        same = found.xyxy[[self._labels[c] == label for c in found.class_id]]
        corner, end = np.maximum(same[:, :2], xyxy[:2]), np.minimum(same[:, 2:], xyxy[2:])
        inner = (end - corner).clip(min=0).prod(axis=1)
        outer = (same[:, 2:] - same[:, :2]).prod(axis=1) + (xyxy[2:] - xyxy[:2]).prod() - inner
        return bool((inner >= 0.5 * outer).any())
