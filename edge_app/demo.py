"""Compares the demo's detections with the ground truth of the rendered scene."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_app.core.detections import Detections, Result, iou
from edge_app.synthetic import CLASSES, Settings, Street

MIN_SIDE_PX, MIN_VISIBLE = 16, 0.3  # smaller or more hidden objects do not count
FOUND_IOU = 0.5


class Score:
    """Counts how many of the scene's objects were found, by class.

    An object counts if its short side has at least 16 px and 30 % of it is visible. It is found by a box of its
    class with an intersection over union of at least 0.5.

    Attributes:
        present: Objects in the scene, by label.
        found: Those that were found, by label.
    """

    def __init__(self, settings: Settings, labels: Sequence[str]) -> None:
        self._street = Street(settings)
        self._labels = labels
        self.present: Counter[str] = Counter()
        self.found: Counter[str] = Counter()

    def add(self, result: Result) -> None:
        """Renders the frame again for its ground truth, and compares."""
        _, truth = self._street.render(result.meta.index)
        side = (truth.xyxy[:, 2:] - truth.xyxy[:, :2]).min(axis=1, initial=np.inf)
        for row in np.flatnonzero((side >= MIN_SIDE_PX) & (truth.visible >= MIN_VISIBLE)):
            label: str = CLASSES[truth.class_id[row]]
            self.present[label] += 1
            self.found[label] += self._is_found(result.detections, label, truth.xyxy[row])

    def _is_found(self, detections: Detections, label: str, xyxy: NDArray[np.float32]) -> bool:
        same = detections.xyxy[[self._labels[c] == label for c in detections.class_id]]
        return bool((iou(same, xyxy[None]) >= FOUND_IOU).any())
