"""YOLOv10, YOLO26 and Ultralytics exports with `nms=True`: (batch, n, 6).

Rows of x1, y1, x2, y2 [model px], score, class; rows that are not needed are zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from numpy.typing import NDArray

from edge_app.model import InputSpec, ModelSignature
from edge_app.postprocess import official
from edge_app.postprocess.candidates import BatchCandidates, Candidates, keep_listed, stack
from edge_app.postprocess.decoder import RawOutputs
from edge_app.postprocess.hints import MAX_LISTED, lists_six_columns, metadata_classes
from edge_app.postprocess.judgement import (
    Verdict,
    are_boxes,
    are_classes,
    filled,
    is_sorted_list,
    may_be_either,
    verdict,
)


@dataclass(frozen=True, slots=True)
class EndToEndDecoder:
    """Takes what reaches the threshold.

    Attributes:
        plausible: Whether a model lists so few.
    """

    preprocessing: InputSpec
    classes: int | None
    plausible: bool
    family: ClassVar[str] = "end2end"
    needs_nms: ClassVar[bool] = False
    from_one: ClassVar[bool] = False
    constants: ClassVar[Mapping[str, NDArray[Any]]] = {}

    @classmethod
    def recognise(cls, signature: ModelSignature, wh: tuple[int, int]) -> EndToEndDecoder | None:
        """The decoder, if there are six columns."""
        if not lists_six_columns(signature):
            return None
        rows = signature.outputs[0].shape[1]
        return cls(official.yolo(signature, wh), metadata_classes(signature), rows is None or rows <= MAX_LISTED)

    def judge(self, arrays: RawOutputs) -> Verdict:
        """Corners in pixels, sorted by their scores, with whole classes."""
        every = arrays[0][0]
        rows = filled(every)
        wh = self.preprocessing.width, self.preprocessing.height
        listed = are_boxes(rows[:, :4], wh) and are_classes(rows[:, 5]) and is_sorted_list(every)
        return verdict(listed, rows[:, 4], sure=not may_be_either(rows[:, :4], wh))

    def decode(self, arrays: RawOutputs, rows: range, confidence: float) -> BatchCandidates:
        """The rows as they are."""
        return stack(self._decode_picture(arrays, row, confidence) for row in rows)

    def _decode_picture(self, arrays: RawOutputs, row: int, confidence: float) -> Candidates:
        rows = arrays[0][row]
        return keep_listed(rows[:, :4], rows[:, 4], rows[:, 5], confidence, self.classes)
