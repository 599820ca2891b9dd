"""The gate: whether a quantized model may stand for the one that it was made from, and why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edge_app.core.detections import Detections
from edge_app.model.agreement import ENOUGH_BOXES, Agreement, map50
from edge_app.model.report import GroundTruth

ENOUGH_EVIDENCE = 100  # truth boxes in all judged labels together


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the model passed, why in words, and whether that rests on less evidence than the gate asks for."""

    passed: bool
    reason: str
    thin_evidence: bool


def judge(
    measured: Agreement, ground_truth: GroundTruth | None, least: float, *, allow_thin_evidence: bool = False
) -> Verdict:
    """The verdict on the holdout.

    Args:
        measured: INT8 against FP32.
        ground_truth: Both against labels, where there are any: INT8 must keep the share `least` of what FP32 reaches.
        least: What mAP50, recall and precision must each reach, 0 to 1.
        allow_thin_evidence: Whether fewer truth boxes than `ENOUGH_EVIDENCE` will do. One label that can be judged
            is needed even so, and a box above the threshold.
    """
    lacking = lacking_evidence(measured)
    if lacking and not (allow_thin_evidence and measured.judged and measured.sure):
        reason: str | None = lacking
    else:
        reason = measured.shortfall(least) or _lost(ground_truth, least)
    held = f"mAP50, recall and precision are at least {least:g}"
    return Verdict(reason is None, reason or held, lacking is not None)


def lacking_evidence(measured: Agreement) -> str | None:
    """What the holdout lacks to judge a model by, in words; None where it is enough.

    It depends on the reference alone: the reference's agreement with itself answers before anything is quantized.
    """
    if measured.boxes >= ENOUGH_EVIDENCE:
        nothing = "not enough evidence: the model is sure of no box in the holdout, so that recall says nothing"
        return None if measured.sure else nothing
    return (
        f"not enough evidence: the model finds {measured.boxes} boxes in the holdout, of labels with at least "
        f"{ENOUGH_BOXES}; want {ENOUGH_EVIDENCE}"
    )


def against_truth(
    truth: Sequence[Detections | None], fp32: Sequence[Detections], int8: Sequence[Detections]
) -> GroundTruth | None:
    """mAP50 of both models on the pictures that have a truth; None where no picture has a box.

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
