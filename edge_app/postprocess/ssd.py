"""SSD and whatever else TensorFlow's Object Detection API exports: boxes, scores, classes and a count, all float32.

(batch, n, 4) of ymin, xmin, ymax, xmax [share of the input], (batch, n), (batch, n), (batch,). Classes are numbered
from 1, as in the label map, so the first line of a labels file is the background's. The model takes bytes and contains
the rest of its preprocessing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from edge_app.model import InputSpec, ModelSignature
from edge_app.postprocess import official
from edge_app.postprocess.candidates import BatchCandidates, Candidates, counted, keep_listed, stack
from edge_app.postprocess.decoder import RawOutputs
from edge_app.postprocess.hints import metadata_classes

NAMES = ("num_detections", "detection_boxes", "detection_scores", "detection_classes")
XYXY = [1, 0, 3, 2]


@dataclass(frozen=True, slots=True)
class SsdDecoder:
    """Takes as many rows as the count says, and reorders their corners."""

    preprocessing: InputSpec
    classes: int | None
    output_indices: tuple[int, ...]
    family: ClassVar[str] = "ssd"
    needs_nms: ClassVar[bool] = False
    from_one: ClassVar[bool] = True
    constants: ClassVar[Mapping[str, NDArray[Any]]] = {}

    @classmethod
    def recognise(cls, signature: ModelSignature, wh: tuple[int, int]) -> SsdDecoder | None:
        """The decoder, if the outputs have these names and the count is a float."""
        indices = signature.output_indices(*NAMES)
        if indices is None or not signature.outputs[indices[0]].is_float:
            return None
        return cls(official.stretched_bytes(wh), metadata_classes(signature), indices)

    def decode(self, arrays: RawOutputs, rows: range, confidence: float) -> BatchCandidates:
        """The first rows, as many as the count says."""
        return stack(self._decode_picture(arrays, row, confidence) for row in rows)

    def _decode_picture(self, arrays: RawOutputs, row: int, confidence: float) -> Candidates:
        boxes, scores, classes = counted([arrays[index] for index in self.output_indices], row)
        size = np.array([self.preprocessing.width, self.preprocessing.height] * 2, np.float32)
        return keep_listed(boxes[:, XYXY] * size, scores, classes, confidence, self.classes)
