"""RF-DETR: `dets` (batch, queries, 4), centre boxes [share of the input], and `labels` (batch, queries, slots), logits.

As in the reference, every pair of a query and a class is a detection of its own, and as many of the best pairs count
as there are queries. The last slot is the background's; the COCO weights' 91 slots are COCO's own numbers, without one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from numpy.typing import NDArray

from edge_app.model import InputSpec, ModelSignature
from edge_app.postprocess import official
from edge_app.postprocess.candidates import BatchCandidates, Candidates, stack
from edge_app.postprocess.decoder import RawOutputs
from edge_app.postprocess.queries import top_pairs

COCO_SLOTS = 91


@dataclass(frozen=True, slots=True)
class RfDetrDecoder:
    """Takes the best pairs of a query and a class."""

    preprocessing: InputSpec
    classes: int
    output_indices: tuple[int, ...]
    family: ClassVar[str] = "rfdetr"
    needs_nms: ClassVar[bool] = False
    constants: ClassVar[Mapping[str, NDArray[Any]]] = {}

    @property
    def from_one(self) -> bool:
        """Whether its classes are COCO's, at COCO's own numbers."""
        return self.classes == COCO_SLOTS

    @classmethod
    def recognise(cls, signature: ModelSignature, wh: tuple[int, int]) -> RfDetrDecoder | None:
        """The decoder, if the outputs have these names."""
        indices = signature.output_indices("dets", "labels")
        if indices is None or len(signature.outputs[indices[1]].shape) != 3:
            return None
        slots = signature.outputs[indices[1]].shape[2]
        if slots is None or slots < 2:
            return None
        classes = slots if slots == COCO_SLOTS else slots - 1
        return cls(official.imagenet(signature, wh), classes, indices)

    def decode(self, arrays: RawOutputs, rows: range, confidence: float) -> BatchCandidates:
        """The best pairs of a query and a class, as many as there are queries."""
        return stack(self._decode_picture(arrays, row, confidence) for row in rows)

    def _decode_picture(self, arrays: RawOutputs, row: int, confidence: float) -> Candidates:
        boxes, slots = (arrays[index][row] for index in self.output_indices)
        return top_pairs(slots[:, : self.classes], boxes, self.preprocessing, confidence)
