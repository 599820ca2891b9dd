"""What the export scripts for DeepStream write (DeepStream-Yolo's), for YOLOs and others, without suppression.

Now (batch, n, 6), rows of x1, y1, x2, y2 [model px], score, class; formerly three outputs, `boxes` (batch, n, 4),
`scores` (batch, n, 1) and `classes` (batch, n, 1), with corners in some scripts and with centres and sizes in others.
The preprocessing is that of the model inside, which the layout does not show: YOLO's is assumed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from edge_app.model import InputSpec, ModelSignature
from edge_app.postprocess import official
from edge_app.postprocess.candidates import BatchCandidates, Candidates, cxcywh_to_xyxy, keep_listed, stack
from edge_app.postprocess.decoder import RawOutputs
from edge_app.postprocess.hints import MAX_LISTED, lists_six_columns, metadata_classes
from edge_app.postprocess.judgement import (
    Floats,
    Verdict,
    are_centres,
    are_classes,
    are_corners,
    filled,
    is_sorted_list,
    reach_across,
    verdict,
)


@dataclass(frozen=True, slots=True)
class DeepStreamDecoder:
    """Reads corners, scores and classes as they are.

    Attributes:
        output_indices: Where the three outputs are, or None if there is one of six columns.
    """

    preprocessing: InputSpec
    classes: int | None
    output_indices: tuple[int, ...] | None
    family: ClassVar[str] = "deepstream"
    plausible: ClassVar[bool] = True
    needs_nms: ClassVar[bool] = True
    from_one: ClassVar[bool] = False
    constants: ClassVar[Mapping[str, NDArray[Any]]] = {}

    @classmethod
    def recognise(cls, signature: ModelSignature, wh: tuple[int, int]) -> DeepStreamDecoder | None:
        """The decoder, if there are six columns, or three outputs of these names."""
        indices = _three_outputs(signature)
        if indices is None and not lists_six_columns(signature):
            return None
        return cls(official.yolo(signature, wh), metadata_classes(signature), indices)

    def judge(self, arrays: RawOutputs) -> Verdict:
        """Corners are spread over the input, classes whole; a short sorted list is one that was suppressed."""
        every = self._rows(arrays, 0)
        rows = filled(every)
        wh = self.preprocessing.width, self.preprocessing.height
        corners = are_corners(rows[:, :4]) and reach_across(rows[:, 2:4], wh) and are_classes(rows[:, 5])
        suppressed = self.output_indices is None and len(every) <= MAX_LISTED and is_sorted_list(every)
        return verdict(corners and not suppressed, rows[:, 4])

    def decode(self, arrays: RawOutputs, rows: range, confidence: float) -> BatchCandidates:
        """What reaches the threshold."""
        return stack(self._decode_picture(arrays, row, confidence) for row in rows)

    def _decode_picture(self, arrays: RawOutputs, row: int, confidence: float) -> Candidates:
        rows = self._rows(arrays, row)
        return keep_listed(self._corners(rows[:, :4]), rows[:, 4], rows[:, 5], confidence, self.classes)

    def _corners(self, boxes: NDArray[Any]) -> NDArray[Any]:
        return boxes

    def _rows(self, arrays: RawOutputs, row: int) -> NDArray[Any]:
        """A picture's rows of box, score, class: (n, 6)."""
        if self.output_indices is None:
            rows: NDArray[Any] = arrays[0][row]
            return rows
        boxes, scores, classes = (arrays[index][row] for index in self.output_indices)
        return np.concatenate([boxes.astype(np.float32), scores.reshape(-1, 1), classes.reshape(-1, 1)], axis=1)


class DeepStreamCentresDecoder(DeepStreamDecoder):
    """The three outputs with centres and sizes."""

    __slots__ = ()
    family: ClassVar[str] = "deepstream_centres"

    @classmethod
    def recognise(cls, signature: ModelSignature, wh: tuple[int, int]) -> DeepStreamCentresDecoder | None:
        """The decoder, if there are three outputs of these names."""
        indices = _three_outputs(signature)
        return None if indices is None else cls(official.yolo(signature, wh), metadata_classes(signature), indices)

    def judge(self, arrays: RawOutputs) -> Verdict:
        """Centres are spread over the input; as corners some would be inside out."""
        rows = filled(self._rows(arrays, 0))
        boxes: Floats = rows[:, :4]
        centres = are_centres(boxes, (self.preprocessing.width, self.preprocessing.height)) and not are_corners(boxes)
        return verdict(centres and are_classes(rows[:, 5]), rows[:, 4])

    def _corners(self, boxes: NDArray[Any]) -> NDArray[Any]:
        with np.errstate(over="ignore", invalid="ignore"):
            return cxcywh_to_xyxy(boxes.astype(np.float32))


def _three_outputs(signature: ModelSignature) -> tuple[int, ...] | None:
    """Where boxes, scores and classes are, if these are the outputs."""
    indices = signature.output_indices("boxes", "scores", "classes")
    if indices is None or len(signature.outputs) != 3:
        return None
    boxes, scores, classes = (signature.outputs[index].shape for index in indices)
    columns = [shape[2] for shape in (boxes, scores, classes) if len(shape) == 3]
    return indices if columns in ([4, 1, 1], [None, None, None]) else None
