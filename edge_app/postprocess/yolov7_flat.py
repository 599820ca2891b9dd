"""YOLOv7 exported with `--end2end --max-wh` for ONNX Runtime: (n, 7), all pictures' detections together.

Rows of picture, x1, y1, x2, y2, class, score; boxes [model px].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from numpy.typing import NDArray

from edge_app.model import InputSpec, ModelSignature
from edge_app.postprocess import official
from edge_app.postprocess.decoder import Arrays, Candidates, listed
from edge_app.postprocess.hints import named_classes


@dataclass(frozen=True, slots=True)
class Yolov7FlatDecoder:
    """Takes a picture's own rows."""

    preprocessing: InputSpec
    classes: int | None
    family: ClassVar[str] = "yolov7_flat"
    suppressed: ClassVar[bool] = True
    from_one: ClassVar[bool] = False
    constants: ClassVar[Mapping[str, NDArray[Any]]] = {}

    @classmethod
    def recognise(cls, graph: ModelSignature, wh: tuple[int, int]) -> Yolov7FlatDecoder | None:
        """The decoder, if there is one output of rank 2 and seven columns."""
        shape = graph.outputs[0].shape
        if len(graph.outputs) != 1 or len(shape) != 2 or shape[1] != 7:
            return None
        return cls(official.yolo(graph, wh), named_classes(graph))

    def candidates(self, arrays: Arrays, row: int, confidence: float) -> Candidates:
        """The rows that carry the picture's number."""
        rows = arrays[0][arrays[0][:, 0] == row]
        return listed(rows[:, 1:5], rows[:, 6], rows[:, 5], confidence, self.classes)
