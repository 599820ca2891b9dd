"""TensorRT's EfficientNMS, also as YOLOv7's `--end2end` names it: a count, boxes, scores and classes.

(batch, 1) integer, (batch, n, 4) corners, (batch, n), (batch, n). The plugin suppresses whatever boxes it is given:
they are taken as [model px] and the preprocessing as YOLO's; a model with another preprocessing needs a card.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from numpy.typing import NDArray

from edge_app.model import InputSpec, ModelSignature
from edge_app.postprocess import official
from edge_app.postprocess.decoder import Arrays, Candidates, first, listed
from edge_app.postprocess.hints import named_classes

NVIDIA = ("num_detections", "detection_boxes", "detection_scores", "detection_classes")
YOLOV7 = ("num_dets", "det_boxes", "det_scores", "det_classes")


@dataclass(frozen=True, slots=True)
class EfficientNmsDecoder:
    """Takes as many rows as the count says."""

    preprocessing: InputSpec
    classes: int | None
    places: tuple[int, ...]
    family: ClassVar[str] = "efficientnms"
    suppressed: ClassVar[bool] = True
    from_one: ClassVar[bool] = False
    constants: ClassVar[Mapping[str, NDArray[Any]]] = {}

    @classmethod
    def recognise(cls, graph: ModelSignature, wh: tuple[int, int]) -> EfficientNmsDecoder | None:
        """The decoder, if the outputs have these names; where the count is a float they are TensorFlow's."""
        places = graph.places(*NVIDIA) or graph.places(*YOLOV7)
        if places is None or graph.outputs[places[0]].is_float:
            return None
        return cls(official.yolo(graph, wh), named_classes(graph), places)

    def candidates(self, arrays: Arrays, row: int, confidence: float) -> Candidates:
        """The first rows."""
        count, boxes, scores, classes = (arrays[place][row] for place in self.places)
        n = first(count, len(scores))
        return listed(boxes[:n], scores[:n], classes[:n], confidence, self.classes)
