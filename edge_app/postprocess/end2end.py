"""YOLOv10, YOLO26 and Ultralytics exports with `nms=True`: (batch, n, 6).

Rows of x1, y1, x2, y2 [model px], score, class; those that are not needed are zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from numpy.typing import NDArray

from edge_app.model import InputSpec, ModelSignature
from edge_app.postprocess import official
from edge_app.postprocess.decoder import Arrays, Candidates, listed
from edge_app.postprocess.hints import lists_six_columns, named_classes


@dataclass(frozen=True, slots=True)
class EndToEndDecoder:
    """Takes what reaches the threshold."""

    preprocessing: InputSpec
    classes: int | None
    family: ClassVar[str] = "end2end"
    suppressed: ClassVar[bool] = True
    from_one: ClassVar[bool] = False
    constants: ClassVar[Mapping[str, NDArray[Any]]] = {}

    @classmethod
    def recognise(cls, graph: ModelSignature, wh: tuple[int, int]) -> EndToEndDecoder | None:
        """The decoder, if there are six columns."""
        return cls(official.yolo(graph, wh), named_classes(graph)) if lists_six_columns(graph) else None

    def candidates(self, arrays: Arrays, row: int, confidence: float) -> Candidates:
        """The rows as they are."""
        rows = arrays[0][row]
        return listed(rows[:, :4], rows[:, 4], rows[:, 5], confidence, self.classes)
