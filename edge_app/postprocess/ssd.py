"""SSD and all else that TensorFlow's Object Detection API exports: boxes, scores, classes and a count, all float32.

(batch, n, 4) of ymin, xmin, ymax, xmax [share of the input], (batch, n), (batch, n), (batch,). Classes are numbered
as in the label map, from 1, so the first line of a labels file is the background's. The model takes bytes and has the
rest inside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from edge_app.model import InputSpec, ModelSignature
from edge_app.postprocess import official
from edge_app.postprocess.decoder import Arrays, Candidates, first, listed
from edge_app.postprocess.hints import named_classes

NAMES = ("num_detections", "detection_boxes", "detection_scores", "detection_classes")
XYXY = [1, 0, 3, 2]


@dataclass(frozen=True, slots=True)
class SsdDecoder:
    """Takes as many rows as the count says, and turns their boxes."""

    preprocessing: InputSpec
    classes: int | None
    places: tuple[int, ...]
    family: ClassVar[str] = "ssd"
    suppressed: ClassVar[bool] = True
    from_one: ClassVar[bool] = True
    constants: ClassVar[Mapping[str, NDArray[Any]]] = {}

    @classmethod
    def recognise(cls, graph: ModelSignature, wh: tuple[int, int]) -> SsdDecoder | None:
        """The decoder, if the outputs have these names and the count is a float."""
        places = graph.places(*NAMES)
        if places is None or not graph.outputs[places[0]].is_float:
            return None
        return cls(official.stretched_bytes(wh), named_classes(graph), places)

    def candidates(self, arrays: Arrays, row: int, confidence: float) -> Candidates:
        """The first rows."""
        count, boxes, scores, classes = (arrays[place][row] for place in self.places)
        n = first(count, len(scores))
        size = np.array([self.preprocessing.width, self.preprocessing.height] * 2, np.float32)
        return listed(boxes[:n, XYXY] * size, scores[:n], classes[:n], confidence, self.classes)
