"""PP-YOLOE as Paddle2ONNX converts it; `scale_factor` is an input besides the picture, sometimes `im_shape` too.

Boxes are divided by the scale factor: given 1, the model answers in model pixels. Suppressed inside: (n, 6), rows of
class, score, x1, y1, x2, y2, and how many there are (batch,), an integer. With `exclude_nms`: boxes (batch, n, 4),
corners, and scores (batch, classes, n). The preprocessing is PP-YOLOE+'s; PP-YOLOE's first version and other detectors
of PaddleDetection's with this layout take ImageNet's mean and standard deviation, as `infer_cfg.yml` beside them says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from edge_app.model import InputSpec, ModelSignature
from edge_app.postprocess import official
from edge_app.postprocess.candidates import (
    BatchCandidates,
    Candidates,
    detection_count,
    keep_listed,
    keep_pairs,
    stack,
)
from edge_app.postprocess.decoder import RawOutputs
from edge_app.postprocess.hints import metadata_classes

SCALE, SHAPE = "scale_factor", "im_shape"


@dataclass(frozen=True, slots=True, eq=False)
class PpYoloeDecoder:
    """Takes as many rows as the count says, or every pair of a box and a class.

    Attributes:
        output_indices: Where rows and count are, or boxes and scores.
        needs_nms: Whether it is the latter.
    """

    preprocessing: InputSpec
    constants: Mapping[str, NDArray[Any]]
    classes: int | None
    output_indices: tuple[int, int]
    needs_nms: bool
    family: ClassVar[str] = "ppyoloe"
    from_one: ClassVar[bool] = False

    @classmethod
    def recognise(cls, signature: ModelSignature, wh: tuple[int, int]) -> PpYoloeDecoder | None:
        """The decoder, if there is an input for the scale, and the outputs have one of these shapes."""
        if not (constants := scale_inputs(signature, wh)):
            return None
        spec = official.as_said(signature, official.detr(signature, wh))
        if listed := _listed(signature):
            return cls(spec, constants, metadata_classes(signature), listed, needs_nms=False)
        if raw := _raw(signature):
            return cls(spec, constants, signature.outputs[raw[1]].shape[1], raw, needs_nms=True)
        return None

    def decode(self, arrays: RawOutputs, rows: range, confidence: float) -> BatchCandidates:
        """The rows of each picture, one picture's after the other's, or the pairs."""
        picture = self._pairs if self.needs_nms else self._listed
        return stack(picture(arrays, row, confidence) for row in rows)

    def _listed(self, arrays: RawOutputs, row: int, confidence: float) -> Candidates:
        listed, counts = (arrays[index] for index in self.output_indices)
        counts = counts.reshape(-1)
        start = detection_count(counts[:row].sum(keepdims=True), len(listed))
        found = listed[start : start + detection_count(counts[row], len(listed))]
        return keep_listed(found[:, 2:], found[:, 1], found[:, 0], confidence, self.classes)

    def _pairs(self, arrays: RawOutputs, row: int, confidence: float) -> Candidates:
        boxes, scores = (arrays[index][row] for index in self.output_indices)
        return keep_pairs(boxes, scores.T, confidence)


def scale_inputs(signature: ModelSignature, wh: tuple[int, int]) -> dict[str, NDArray[Any]]:
    """What PaddleDetection's inputs besides the picture are fed, by name; empty if there is none for the scale."""
    dtypes = {tensor.name: tensor.dtype for tensor in signature.inputs}
    if SCALE not in dtypes:
        return {}
    values = {SCALE: [[1, 1]], SHAPE: [[wh[1], wh[0]]]}
    return {name: np.array(row, dtypes[name]) for name, row in values.items() if name in dtypes}


def _listed(signature: ModelSignature) -> tuple[int, int] | None:
    """Where the rows and their count are."""
    shapes = [tensor.shape for tensor in signature.outputs]
    rows = [index for index, shape in enumerate(shapes) if len(shape) == 2 and shape[1] == 6]
    counts = [index for index, shape in enumerate(shapes) if len(shape) < 2 and not signature.outputs[index].is_float]
    return (rows[0], counts[0]) if len(rows) == 1 and counts else None


def _raw(signature: ModelSignature) -> tuple[int, int] | None:
    """Where boxes and scores are."""
    shapes = [tensor.shape for tensor in signature.outputs]
    if [len(shape) for shape in shapes] != [3, 3]:
        return None
    return next(((i, 1 - i) for i in range(2) if shapes[i][2] == 4 and shapes[i][1] == shapes[1 - i][2]), None)
