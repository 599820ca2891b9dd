"""From a model and pictures to an INT8 file, its report and the gate's verdict."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import onnx

from edge_app.calibration import sqnr
from edge_app.calibration.cache import CalibrationCache, open_cache
from edge_app.calibration.context import CalibrationContext, Progress
from edge_app.calibration.evaluation import Evaluation
from edge_app.calibration.fallback import FallbackResult, Search
from edge_app.calibration.gate import lacking_evidence
from edge_app.calibration.gathering import gather
from edge_app.calibration.outcome import Outcome
from edge_app.calibration.pictures import Series, names
from edge_app.calibration.placement import place
from edge_app.calibration.qdq import quantized, upgraded
from edge_app.calibration.reference_model import ReferenceModel
from edge_app.calibration.sensitivity import damages
from edge_app.calibration.statistics import Histograms, observe
from edge_app.calibration.subject import Subject
from edge_app.calibration.wiring import Wiring, named
from edge_app.calibration.work_dir import work_dir
from edge_app.core.errors import DataError
from edge_app.model import Report
from edge_app.model.report import Method

LOOKED_AT = 16  # pictures that the layers' noise is measured with


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """What is asked for.

    Attributes:
        subject: The model.
        data: Pictures to calibrate with.
        holdout: Pictures to judge by; where there is none, blocks of time of `data` are held out.
        images: Pictures to calibrate with at most.
        method: How ranges are chosen.
        min_agreement: What mAP50, recall and precision must reach on the holdout.
        allow_thin_evidence: Whether fewer boxes than the gate asks for will do.
        out: The INT8 file; the report, its page and the golden inputs go beside it.
    """

    subject: Subject
    data: Sequence[Series]
    holdout: Sequence[Series]
    images: int
    method: Method
    min_agreement: float
    allow_thin_evidence: bool
    out: Path


def calibrate(job: Job, progress: Progress) -> Report:
    """Writes the INT8 file and what goes with it, and returns the report, which says whether the gate lets it pass.

    What was measured is kept beside the output while it runs: an interrupted calibration, started again, goes on.

    Raises:
        DataError: There are too few pictures, or too few boxes in them; nothing is written.
        InputError, StreamError, TemporaryError: Pictures cannot be read, or somebody else is writing the same file.
        OSError: The operating system refuses to write.
    """
    spec = job.subject.input
    with ExitStack() as stack:
        folder = stack.enter_context(work_dir(job.out))
        albums = [stack.enter_context(open_cache(folder / name, spec)) for name in ("calibration", "holdout")]
        calibrating, judging = albums
        gather(job.data, job.holdout, job.images, (calibrating, judging), progress)
        return _Calibration(job, folder, calibrating, judging, progress).run()


class _Calibration:
    """The steps, once the pictures are there."""

    def __init__(
        self, job: Job, folder: Path, calibrating: CalibrationCache, judging: CalibrationCache, progress: Progress
    ) -> None:
        self._job = job
        self._folder = folder
        self._calibrating = calibrating
        self._progress = progress
        self._fp32 = ReferenceModel(job.subject.path, job.subject)
        self._evaluation = Evaluation(judging, self._fp32, job.subject, progress)

    def run(self) -> Report:
        job, evaluation = self._job, self._evaluation
        lacking = lacking_evidence(evaluation.agreement(evaluation.reference))
        if lacking and not job.allow_thin_evidence:
            raise DataError(f"{names(job.holdout or job.data)}: {lacking}")
        bench, histograms = self._observed()
        found = self._search(bench)
        path = self._folder / "int8.onnx"
        onnx.save(quantized(bench.model, found.placement, bench.ranges), path)
        detections = evaluation.detect(ReferenceModel(path, job.subject), "the INT8 file on the holdout")
        spread = [self._calibrating[index] for index in self._calibrating.spread(LOOKED_AT)]
        outcome = Outcome(
            subject=job.subject,
            method=job.method,
            min_agreement=job.min_agreement,
            allow_thin_evidence=job.allow_thin_evidence,
            calibrating=self._calibrating,
            evaluation=evaluation,
            bench=bench,
            histograms=histograms,
            found=found,
            layers=sqnr.measure(bench, place(Wiring(bench.model)), spread),
            detections=detections,
        )
        return outcome.write(path, job.out)

    def _observed(self) -> tuple[CalibrationContext, Histograms]:
        """The model with the range of everything that may be quantized."""
        job, album = self._job, self._calibrating
        model = named(upgraded(onnx.load(job.subject.path)))
        wiring = Wiring(model)
        tensors = sorted(place(wiring).uses)
        if not tensors:
            why = (
                "is worth it for none of its layers" if wiring.weighted else "wants FP32 weights, and no layer has any"
            )
            raise DataError(f"{job.subject.path}: INT8 {why}")
        histograms = observe(
            model, tensors, job.subject, album, self._folder,
            lambda done: self._progress("measuring ranges", done, len(album)),
        )  # fmt: skip
        ranges = {tensor: histogram.range(job.method) for tensor, histogram in histograms.items()}
        return CalibrationContext(job.subject, model, ranges, self._folder, self._progress), histograms

    def _search(self, bench: CalibrationContext) -> FallbackResult:
        """What is quantized in the end."""
        search = Search(bench, self._evaluation, self._job.min_agreement)
        placement = place(Wiring(bench.model))
        measured = search.measure()
        if not search.falls_short(measured):
            return FallbackResult(placement)
        hurt = damages(bench, placement, self._calibrating, self._fp32)
        return search.run(measured, sorted(hurt, key=lambda layer: -hurt[layer])) if hurt else FallbackResult(placement)
