"""What is found in the held-out pictures, compared with FP32 and with ground truth, and the gate that judges it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_app.calibration.cache import CachedPicture, CalibrationCache
from edge_app.calibration.context import CalibrationProgress, ReferenceModel
from edge_app.calibration.dataset import read_truth, truth_path
from edge_app.core.detections import Detections
from edge_app.detector import Detector
from edge_app.model.agreement import ENOUGH_BOXES, MARGIN, TRUTH_SCORE, Agreement, agreement, map50
from edge_app.model.report import GroundTruth

ENOUGH_EVIDENCE = 100  # ground-truth boxes in all judged classes together


class Evaluation:
    """The holdout and what the FP32 model finds in it.

    Attributes:
        cache: The pictures.
        reference: FP32's detections in each [model px].
    """

    def __init__(
        self, cache: CalibrationCache, reference: ReferenceModel, detector: Detector, progress: CalibrationProgress
    ) -> None:
        """Reads the ground truth beside the pictures, and runs the reference; raises InputError for a bad file."""
        self.cache = cache
        self._thresholds = detector.thresholds
        self._truth = [_truth(item, detector.classes) for item in cache.items]
        self._progress = progress
        self.reference = self.detect(reference, "FP32 on the holdout")

    def detect(self, model: ReferenceModel, step: str) -> list[Detections]:
        """What the model finds in each picture [model px]."""
        found = []
        for detections in model.detect(self.cache):
            found.append(detections)
            self._progress(step, len(found), len(self.cache))
        return found

    def agreement(self, found: Sequence[Detections]) -> Agreement:
        """With FP32, at the threshold where the model is operated."""
        return agreement(self.reference, found, self._thresholds.confidence)

    def ground_truth(self, found: Sequence[Detections]) -> GroundTruth | None:
        """Both against the ground truth; None if there is none."""
        fp32, int8 = (list(map(_clipped, every, self.cache.items)) for every in (self.reference, found))
        return against_truth(self._truth, fp32, int8)


def _truth(item: CachedPicture, classes: int | None) -> Detections | None:
    """The ground truth beside the picture [model px]."""
    path = truth_path(item.file) if item.file else None
    if path is None:
        return None
    truth = read_truth(path, item.source_wh, classes)
    letterbox = item.letterbox
    xyxy = truth.xyxy * _twice(letterbox.scale_x, letterbox.scale_y) + _twice(letterbox.left, letterbox.top)
    return Detections(xyxy, truth.score, truth.class_id)


def _clipped(found: Detections, item: CachedPicture) -> Detections:
    """The boxes clipped to the picture, which fills only a part of the model's input, as in a message."""
    letterbox = item.letterbox
    left, top = letterbox.left, letterbox.top
    low, high = _twice(left, top), _twice(left + letterbox.width, top + letterbox.height)
    return Detections(np.clip(found.xyxy, low, high), found.score, found.class_id)


def _twice(x: float, y: float) -> NDArray[np.float32]:
    return np.array((x, y, x, y), np.float32)


@dataclass(frozen=True, slots=True)
class GateVerdict:
    """Whether the model passed, why in words, and whether that rests on less evidence than the gate asks for."""

    passed: bool
    reason: str
    thin_evidence: bool


def judge(
    measured: Agreement, ground_truth: GroundTruth | None, least: float, *, allow_thin_evidence: bool = False
) -> GateVerdict:
    """The verdict on the holdout.

    Args:
        measured: INT8 against FP32.
        ground_truth: Both against ground truth, if there is any: INT8 must keep the share `least` of what FP32 reaches.
        least: What mAP50, recall and precision must each reach, 0 to 1.
        allow_thin_evidence: Whether fewer ground-truth boxes than `ENOUGH_EVIDENCE` will do. One class that can be
            judged is needed even so, and a box above the threshold.
    """
    lacking = lacking_evidence(measured)
    if lacking and not (allow_thin_evidence and measured.judged and measured.sure):
        reason: str | None = lacking
    else:
        reason = measured.shortfall(least) or _lost(ground_truth, least)
    held = f"mAP50, recall and precision are at least {least:g}"
    return GateVerdict(reason is None, reason or held, lacking is not None)


def lacking_evidence(measured: Agreement) -> str | None:
    """Why the holdout is too little to judge a model by, in words; None if it is enough.

    It depends on the reference alone: the reference's agreement with itself answers before anything is quantized.
    """
    more = "; give it more pictures, of scenes with more to see"
    if measured.boxes >= ENOUGH_EVIDENCE:
        unsure = f"the model is sure of no box in the holdout (a score {MARGIN:g} above its threshold)"
        return None if measured.sure else f"not enough evidence: {unsure}{more}"
    thin = ", or --allow-thin-evidence" if measured.judged and measured.sure else ""
    return (
        f"not enough evidence: the model finds {measured.boxes} boxes in the holdout with a score of {TRUTH_SCORE:g} "
        f"or more, of labels with at least {ENOUGH_BOXES}; want {ENOUGH_EVIDENCE}{more}{thin}"
    )


def against_truth(
    truth: Sequence[Detections | None], fp32: Sequence[Detections], int8: Sequence[Detections]
) -> GroundTruth | None:
    """mAP50 of both models on the pictures that have a truth; None if no ground truth contains a box.

    Raises:
        ValueError: The three are not about the same number of pictures.
    """
    rows = [row for row in zip(truth, fp32, int8, strict=True) if row[0] is not None]
    labelled = [known for known, _, _ in rows if known is not None]
    if not any(map(len, labelled)):
        return None
    return GroundTruth(
        fp32_map50=map50(labelled, [found for _, found, _ in rows]),
        int8_map50=map50(labelled, [found for _, _, found in rows]),
    )


def _lost(truth: GroundTruth | None, least: float) -> str | None:
    if truth is None or truth.int8_map50 >= least * truth.fp32_map50:
        return None
    return f"against ground truth INT8's mAP50 is {truth.int8_map50:.4f}, FP32's {truth.fp32_map50:.4f}"
