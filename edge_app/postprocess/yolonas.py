"""YOLO-NAS as SuperGradients' `model.export` writes it, with suppression inside; corners [model px].

Batch format: counts (batch, 1), boxes (batch, n, 4), scores (batch, n), classes (batch, n). Flat format: (n, 7), rows
of picture, x1, y1, x2, y2, score, class, all pictures' together. The official preprocessing leaves 4 of 640 pixels
free around the picture, ours none.
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

NAMES = ("num_predictions", "pred_boxes", "pred_scores", "pred_classes")


@dataclass(frozen=True, slots=True)
class YoloNasDecoder:
    """Takes as many rows as the count says, or those that carry the picture's number.

    Attributes:
        places: Where the batch format's four outputs are, or None for the flat format.
    """

    preprocessing: InputSpec
    classes: int | None
    places: tuple[int, ...] | None
    family: ClassVar[str] = "yolonas"
    suppressed: ClassVar[bool] = True
    from_one: ClassVar[bool] = False
    constants: ClassVar[Mapping[str, NDArray[Any]]] = {}

    @classmethod
    def recognise(cls, graph: ModelSignature, wh: tuple[int, int]) -> YoloNasDecoder | None:
        """The decoder, if the outputs have the batch format's names or the flat format's shape."""
        places = graph.places(*(f"graph2_{name}" for name in NAMES)) or graph.places(*NAMES)
        shape = graph.outputs[0].shape
        if places is None and (len(graph.outputs) != 1 or len(shape) != 2 or shape[1] != 7):
            return None
        return cls(official.yolo(graph, wh), named_classes(graph), places)

    def candidates(self, arrays: Arrays, row: int, confidence: float) -> Candidates:
        """The picture's rows."""
        if self.places is None:
            rows = arrays[0][arrays[0][:, 0] == row]
            return listed(rows[:, 1:5], rows[:, 5], rows[:, 6], confidence, self.classes)
        count, boxes, scores, classes = (arrays[place][row] for place in self.places)
        n = first(count, len(scores))
        return listed(boxes[:n], scores[:n], classes[:n], confidence, self.classes)
