"""The result of a calibration, and the files that hold it: model, report, its page, golden inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edge_app import model
from edge_app.calibration.cache import CalibrationCache, spaced
from edge_app.calibration.context import CalibrationContext
from edge_app.calibration.evaluation import Evaluation, GateVerdict, judge
from edge_app.calibration.float_layers import FallbackResult
from edge_app.calibration.qdq import spans
from edge_app.calibration.ranges import Histograms
from edge_app.calibration.report_page import HistogramPlot, PicturePair, render_page
from edge_app.calibration.sensitivity import multiplications
from edge_app.core import files
from edge_app.core.detections import Detections
from edge_app.detector import Detector
from edge_app.detector.golden import PICTURES, Golden, golden_path, write_golden
from edge_app.model.agreement import Agreement
from edge_app.model.report import (
    CalibrationReport,
    Fallback,
    Figures,
    GroundTruth,
    JudgedLabel,
    Layer,
    Method,
    NotJudgedLabel,
)

SHOWN = 8  # pictures of the holdout in the page, those in which FP32 finds most


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationResult:
    """Everything that was measured.

    Attributes:
        detector, method, min_agreement, allow_thin_evidence: As in the `CalibrationJob`.
        calibrating: The pictures that gave the ranges.
        evaluation: The holdout.
        context: What the file was made from.
        histograms: Of each tensor that may be quantized.
        fallback: What is quantized, and what went back to float.
        layers: How well each layer survives INT8, those that went back to float too.
        detections: What the INT8 file finds in the holdout [model px].
    """

    detector: Detector
    method: Method
    min_agreement: float
    allow_thin_evidence: bool
    calibrating: CalibrationCache
    evaluation: Evaluation
    context: CalibrationContext
    histograms: Histograms
    fallback: FallbackResult
    layers: tuple[Layer, ...]
    detections: Sequence[Detections]

    def write(self, draft: Path, out: Path) -> CalibrationReport:
        """Gives the INT8 file `draft` its name `out`, and puts its report, page and golden inputs beside it.

        The report comes last: until it is there the engine refuses the file.
        """
        agreement = self.evaluation.agreement(self.detections)
        truth = self.evaluation.ground_truth(self.detections)
        verdict = judge(agreement, truth, self.min_agreement, allow_thin_evidence=self.allow_thin_evidence)
        golden = golden_path(out)
        golden.unlink(missing_ok=True)
        if verdict.passed:
            write_golden(self._golden(), golden)
        digests = model.sha256(draft), model.sha256(golden) if verdict.passed else None
        report = self._report(verdict, agreement, truth, digests)
        files.adopt(draft, out)
        files.write(out.with_suffix(".report.html"), self._page(report))
        model.write_report(report, model.report_path(out))
        return report

    def _report(
        self, verdict: GateVerdict, agreement: Agreement, truth: GroundTruth | None, digests: tuple[str, str | None]
    ) -> CalibrationReport:
        int8, golden = digests
        names, detector = self.detector.labels, self.detector
        return CalibrationReport(
            model_sha256=detector.sha256,
            int8_sha256=int8,
            golden_sha256=golden,
            preprocessing=detector.input,
            decoder=detector.decoder.family,
            thresholds=detector.thresholds,
            images=len(self.calibrating),
            method=self.method,
            min_agreement=self.min_agreement,
            passed=verdict.passed,
            reason=self._reason(verdict),
            agreement=Figures.of(agreement),
            ground_truth=truth,
            judged=tuple(
                JudgedLabel(label=names[kind], boxes=each.boxes, ap50=each.ap50)
                for kind, each in agreement.judged.items()
            ),
            not_judged=tuple(
                NotJudgedLabel(label=names[kind], boxes=boxes) for kind, boxes in agreement.not_judged.items()
            ),
            thin_evidence=verdict.thin_evidence,
            excluded=self.fallback.placement.excluded,
            fallbacks=self._fallbacks(),
            layers=self.layers,
            calibration_pictures=tuple(item.sha256 for item in self.calibrating.items),
            holdout_pictures=tuple(item.sha256 for item in self.evaluation.cache.items),
        )

    def _reason(self, verdict: GateVerdict) -> str:
        best = self.fallback.best_in_float
        if verdict.passed or best is None:
            return verdict.reason
        return f"{verdict.reason}; with the layers that hurt most in float, mAP50 {best.map50:.4f}"

    def _fallbacks(self) -> tuple[Fallback, ...]:
        """With the share of the multiplications that each took from INT8."""
        work = multiplications(self.context.graph.to_model())
        total = sum(work.values())
        shares = {layer: work[layer] / total for layer in work}
        return tuple(each.model_copy(update={"cost": shares.get(each.layer)}) for each in self.fallback.fallbacks)

    def _golden(self) -> Golden:
        cache = self.evaluation.cache
        rows = spaced(len(cache), PICTURES)
        return Golden(np.stack([cache[row].bgr for row in rows]), [self.evaluation.reference[row] for row in rows])

    def _page(self, report: CalibrationReport) -> str:
        ranges = spans(self.fallback.placement, self.context.ranges)
        tensors = [
            HistogramPlot(tensor, self.histograms[tensor].counts, self.histograms[tensor].top, ranges[tensor])
            for tensor in self.fallback.placement.uses
        ]
        return render_page(report, self.detector.name, self.detector.labels, tensors, self._pairs())

    def _pairs(self) -> list[PicturePair]:
        least, evaluation = self.detector.thresholds.confidence, self.evaluation
        found = [
            tuple(_above(each, least) for each in pair)
            for pair in zip(evaluation.reference, self.detections, strict=True)
        ]
        richest = sorted(range(len(found)), key=lambda row: -len(found[row][0]))[:SHOWN]
        cache = evaluation.cache
        return [PicturePair(cache.items[row].name, cache[row].bgr, *found[row]) for row in richest]


def _above(found: Detections, least: float) -> Detections:
    keep = found.score >= least
    return replace(found, xyxy=found.xyxy[keep], score=found.score[keep], class_id=found.class_id[keep])
