"""From a model and pictures to an INT8 file, its report and the gate's verdict."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import onnx

from edge_app.calibration.cache import CalibrationCache, open_cache
from edge_app.calibration.context import CalibrationContext, CalibrationProgress, ReferenceModel
from edge_app.calibration.dataset import gather
from edge_app.calibration.evaluation import Evaluation, lacking_evidence
from edge_app.calibration.float_layers import FallbackResult, FallbackSearch
from edge_app.calibration.placement import place, weighted_layers
from edge_app.calibration.qdq import prepared, quantized
from edge_app.calibration.ranges import Histograms, observe
from edge_app.calibration.result import CalibrationResult
from edge_app.calibration.sensitivity import damages, measure_sqnr
from edge_app.calibration.series import Series, names
from edge_app.calibration.work_dir import work_dir
from edge_app.core.errors import DataError
from edge_app.detector import Detector
from edge_app.model import CalibrationReport, load_onnx
from edge_app.model.report import Method

LOOKED_AT = 16  # pictures that the layers' noise is measured with


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationJob:
    """What is asked for.

    Attributes:
        detector: The model.
        data: Pictures to calibrate with.
        holdout: Pictures to judge by; if empty, blocks of time of `data` are held out.
        images: Pictures to calibrate with at most.
        method: How ranges are chosen.
        min_agreement: What mAP50, recall and precision must reach on the holdout.
        allow_thin_evidence: Whether fewer boxes than the gate asks for will do.
        out: The INT8 file; the report, its page and the golden inputs go beside it.
    """

    detector: Detector
    data: Sequence[Series]
    holdout: Sequence[Series]
    images: int
    method: Method
    min_agreement: float
    allow_thin_evidence: bool
    out: Path


def calibrate(job: CalibrationJob, progress: CalibrationProgress) -> CalibrationReport:
    """Writes the INT8 file and what goes with it, and returns the report, which says whether the gate lets it pass.

    While it runs, measurements are saved beside the output: an interrupted calibration, started again, goes on.

    Raises:
        DataError: There are too few pictures, or too few boxes in them; nothing is written.
        InputError, StreamError, TemporaryError: Pictures cannot be read, or somebody else is writing the same file.
        OSError: The operating system refuses to write.
    """
    spec = job.detector.input
    with ExitStack() as stack:
        folder = stack.enter_context(work_dir(job.out))
        caches = [stack.enter_context(open_cache(folder / name, spec)) for name in ("calibration", "holdout")]
        calibrating, judging = caches
        gather(job.data, job.holdout, job.images, (calibrating, judging), progress)
        return _Calibration(job, folder, calibrating, judging, progress).run()


class _Calibration:
    """The steps, once the pictures have been read."""

    def __init__(
        self,
        job: CalibrationJob,
        work_dir: Path,
        calibrating: CalibrationCache,
        judging: CalibrationCache,
        progress: CalibrationProgress,
    ) -> None:
        self._job = job
        self._work_dir = work_dir
        self._calibrating = calibrating
        self._progress = progress
        self._fp32 = ReferenceModel(job.detector.signature.path, job.detector)
        self._evaluation = Evaluation(judging, self._fp32, job.detector, progress)

    def run(self) -> CalibrationReport:
        job, evaluation = self._job, self._evaluation
        lacking = lacking_evidence(evaluation.agreement(evaluation.reference))
        if lacking and not job.allow_thin_evidence:
            raise DataError(f"{names(job.holdout or job.data)}: {lacking}")
        context, histograms = self._observed()
        fallback = self._search(context)
        path = self._work_dir / "int8.onnx"
        onnx.save(quantized(context.graph, fallback.placement, context.ranges), path)
        detections = evaluation.detect(ReferenceModel(path, job.detector), "the INT8 file on the holdout")
        spread = [self._calibrating[index] for index in self._calibrating.spread(LOOKED_AT)]
        result = CalibrationResult(
            detector=job.detector,
            method=job.method,
            min_agreement=job.min_agreement,
            allow_thin_evidence=job.allow_thin_evidence,
            calibrating=self._calibrating,
            evaluation=evaluation,
            context=context,
            histograms=histograms,
            fallback=fallback,
            layers=measure_sqnr(context, place(context.graph), spread),
            detections=detections,
        )
        return result.write(path, job.out)

    def _observed(self) -> tuple[CalibrationContext, Histograms]:
        """The model with the range of everything that may be quantized."""
        job, cache = self._job, self._calibrating
        graph = prepared(load_onnx(job.detector.signature.path))
        tensors = sorted(place(graph).uses)
        if not tensors:
            why = (
                "would not speed up any of its layers"
                if weighted_layers(graph)
                else "wants FP32 weights, and no layer has any"
            )
            raise DataError(f"{job.detector.signature.path}: INT8 {why}")
        histograms = observe(
            graph, tensors, job.detector, cache, self._work_dir,
            lambda done: self._progress("measuring ranges", done, len(cache)),
        )  # fmt: skip
        ranges = {tensor: histogram.range(job.method) for tensor, histogram in histograms.items()}
        return CalibrationContext(job.detector, graph, ranges, self._work_dir, self._progress), histograms

    def _search(self, context: CalibrationContext) -> FallbackResult:
        """The final placement of quantizers."""
        search = FallbackSearch(context, self._evaluation, self._job.min_agreement)
        placement = place(context.graph)
        measured = search.measure()
        if not search.falls_short(measured):
            return FallbackResult(placement)
        hurt = damages(context, placement, self._calibrating, self._fp32)
        return search.run(measured, sorted(hurt, key=lambda layer: -hurt[layer])) if hurt else FallbackResult(placement)
