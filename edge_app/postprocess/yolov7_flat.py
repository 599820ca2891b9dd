"""YOLOv7 exported with `--end2end --max-wh` for ONNX Runtime: (n, 7), the detections of all pictures together.

Rows of picture, x1, y1, x2, y2, class, score; boxes [model px].
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
from edge_app.postprocess.hints import metadata_classes


@dataclass(frozen=True, slots=True)
class Yolov7FlatDecoder:
    """Takes a picture's own rows."""

    preprocessing: InputSpec
    classes: int | None
    family: ClassVar[str] = "yolov7_flat"
    needs_nms: ClassVar[bool] = False
    from_one: ClassVar[bool] = False
    constants: ClassVar[Mapping[str, NDArray[Any]]] = {}

    @classmethod
    def recognise(cls, signature: ModelSignature, wh: tuple[int, int]) -> Yolov7FlatDecoder | None:
        """The decoder, if there is one output of rank 2 and seven columns."""
        shape = signature.outputs[0].shape
        if len(signature.outputs) != 1 or len(shape) != 2 or shape[1] != 7:
            return None
        return cls(official.yolo(signature, wh), metadata_classes(signature))

    def decode(self, arrays: RawOutputs, rows: range, confidence: float) -> BatchCandidates:
        """The rows that carry the picture's number."""
        return stack(self._decode_picture(arrays, row, confidence) for row in rows)

    def _decode_picture(self, arrays: RawOutputs, row: int, confidence: float) -> Candidates:
        rows = arrays[0][arrays[0][:, 0] == row]
        return keep_listed(rows[:, 1:5], rows[:, 6], rows[:, 5], confidence, self.classes)
