"""One calibration's model and ranges, and the quantized forms of it that are tried."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import onnx

from edge_app.calibration.placement import Placement
from edge_app.calibration.qdq import quantized
from edge_app.calibration.reference_model import ReferenceModel
from edge_app.calibration.subject import Subject

Progress = Callable[[str, int, int], None]  # a step's name, how much of it is done, of how much


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationContext:
    """What every form is made from.

    Attributes:
        subject: How the model is fed and read.
        model: The model, its nodes named, of an opset that knows quantizers.
        ranges: The greatest magnitude of each tensor that may be quantized.
        folder: Where the forms are written.
        progress: Is told what is being done.
    """

    subject: Subject
    model: onnx.ModelProto
    ranges: Mapping[str, float]
    folder: Path
    progress: Progress

    def form(self, placement: Placement) -> ReferenceModel:
        """The model with quantizers at these places, ready to run; it replaces the form before."""
        path = self.folder / "form.onnx"
        onnx.save(quantized(self.model, placement, self.ranges, rounded=True), path)
        return ReferenceModel(path, self.subject)
