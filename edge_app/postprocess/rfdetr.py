"""RF-DETR: `dets` (batch, queries, 4), centre boxes [share of the input], and `labels` (batch, queries, slots), logits.

As the reference does it, every pair of a query and a class is a detection of its own, and as many of the best pairs
count as there are queries. The last slot is the background's; of the COCO weights' 91 slots none is, they are COCO's
own numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from edge_app.model import InputSpec, ModelSignature
from edge_app.postprocess import official
from edge_app.postprocess.decoder import Arrays, Candidates, centre_to_corners, sound

COCO_SLOTS = 91
SATURATED = 15.0  # a logit whose sigmoid is 1 but for 3e-7


@dataclass(frozen=True, slots=True)
class RfDetrDecoder:
    """Ranks the pairs."""

    preprocessing: InputSpec
    classes: int
    places: tuple[int, ...]
    family: ClassVar[str] = "rfdetr"
    suppressed: ClassVar[bool] = True
    constants: ClassVar[Mapping[str, NDArray[Any]]] = {}

    @property
    def from_one(self) -> bool:
        """Whether its classes are COCO's, at COCO's own numbers."""
        return self.classes == COCO_SLOTS

    @classmethod
    def recognise(cls, graph: ModelSignature, wh: tuple[int, int]) -> RfDetrDecoder | None:
        """The decoder, if the outputs have these names."""
        places = graph.places("dets", "labels")
        if places is None or len(graph.outputs[places[1]].shape) != 3:
            return None
        slots = graph.outputs[places[1]].shape[2]
        if slots is None or slots < 2:
            return None
        classes = slots if slots == COCO_SLOTS else slots - 1
        return cls(official.imagenet(graph, wh), classes, places)

    def candidates(self, arrays: Arrays, row: int, confidence: float) -> Candidates:
        """The best pairs of a query and a class."""
        boxes, slots = (arrays[place][row] for place in self.places)
        query, class_id = np.nonzero(~(slots[:, : self.classes] < lowest_logit(confidence)))
        logit = slots[query, class_id].astype(np.float32)
        if len(query) > len(slots):
            best = np.argpartition(-logit, len(slots))[: len(slots)]  # sorts a NaN last
            query, class_id, logit = query[best], class_id[best], logit[best]
        with np.errstate(over="ignore", invalid="ignore"):
            score = 1 / (1 + np.exp(-logit))
            size = np.array([self.preprocessing.width, self.preprocessing.height] * 2, np.float32)
            xyxy = centre_to_corners(boxes[query].astype(np.float32) * size)
        keep = ~(score < confidence)
        return sound(xyxy[keep], score[keep], class_id[keep], self.classes)


def lowest_logit(confidence: float) -> float:
    """A logit a little below that of which `confidence` is the sigmoid."""
    if confidence <= 0:
        return -math.inf
    return min(math.log(confidence / (1 - confidence)) if confidence < 1 else SATURATED, SATURATED) - 1e-3
