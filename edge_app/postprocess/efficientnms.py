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
from edge_app.postprocess.candidates import BatchCandidates, counted, keep_listed, stack
from edge_app.postprocess.decoder import RawOutputs
from edge_app.postprocess.hints import metadata_classes
from edge_app.postprocess.judgement import Verdict, judge_listed

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
    plausible: ClassVar[bool] = True
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

    def judge(self, arrays: RawOutputs) -> Verdict:
        """Boxes are corners in pixels."""
        return judge_listed(self._listed(arrays, 0)[0])

    def decode(self, arrays: RawOutputs, rows: range, confidence: float) -> BatchCandidates:
        """The first rows, as many as the count says."""
        return stack(keep_listed(*self._listed(arrays, row), confidence, self.classes) for row in rows)

    def _listed(self, arrays: RawOutputs, row: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        return counted([arrays[index] for index in self.output_indices], row)
