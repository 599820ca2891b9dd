"""Ultralytics v5u, v8, v9, 11, 12: (batch, 4 + classes, cells), centre boxes [model px], sigmoided classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from edge_app.model import InputSpec, ModelSignature
from edge_app.postprocess import official
from edge_app.postprocess.candidates import BatchCandidates, Candidates, best_class, cxcywh_to_xyxy, keep_valid, stack
from edge_app.postprocess.decoder import RawOutputs
from edge_app.postprocess.grid import LARGE_STRIDES, cells
from edge_app.postprocess.hints import is_detection


@dataclass(frozen=True, slots=True)
class UltralyticsDecoder:
    """Reads boxes and class scores as they are; there is no objectness."""

    preprocessing: InputSpec
    classes: int
    family: ClassVar[str] = "ultralytics"
    needs_nms: ClassVar[bool] = True
    from_one: ClassVar[bool] = False
    constants: ClassVar[Mapping[str, NDArray[Any]]] = {}

    @classmethod
    def recognise(cls, signature: ModelSignature, wh: tuple[int, int]) -> UltralyticsDecoder | None:
        """The decoder, if the outputs have this family's shape and the metadata does not name another task."""
        if not is_detection(signature) or len(signature.outputs) != 1 or len(signature.outputs[0].shape) != 3:
            return None
        _, rows, columns = signature.outputs[0].shape
        if columns not in (None, cells(wh), cells(wh, LARGE_STRIDES)) or rows is None or rows < 5:
            return None
        return cls(official.yolo(signature, wh), rows - 4)

    def decode(self, arrays: RawOutputs, rows: range, confidence: float) -> BatchCandidates:
        """A box's score is its best class's."""
        return stack(self._decode_picture(arrays, row, confidence) for row in rows)

    def _decode_picture(self, arrays: RawOutputs, row: int, confidence: float) -> Candidates:
        columns = arrays[0][row]
        best = columns[4:].max(axis=0)  # NaN wins a maximum, so it is never missed
        selected = columns[:, ~(best < confidence)].T.astype(np.float32)
        score, class_id = best_class(selected[:, 4:])
        with np.errstate(over="ignore", invalid="ignore"):
            xyxy = cxcywh_to_xyxy(selected[:, :4])
        return keep_valid(xyxy, score, class_id, self.classes)
