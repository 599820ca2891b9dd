"""YOLOv7 exported with `--end2end --max-wh` for ONNX Runtime: (n, 7), the detections of all pictures together.

Rows of picture, x1, y1, x2, y2, class, score; boxes [model px].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from edge_app.model import InputSpec, ModelSignature
from edge_app.postprocess import official
from edge_app.postprocess.candidates import BatchCandidates, Candidates, keep_listed, stack
from edge_app.postprocess.decoder import RawOutputs
from edge_app.postprocess.hints import metadata_classes
from edge_app.postprocess.judgement import Verdict, are_boxes, are_classes, verdict


@dataclass(frozen=True, slots=True)
class Yolov7FlatDecoder:
    """Takes a picture's own rows."""

    preprocessing: InputSpec
    classes: int | None
    family: ClassVar[str] = "yolov7_flat"
    plausible: ClassVar[bool] = True
    needs_nms: ClassVar[bool] = False
    from_one: ClassVar[bool] = False
    constants: ClassVar[Mapping[str, NDArray[Any]]] = {}

    @classmethod
    def recognise(cls, signature: ModelSignature, wh: tuple[int, int]) -> Yolov7FlatDecoder | None:
        """The decoder, if there is one output of rank 2 and seven columns."""
        return cls(official.yolo(signature, wh), metadata_classes(signature)) if is_flat(signature) else None

    def judge(self, arrays: RawOutputs) -> Verdict:
        """Corners are spread over the input; the column before the last numbers classes."""
        wh = self.preprocessing.width, self.preprocessing.height
        return judge_flat(arrays[0], wh, score=6, class_id=5)

    def decode(self, arrays: RawOutputs, rows: range, confidence: float) -> BatchCandidates:
        """The rows that carry the picture's number."""
        return stack(self._decode_picture(arrays, row, confidence) for row in rows)

    def _decode_picture(self, arrays: RawOutputs, row: int, confidence: float) -> Candidates:
        rows = arrays[0][arrays[0][:, 0] == row]
        return keep_listed(rows[:, 1:5], rows[:, 6], rows[:, 5], confidence, self.classes)


def is_flat(signature: ModelSignature) -> bool:
    """Whether there is one output of rank 2 and seven columns."""
    shape = signature.outputs[0].shape
    return len(signature.outputs) == 1 and len(shape) == 2 and shape[1] == 7


def judge_flat(listed: NDArray[Any], wh: tuple[int, int], *, score: int, class_id: int) -> Verdict:
    """Whether rows (n, 7) of picture, corners [px], and in these columns a score and a class, are of such an input.

    Of a blank picture there may be none.
    """
    rows = listed[(listed[:, 1:5] != 0).any(axis=1)].astype(np.float32, copy=False)
    return verdict(are_boxes(rows[:, 1:5], wh) and are_classes(rows[:, class_id]), rows[:, score])
