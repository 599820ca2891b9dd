"""What is found in the held-out pictures, compared with what FP32 found there and with the truth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_app.calibration.cache import CalibrationCache, Item
from edge_app.calibration.context import Progress
from edge_app.calibration.gate import against_truth
from edge_app.calibration.reference_model import ReferenceModel
from edge_app.calibration.subject import Subject
from edge_app.calibration.truth import read_truth, truth_path
from edge_app.core.detections import Detections
from edge_app.model.agreement import Agreement, agreement
from edge_app.model.report import GroundTruth


class Evaluation:
    """The holdout and what the FP32 model finds in it.

    Attributes:
        album: The pictures.
        reference: FP32's detections in each [model px].
    """

    def __init__(
        self, album: CalibrationCache, reference: ReferenceModel, subject: Subject, progress: Progress
    ) -> None:
        """Reads the labels beside the pictures, and runs the reference; raises InputError for a bad label."""
        self.album = album
        self._thresholds = subject.thresholds
        self._truth = [_truth(item, subject.classes) for item in album.items]
        self._progress = progress
        self.reference = self.detect(reference, "FP32 on the holdout")

    def detect(self, network: ReferenceModel, step: str) -> list[Detections]:
        """What the network finds in each picture [model px]."""
        found = []
        for detections in network.detect(self.album):
            found.append(detections)
            self._progress(step, len(found), len(self.album))
        return found

    def agreement(self, found: Sequence[Detections]) -> Agreement:
        """With FP32, at the threshold where the model is operated."""
        return agreement(self.reference, found, self._thresholds.confidence)

    def ground_truth(self, found: Sequence[Detections]) -> GroundTruth | None:
        """Both against the labels; None where there are none."""
        fp32, int8 = (list(map(_clipped, every, self.album.items)) for every in (self.reference, found))
        return against_truth(self._truth, fp32, int8)


def _truth(item: Item, classes: int | None) -> Detections | None:
    """What the label beside the picture says [model px]."""
    path = truth_path(item.file) if item.file else None
    if path is None:
        return None
    truth = read_truth(path, item.source_wh, classes)
    box = item.box
    xyxy = truth.xyxy * _twice(box.scale_x, box.scale_y) + _twice(box.left, box.top)
    return Detections(xyxy, truth.score, truth.class_id)


def _clipped(found: Detections, item: Item) -> Detections:
    """The boxes without what lies beside the picture in the model's input, as a message has them."""
    box = item.box
    low, high = _twice(box.left, box.top), _twice(box.left + box.width, box.top + box.height)
    return Detections(np.clip(found.xyxy, low, high), found.score, found.class_id)


def _twice(x: float, y: float) -> NDArray[np.float32]:
    return np.array((x, y, x, y), np.float32)
