"""YOLO-NAS as SuperGradients' `model.export` writes it, with suppression inside or without; corners [model px].

Batch format: counts (batch, 1), boxes (batch, n, 4), scores (batch, n), classes (batch, n). Flat format: (n, 7), rows
of picture, x1, y1, x2, y2, score, class, those of all pictures together. Without postprocessing, as `torch.onnx` writes
it too: boxes (batch, cells, 4) and sigmoided scores (batch, cells, classes), whatever their names. The official
preprocessing leaves 4 of 640 pixels free around the picture, ours none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from numpy.typing import NDArray

from edge_app.model import InputSpec, ModelSignature
from edge_app.postprocess import official
from edge_app.postprocess.candidates import (
    BatchCandidates,
    Candidates,
    counted,
    keep_listed,
    keep_pairs,
    stack,
)
from edge_app.postprocess.decoder import RawOutputs
from edge_app.postprocess.hints import metadata_classes
from edge_app.postprocess.judgement import Verdict, judge_listed
from edge_app.postprocess.pairs import box_pairs, judge_pairs
from edge_app.postprocess.yolov7_flat import is_flat, judge_flat

NAMES = ("num_predictions", "pred_boxes", "pred_scores", "pred_classes")


@dataclass(frozen=True, slots=True)
class YoloNasDecoder:
    """Takes as many rows as the count says, or those that carry the picture's number, or every box and class.

    Attributes:
        output_indices: Where the batch format's four outputs are; None for the other formats.
        needs_nms: Whether suppression is not inside.
    """

    preprocessing: InputSpec
    classes: int | None
    output_indices: tuple[int, ...] | None
    needs_nms: bool
    family: ClassVar[str] = "yolonas"
    plausible: ClassVar[bool] = True
    from_one: ClassVar[bool] = False
    constants: ClassVar[Mapping[str, NDArray[Any]]] = {}

    @classmethod
    def recognise(cls, signature: ModelSignature, wh: tuple[int, int]) -> YoloNasDecoder | None:
        """The decoder, if the outputs have the batch format's names or the shapes of another."""
        spec, classes = official.yolo(signature, wh), metadata_classes(signature)
        prefixed = [f"graph2_{name}" for name in NAMES]
        if indices := signature.output_indices(*prefixed) or signature.output_indices(*NAMES):
            return cls(spec, classes, indices, needs_nms=False)
        if is_flat(signature):
            return cls(spec, classes, None, needs_nms=False)
        columns = box_pairs(signature, wh, boxes_at=0)
        return None if columns is None else cls(spec, columns, None, needs_nms=True)

    def judge(self, arrays: RawOutputs) -> Verdict:
        """Corners are in pixels, and spread over the input; of a flat list the last column numbers classes."""
        wh = self.preprocessing.width, self.preprocessing.height
        if self.output_indices is not None:
            return judge_listed(counted([arrays[index] for index in self.output_indices], 0)[0])
        if self.needs_nms:
            return judge_pairs(arrays[0][0], arrays[1][0], wh)
        return judge_flat(arrays[0], wh, score=5, class_id=6)

    def decode(self, arrays: RawOutputs, rows: range, confidence: float) -> BatchCandidates:
        """The first rows, as many as the count says, or those that carry the picture's number, or all pairs."""
        return stack(self._decode_picture(arrays, row, confidence) for row in rows)

    def _decode_picture(self, arrays: RawOutputs, row: int, confidence: float) -> Candidates:
        if self.needs_nms:
            return keep_pairs(arrays[0][row], arrays[1][row], confidence)
        if self.output_indices is None:
            rows = arrays[0][arrays[0][:, 0] == row]
            return keep_listed(rows[:, 1:5], rows[:, 5], rows[:, 6], confidence, self.classes)
        return keep_listed(*counted([arrays[index] for index in self.output_indices], row), confidence, self.classes)
