"""YOLOv5 and YOLOv7 with anchors: (batch, 3 × cells, 5 + classes), centre boxes [model px], all sigmoided.

The layout is that of YOLOv5's `export.py` and of YOLOv7's with `--grid`; further outputs are ignored.
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
    best_class,
    cxcywh_to_xyxy,
    keep_valid,
    select_by_objectness,
    stack,
)
from edge_app.postprocess.decoder import RawOutputs
from edge_app.postprocess.grid import LARGE_STRIDES, cells

ANCHORS = 3  # per cell


@dataclass(frozen=True, slots=True)
class Yolov5Decoder:
    """Reads boxes as they are."""

    preprocessing: InputSpec
    classes: int
    family: ClassVar[str] = "yolov5"
    needs_nms: ClassVar[bool] = True
    from_one: ClassVar[bool] = False
    constants: ClassVar[Mapping[str, NDArray[Any]]] = {}

    @classmethod
    def recognise(cls, signature: ModelSignature, wh: tuple[int, int]) -> Yolov5Decoder | None:
        """The decoder, if the first output has this family's shape and all others are raw maps of rank 5."""
        decoded, *maps = signature.outputs
        if len(decoded.shape) != 3 or any(len(tensor.shape) != 5 for tensor in maps):
            return None
        _, rows, columns = decoded.shape
        if rows not in (None, ANCHORS * cells(wh), ANCHORS * cells(wh, LARGE_STRIDES)):
            return None
        return None if columns is None or columns < 6 else cls(official.yolo(signature, wh), columns - 5)

    def decode(self, arrays: RawOutputs, rows: range, confidence: float) -> BatchCandidates:
        """A box's score is its objectness times its best class's."""
        return stack(self._decode_picture(arrays, row, confidence) for row in rows)

    def _decode_picture(self, arrays: RawOutputs, row: int, confidence: float) -> Candidates:
        selected = select_by_objectness(arrays[0][row], confidence)
        rows = arrays[0][row][selected].astype(np.float32)
        with np.errstate(over="ignore", invalid="ignore"):
            score, class_id = best_class(rows[:, 4:5] * rows[:, 5:])
            xyxy = cxcywh_to_xyxy(rows[:, :4])
        keep = ~(score < confidence)
        return keep_valid(xyxy[keep], score[keep], class_id[keep], self.classes)
