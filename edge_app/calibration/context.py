"""Versions of the model that is calibrated, computed on the CPU exactly as they are written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
from numpy.typing import NDArray

from edge_app.calibration.placement import Placement
from edge_app.calibration.qdq import quantized
from edge_app.core.detections import Detections
from edge_app.core.errors import DataError, first_line
from edge_app.core.frames import Letterbox, Picture
from edge_app.detector import Detector
from edge_app.engine.inputs import Inputs
from edge_app.engine.ort.session import open_session
from edge_app.model.agreement import LEAST_SCORE
from edge_app.onnx_graph import OnnxGraph

Arrays = list[NDArray[Any]]
CalibrationProgress = Callable[[str, int, int], None]  # a step's name, how much of it is done, of how much


class ReferenceModel:
    """A version of the detector's model: itself, one with quantizers, one with more outputs."""

    def __init__(self, path: Path, detector: Detector) -> None:
        """Loads it; raises DataError if ONNX Runtime cannot."""
        self._path = path
        self._detector = detector
        self._postprocess = detector.postprocess_from(LEAST_SCORE)
        self._session = open_session(path, threads=0, as_written=True)
        self._inputs = Inputs(
            detector.signature.picture, detector.input, detector.signature.batch or 1, detector.constants
        )

    def run(self, pictures: Iterable[Picture], names: Sequence[str] | None = None) -> Iterator[tuple[int, Arrays]]:
        """The outputs of each batch, and of how many of its rows there is a picture; the rest repeat the last one.

        Args:
            pictures: Of any size.
            names: Which outputs; None for all of them, in the model's order.

        Raises:
            DataError: The model cannot be run.
        """
        batch: list[Picture] = []
        for picture in pictures:
            batch.append(picture)
            if len(batch) == self._inputs.capacity:
                yield len(batch), self._compute(batch, names)
                batch = []
        if batch:
            missing = self._inputs.capacity - len(batch)
            yield len(batch), self._compute(batch + batch[-1:] * missing, names)

    def fed(self, name: str) -> NDArray[Any]:
        """The input of that name as it was fed last."""
        return self._inputs.feed(0, self._inputs.capacity)[name]

    def detect(self, pictures: Iterable[Picture]) -> Iterator[Detections]:
        """What it finds in each letterboxed picture, down to the least score of agreement [model px]."""
        wh = self._detector.input.width, self._detector.input.height
        whole = Letterbox(1.0, 1.0, 0, 0, *wh)
        for count, arrays in self.run(pictures):
            yield from (found.detections for found in self._postprocess(tuple(arrays), [whole] * count, [wh] * count))

    def _compute(self, batch: Sequence[Picture], names: Sequence[str] | None) -> Arrays:
        self._inputs.fill(batch)
        try:
            return self._session.run(names, self._inputs.feed(0, len(batch)))  # type: ignore[no-any-return]
        except Exception as error:  # ONNX Runtime's errors have no base class of their own
            raise DataError(f"{self._path}: ONNX Runtime cannot run it ({first_line(error)})") from error


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationContext:
    """What every quantized version of the model is made from.

    Attributes:
        detector: How the model is fed and read.
        graph: The model, as `prepared` gives it.
        ranges: The greatest magnitude of each tensor that may be quantized.
        work_dir: Where models are written.
        progress: Is told what is being done.
    """

    detector: Detector
    graph: OnnxGraph
    ranges: Mapping[str, float]
    work_dir: Path
    progress: CalibrationProgress

    def quantized(self, placement: Placement) -> ReferenceModel:
        """The model with quantizers at these places, ready to run; its file replaces that of the last call."""
        path = self.work_dir / "quantized.onnx"
        onnx.save(quantized(self.graph, placement, self.ranges, rounded=True), path)
        return ReferenceModel(path, self.detector)
