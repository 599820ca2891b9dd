"""Detection transformers as Hugging Face's Optimum, or `torch.onnx` from `transformers`, export them.

`logits` (batch, queries, columns) and `pred_boxes` (batch, queries, 4), centre boxes [share of the input]; further
outputs are not looked at. There are two kinds, which the file does not tell apart: `config.json` beside it does. Scores
are as in each model's `post_process_object_detection`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from edge_app.model import InputSpec, ModelSignature
from edge_app.postprocess import official
from edge_app.postprocess.candidates import BatchCandidates, Candidates, keep_valid, stack
from edge_app.postprocess.decoder import RawOutputs
from edge_app.postprocess.hints import is_normalised
from edge_app.postprocess.queries import in_model_pixels, top_pairs
from edge_app.postprocess.rfdetr import COCO_SLOTS

NAMES = ("logits", "pred_boxes")
MASK = "pixel_mask"  # which pixels are the picture's, not padding: here all


@dataclass(frozen=True, slots=True, eq=False)
class SigmoidDetrDecoder:
    """RT-DETR, RT-DETRv2, D-FINE, Deformable and Conditional DETR: takes the best pairs of a query and a class."""

    preprocessing: InputSpec
    constants: Mapping[str, NDArray[Any]]
    classes: int
    output_indices: tuple[int, ...]
    family: ClassVar[str] = "hf_detr_sigmoid"
    needs_nms: ClassVar[bool] = False

    @property
    def from_one(self) -> bool:
        """Whether its classes are COCO's, at COCO's own numbers."""
        return self.classes == COCO_SLOTS

    @classmethod
    def recognise(cls, signature: ModelSignature, wh: tuple[int, int]) -> SigmoidDetrDecoder | None:
        """The decoder, if the outputs have these names; a column is a class."""
        if (columns := _columns(signature)) is None:
            return None
        spec = official.imagenet(signature, wh) if is_normalised(signature) else official.detr(signature, wh)
        indices = signature.output_indices(*NAMES) or ()
        return cls(official.as_said(signature, spec), _mask(signature, wh), columns, indices)

    def decode(self, arrays: RawOutputs, rows: range, confidence: float) -> BatchCandidates:
        """The best pairs of a query and a class, as many as there are queries."""
        return stack(self._decode_picture(arrays, row, confidence) for row in rows)

    def _decode_picture(self, arrays: RawOutputs, row: int, confidence: float) -> Candidates:
        logits, boxes = (arrays[index][row] for index in self.output_indices)
        return top_pairs(logits, boxes, self.preprocessing, confidence)


@dataclass(frozen=True, slots=True, eq=False)
class SoftmaxDetrDecoder:
    """DETR and YOLOS: takes each query's best class; the last column is "no object"."""

    preprocessing: InputSpec
    constants: Mapping[str, NDArray[Any]]
    classes: int
    output_indices: tuple[int, ...]
    family: ClassVar[str] = "hf_detr_softmax"
    needs_nms: ClassVar[bool] = False

    @property
    def from_one(self) -> bool:
        """Whether its classes are COCO's, at COCO's own numbers."""
        return self.classes == COCO_SLOTS

    @classmethod
    def recognise(cls, signature: ModelSignature, wh: tuple[int, int]) -> SoftmaxDetrDecoder | None:
        """The decoder, if the outputs have these names, and there is a class besides "no object"."""
        columns = _columns(signature)
        if columns is None or columns < 2:
            return None
        spec = official.as_said(signature, official.imagenet(signature, wh))
        return cls(spec, _mask(signature, wh), columns - 1, signature.output_indices(*NAMES) or ())

    def decode(self, arrays: RawOutputs, rows: range, confidence: float) -> BatchCandidates:
        """A query's score is its best class's share of the softmax."""
        return stack(self._decode_picture(arrays, row, confidence) for row in rows)

    def _decode_picture(self, arrays: RawOutputs, row: int, confidence: float) -> Candidates:
        logits, boxes = (arrays[index][row] for index in self.output_indices)
        logits = logits.astype(np.float32)
        with np.errstate(invalid="ignore"):
            powers = np.exp(logits - logits.max(axis=1, keepdims=True))
            score = powers[:, :-1].max(axis=1) / powers.sum(axis=1)
        keep = np.flatnonzero(~(score < confidence))  # a NaN comes along to be counted
        class_id = logits[keep, :-1].argmax(axis=1)
        return keep_valid(in_model_pixels(boxes[keep], self.preprocessing), score[keep], class_id, self.classes)


def _columns(signature: ModelSignature) -> int | None:
    """How many logits a query has, or None if the outputs are not these."""
    indices = signature.output_indices(*NAMES)
    if indices is None:
        return None
    logits, boxes = (signature.outputs[index].shape for index in indices)
    return logits[2] if len(logits) == len(boxes) == 3 and boxes[2] in (4, None) else None


def _mask(signature: ModelSignature, wh: tuple[int, int]) -> dict[str, NDArray[Any]]:
    """What DETR's second input is fed; the model fits it to its own grid whatever its size."""
    masks = [tensor for tensor in signature.inputs if tensor.name == MASK and len(tensor.shape) == 3]
    return {mask.name: np.ones((1, mask.shape[1] or wh[1], mask.shape[2] or wh[0]), mask.dtype) for mask in masks}
