"""RT-DETR, RT-DETRv2, D-FINE and DEIM as their authors export them, with the postprocessor inside.

Inputs `images` and `orig_target_sizes` (batch, 2), the width and height that boxes are scaled to: fed the model's own
size, it answers in model pixels. Outputs `labels` (batch, n), `boxes` (batch, n, 4), corners, and `scores` (batch,
n).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from edge_app.model import InputSpec, ModelSignature
from edge_app.postprocess import official
from edge_app.postprocess.decoder import Arrays, Candidates, listed
from edge_app.postprocess.hints import named_classes


@dataclass(frozen=True, slots=True, eq=False)
class RtDetrDecoder:
    """Takes what reaches the threshold."""

    preprocessing: InputSpec
    constants: Mapping[str, NDArray[Any]]
    classes: int | None
    places: tuple[int, ...]
    family: ClassVar[str] = "rtdetr"
    suppressed: ClassVar[bool] = True
    from_one: ClassVar[bool] = False

    @classmethod
    def recognise(cls, graph: ModelSignature, wh: tuple[int, int]) -> RtDetrDecoder | None:
        """The decoder, if the outputs have these names and there is an input for the size."""
        places = graph.places("labels", "boxes", "scores")
        sizes = [tensor for tensor in graph.inputs if len(tensor.shape) == 2 and tensor.shape[1] == 2]
        if places is None or len(sizes) != 1:
            return None
        constants = {sizes[0].name: np.array([wh], sizes[0].dtype)}
        return cls(official.detr(graph, wh), constants, named_classes(graph), places)

    def candidates(self, arrays: Arrays, row: int, confidence: float) -> Candidates:
        """The rows as they are."""
        classes, boxes, scores = (arrays[place][row] for place in self.places)
        return listed(boxes, scores, classes, confidence, self.classes)
