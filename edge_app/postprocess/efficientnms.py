"""TensorRT's EfficientNMS: a count (batch, 1), an integer, boxes (batch, n, 4), corners, scores and classes (batch, n).

YOLOv7's `--end2end` and MMYOLO's easydeploy give them other names. The plugin suppresses whatever boxes it is given:
they are assumed to be in [model px] and the preprocessing to be YOLO's; a model with other preprocessing needs a card.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from numpy.typing import NDArray

from edge_app.model import InputSpec, ModelSignature
from edge_app.postprocess import official
from edge_app.postprocess.candidates import BatchCandidates, Candidates, detection_count, keep_listed, stack
from edge_app.postprocess.decoder import RawOutputs
from edge_app.postprocess.hints import metadata_classes

NVIDIA = ("num_detections", "detection_boxes", "detection_scores", "detection_classes")
YOLOV7 = ("num_dets", "det_boxes", "det_scores", "det_classes")
MMYOLO = ("num_dets", "boxes", "scores", "labels")


@dataclass(frozen=True, slots=True)
class EfficientNmsDecoder:
    """Takes as many rows as the count says."""

    preprocessing: InputSpec
    classes: int | None
    output_indices: tuple[int, ...]
    family: ClassVar[str] = "efficientnms"
    needs_nms: ClassVar[bool] = False
    from_one: ClassVar[bool] = False
    constants: ClassVar[Mapping[str, NDArray[Any]]] = {}

    @classmethod
    def recognise(cls, signature: ModelSignature, wh: tuple[int, int]) -> EfficientNmsDecoder | None:
        """The decoder, if the outputs have these names; if the count is a float they are TensorFlow's."""
        named = (signature.output_indices(*names) for names in (NVIDIA, YOLOV7, MMYOLO))
        indices = next((each for each in named if each), None)
        if indices is None or signature.outputs[indices[0]].is_float:
            return None
        return cls(official.yolo(signature, wh), metadata_classes(signature), indices)

    def decode(self, arrays: RawOutputs, rows: range, confidence: float) -> BatchCandidates:
        """The first rows, as many as the count says."""
        return stack(self._decode_picture(arrays, row, confidence) for row in rows)

    def _decode_picture(self, arrays: RawOutputs, row: int, confidence: float) -> Candidates:
        count, boxes, scores, classes = (arrays[index][row] for index in self.output_indices)
        n = detection_count(count, len(scores))
        return keep_listed(boxes[:n], scores[:n], classes[:n], confidence, self.classes)
