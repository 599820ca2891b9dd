"""RT-DETR as Ultralytics exports it: centre boxes [share of the input] in one output, of one of two layouts.

Now (batch, n, 6), rows of cx, cy, w, h, score, class; formerly (batch, 300, 4 + classes), a sigmoided score per class.
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
    keep_listed,
    keep_valid,
    stack,
)
from edge_app.postprocess.decoder import RawOutputs
from edge_app.postprocess.hints import is_detection, is_rtdetr, lists_six_columns, metadata_classes

QUERIES = 300


@dataclass(frozen=True, slots=True)
class UltralyticsRtDetrDecoder:
    """Takes what reaches the threshold."""

    preprocessing: InputSpec
    classes: int | None
    family: ClassVar[str] = "rtdetr_ultralytics"
    needs_nms: ClassVar[bool] = False
    from_one: ClassVar[bool] = False
    constants: ClassVar[Mapping[str, NDArray[Any]]] = {}

    @classmethod
    def recognise(cls, signature: ModelSignature, wh: tuple[int, int]) -> UltralyticsRtDetrDecoder | None:
        """The decoder, if there are six columns."""
        return cls(official.detr(signature, wh), metadata_classes(signature)) if lists_six_columns(signature) else None

    def decode(self, arrays: RawOutputs, rows: range, confidence: float) -> BatchCandidates:
        """The rows, scaled to the input."""
        return stack(self._decode_picture(arrays, row, confidence) for row in rows)

    def _decode_picture(self, arrays: RawOutputs, row: int, confidence: float) -> Candidates:
        rows = arrays[0][row]
        selected = rows[~(rows[:, 4] < confidence)]
        xyxy = _corners(selected[:, :4], self.preprocessing)
        return keep_listed(xyxy, selected[:, 4], selected[:, 5], confidence, self.classes)


@dataclass(frozen=True, slots=True)
class OldUltralyticsRtDetrDecoder:
    """Takes each query's best class."""

    preprocessing: InputSpec
    classes: int
    family: ClassVar[str] = "rtdetr_ultralytics_old"
    needs_nms: ClassVar[bool] = False
    from_one: ClassVar[bool] = False
    constants: ClassVar[Mapping[str, NDArray[Any]]] = {}

    @classmethod
    def recognise(cls, signature: ModelSignature, wh: tuple[int, int]) -> OldUltralyticsRtDetrDecoder | None:
        """The decoder, if there is one output of 300 rows, or the metadata says RT-DETR, with a column per class."""
        if not is_detection(signature) or len(signature.outputs) != 1 or len(signature.outputs[0].shape) != 3:
            return None
        _, rows, columns = signature.outputs[0].shape
        if columns is None or columns < 5 or (rows != QUERIES and not is_rtdetr(signature)):
            return None
        if metadata_classes(signature) not in (None, columns - 4):
            return None
        return cls(official.detr(signature, wh), columns - 4)

    def decode(self, arrays: RawOutputs, rows: range, confidence: float) -> BatchCandidates:
        """A box's score is its best class's."""
        return stack(self._decode_picture(arrays, row, confidence) for row in rows)

    def _decode_picture(self, arrays: RawOutputs, row: int, confidence: float) -> Candidates:
        rows = arrays[0][row]
        selected = rows[~(rows[:, 4:].max(axis=1) < confidence)].astype(np.float32)
        score, class_id = best_class(selected[:, 4:])
        return keep_valid(_corners(selected[:, :4], self.preprocessing), score, class_id, self.classes)


def _corners(cxcywh: NDArray[Any], spec: InputSpec) -> NDArray[np.float32]:
    """Corners [model px] of boxes given as shares of the input."""
    size = np.array([spec.width, spec.height] * 2, np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        return cxcywh_to_xyxy(cxcywh.astype(np.float32) * size)
