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
    reaches,
    stack,
)
from edge_app.postprocess.decoder import RawOutputs
from edge_app.postprocess.hints import MAX_LISTED, is_detection, is_rtdetr, lists_six_columns, metadata_classes
from edge_app.postprocess.judgement import Verdict, are_classes, are_shares, filled, verdict

QUERIES = 300


@dataclass(frozen=True, slots=True)
class UltralyticsRtDetrDecoder:
    """Takes what reaches the threshold.

    Attributes:
        plausible: Whether a model lists so few.
    """

    preprocessing: InputSpec
    classes: int | None
    plausible: bool
    family: ClassVar[str] = "rtdetr_ultralytics"
    needs_nms: ClassVar[bool] = False
    from_one: ClassVar[bool] = False
    constants: ClassVar[Mapping[str, NDArray[Any]]] = {}

    @classmethod
    def recognise(cls, signature: ModelSignature, wh: tuple[int, int]) -> UltralyticsRtDetrDecoder | None:
        """The decoder, if there are six columns."""
        if not lists_six_columns(signature):
            return None
        rows = signature.outputs[0].shape[1]
        return cls(official.detr(signature, wh), metadata_classes(signature), rows is None or rows <= MAX_LISTED)

    def judge(self, arrays: RawOutputs) -> Verdict:
        """Sides are shares, classes whole, and there are no less boxes than rows."""
        rows = filled(arrays[0][0])
        if len(rows) < arrays[0].shape[1]:
            return Verdict.ANOTHER
        return verdict(are_shares(rows[:, :4]) and are_classes(rows[:, 5]), rows[:, 4])

    def decode(self, arrays: RawOutputs, rows: range, confidence: float) -> BatchCandidates:
        """The rows, scaled to the input."""
        return stack(self._decode_picture(arrays, row, confidence) for row in rows)

    def _decode_picture(self, arrays: RawOutputs, row: int, confidence: float) -> Candidates:
        rows = arrays[0][row]
        selected = rows[reaches(rows[:, 4], confidence)]
        xyxy = _corners(selected[:, :4], self.preprocessing)
        return keep_listed(xyxy, selected[:, 4], selected[:, 5], confidence, self.classes)


@dataclass(frozen=True, slots=True)
class OldUltralyticsRtDetrDecoder:
    """Takes each query's best class.

    Attributes:
        plausible: Whether there are RT-DETR's 300 queries.
    """

    preprocessing: InputSpec
    classes: int
    plausible: bool
    family: ClassVar[str] = "rtdetr_ultralytics_old"
    needs_nms: ClassVar[bool] = False
    from_one: ClassVar[bool] = False
    constants: ClassVar[Mapping[str, NDArray[Any]]] = {}

    @classmethod
    def recognise(cls, signature: ModelSignature, wh: tuple[int, int]) -> OldUltralyticsRtDetrDecoder | None:
        """The decoder, if there is one output of rows with a column per class."""
        if not is_detection(signature) or len(signature.outputs) != 1 or len(signature.outputs[0].shape) != 3:
            return None
        _, rows, columns = signature.outputs[0].shape
        if columns is None or columns < 5 or metadata_classes(signature) not in (None, columns - 4):
            return None
        return cls(official.detr(signature, wh), columns - 4, rows == QUERIES or is_rtdetr(signature))

    def judge(self, arrays: RawOutputs) -> Verdict:
        """Sides are shares, of as many boxes as rows; scores of two classes are not whole in one of them."""
        rows = filled(arrays[0][0])
        lists = rows.shape[1] == 6 and are_classes(rows[:, 5])
        if not len(rows) == arrays[0].shape[1] <= MAX_LISTED:
            return Verdict.ANOTHER
        return verdict(are_shares(rows[:, :4]) and not lists, rows[:, 4:])

    def decode(self, arrays: RawOutputs, rows: range, confidence: float) -> BatchCandidates:
        """A box's score is its best class's."""
        return stack(self._decode_picture(arrays, row, confidence) for row in rows)

    def _decode_picture(self, arrays: RawOutputs, row: int, confidence: float) -> Candidates:
        rows = arrays[0][row]
        selected = rows[reaches(rows[:, 4:].max(axis=1), confidence)].astype(np.float32)
        score, class_id = best_class(selected[:, 4:])
        return keep_valid(_corners(selected[:, :4], self.preprocessing), score, class_id, self.classes)


def _corners(cxcywh: NDArray[Any], spec: InputSpec) -> NDArray[np.float32]:
    """Corners [model px] of boxes given as shares of the input."""
    size = np.array([spec.width, spec.height] * 2, np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        return cxcywh_to_xyxy(cxcywh.astype(np.float32) * size)
