"""RT-DETR, RT-DETRv2, D-FINE and DEIM as their authors export them, with the postprocessor inside.

Inputs `images` and `orig_target_sizes` (batch, 2), the width and height that boxes are scaled to: given the model's
own size, it answers in model pixels. Outputs `labels` (batch, n), `boxes` (batch, n, 4), corners, and `scores`
(batch, n).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from edge_app.model import InputSpec, ModelSignature
from edge_app.postprocess import official
from edge_app.postprocess.candidates import BatchCandidates, Candidates, keep_listed, stack
from edge_app.postprocess.decoder import RawOutputs
from edge_app.postprocess.hints import metadata_classes


@dataclass(frozen=True, slots=True, eq=False)
class RtDetrDecoder:
    """Takes what reaches the threshold."""

    preprocessing: InputSpec
    constants: Mapping[str, NDArray[Any]]
    classes: int | None
    output_indices: tuple[int, ...]
    family: ClassVar[str] = "rtdetr"
    needs_nms: ClassVar[bool] = False
    from_one: ClassVar[bool] = False

    @classmethod
    def recognise(cls, signature: ModelSignature, wh: tuple[int, int]) -> RtDetrDecoder | None:
        """The decoder, if the outputs have these names and there is an input for the size."""
        indices = signature.output_indices("labels", "boxes", "scores")
        sizes = [tensor for tensor in signature.inputs if len(tensor.shape) == 2 and tensor.shape[1] == 2]
        if indices is None or len(sizes) != 1:
            return None
        constants = {sizes[0].name: np.array([wh], sizes[0].dtype)}
        return cls(official.detr(signature, wh), constants, metadata_classes(signature), indices)

    def decode(self, arrays: RawOutputs, rows: range, confidence: float) -> BatchCandidates:
        """The rows as they are."""
        return stack(self._decode_picture(arrays, row, confidence) for row in rows)

    def _decode_picture(self, arrays: RawOutputs, row: int, confidence: float) -> Candidates:
        classes, boxes, scores = (arrays[index][row] for index in self.output_indices)
        return keep_listed(boxes, scores, classes, confidence, self.classes)
