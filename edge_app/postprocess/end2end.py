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
from edge_app.postprocess.hints import lists_six_columns, metadata_classes


@dataclass(frozen=True, slots=True)
class EndToEndDecoder:
    """Takes what reaches the threshold."""

    preprocessing: InputSpec
    classes: int | None
    family: ClassVar[str] = "end2end"
    needs_nms: ClassVar[bool] = False
    from_one: ClassVar[bool] = False
    constants: ClassVar[Mapping[str, NDArray[Any]]] = {}

    @classmethod
    def recognise(cls, signature: ModelSignature, wh: tuple[int, int]) -> EndToEndDecoder | None:
        """The decoder, if there are six columns."""
        return cls(official.yolo(signature, wh), metadata_classes(signature)) if lists_six_columns(signature) else None

    def decode(self, arrays: RawOutputs, rows: range, confidence: float) -> BatchCandidates:
        """The rows as they are."""
        return stack(self._decode_picture(arrays, row, confidence) for row in rows)

    def _decode_picture(self, arrays: RawOutputs, row: int, confidence: float) -> Candidates:
        rows = arrays[0][row]
        return keep_listed(rows[:, :4], rows[:, 4], rows[:, 5], confidence, self.classes)
