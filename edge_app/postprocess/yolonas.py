"""YOLO-NAS as SuperGradients' `model.export` writes it, with suppression inside; corners [model px].

Batch format: counts (batch, 1), boxes (batch, n, 4), scores (batch, n), classes (batch, n). Flat format: (n, 7), rows
of picture, x1, y1, x2, y2, score, class, those of all pictures together. The official preprocessing leaves 4 of 640
pixels free around the picture, ours none.
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

NAMES = ("num_predictions", "pred_boxes", "pred_scores", "pred_classes")


@dataclass(frozen=True, slots=True)
class YoloNasDecoder:
    """Takes as many rows as the count says, or those that carry the picture's number.

    Attributes:
        output_indices: Where the batch format's four outputs are, or None for the flat format.
    """

    preprocessing: InputSpec
    classes: int | None
    output_indices: tuple[int, ...] | None
    family: ClassVar[str] = "yolonas"
    needs_nms: ClassVar[bool] = False
    from_one: ClassVar[bool] = False
    constants: ClassVar[Mapping[str, NDArray[Any]]] = {}

    @classmethod
    def recognise(cls, signature: ModelSignature, wh: tuple[int, int]) -> YoloNasDecoder | None:
        """The decoder, if the outputs have the batch format's names or the flat format's shape."""
        prefixed = [f"graph2_{name}" for name in NAMES]
        indices = signature.output_indices(*prefixed) or signature.output_indices(*NAMES)
        shape = signature.outputs[0].shape
        if indices is None and (len(signature.outputs) != 1 or len(shape) != 2 or shape[1] != 7):
            return None
        return cls(official.yolo(signature, wh), metadata_classes(signature), indices)

    def decode(self, arrays: RawOutputs, rows: range, confidence: float) -> BatchCandidates:
        """The first rows, as many as the count says, or those that carry the picture's number."""
        return stack(self._decode_picture(arrays, row, confidence) for row in rows)

    def _decode_picture(self, arrays: RawOutputs, row: int, confidence: float) -> Candidates:
        if self.output_indices is None:
            rows = arrays[0][arrays[0][:, 0] == row]
            return keep_listed(rows[:, 1:5], rows[:, 5], rows[:, 6], confidence, self.classes)
        count, boxes, scores, classes = (arrays[index][row] for index in self.output_indices)
        n = detection_count(count, len(scores))
        return keep_listed(boxes[:n], scores[:n], classes[:n], confidence, self.classes)
