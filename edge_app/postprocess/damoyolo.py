"""DAMO-YOLO as its `tools/converter.py` exports it, and YOLO-World: scores and boxes, suppression outside.

(batch, cells, classes), sigmoided, and (batch, cells, 4), corners [model px]; the converter names only the first. Its
authors suppress every pair of a box and a class. With `--end2end` its layout is EfficientNMS's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from numpy.typing import NDArray

from edge_app.model import InputSpec, ModelSignature
from edge_app.postprocess import official
from edge_app.postprocess.candidates import BatchCandidates, keep_pairs, stack
from edge_app.postprocess.decoder import RawOutputs
from edge_app.postprocess.judgement import Verdict
from edge_app.postprocess.pairs import box_pairs, judge_pairs


@dataclass(frozen=True, slots=True)
class DamoYoloDecoder:
    """Reads boxes and class scores as they are."""

    preprocessing: InputSpec
    classes: int
    family: ClassVar[str] = "damoyolo"
    plausible: ClassVar[bool] = True
    needs_nms: ClassVar[bool] = True
    from_one: ClassVar[bool] = False
    constants: ClassVar[Mapping[str, NDArray[Any]]] = {}

    @classmethod
    def recognise(cls, signature: ModelSignature, wh: tuple[int, int]) -> DamoYoloDecoder | None:
        """The decoder, if there are two outputs of these shapes in this order; YOLO-NAS's raw boxes come first."""
        classes = box_pairs(signature, wh, boxes_at=1)
        return None if classes is None else cls(official.stretched_bytes(wh), classes)

    def judge(self, arrays: RawOutputs) -> Verdict:
        """Corners are spread over the input."""
        return judge_pairs(arrays[1][0], arrays[0][0], (self.preprocessing.width, self.preprocessing.height))

    def decode(self, arrays: RawOutputs, rows: range, confidence: float) -> BatchCandidates:
        """Every pair of a box and a class."""
        return stack(keep_pairs(arrays[1][row], arrays[0][row], confidence) for row in rows)


class YoloWorldDecoder(DamoYoloDecoder):
    """YOLO-World by its `export_onnx.py --without-nms`, which names its outputs `scores` and `boxes`."""

    __slots__ = ()
    family: ClassVar[str] = "yoloworld"

    @classmethod
    def recognise(cls, signature: ModelSignature, wh: tuple[int, int]) -> YoloWorldDecoder | None:
        """The decoder, if there are two outputs of these shapes in this order."""
        classes = box_pairs(signature, wh, boxes_at=1)
        return None if classes is None else cls(official.yolo(signature, wh), classes)
