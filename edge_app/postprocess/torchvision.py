"""torchvision's detectors by `torch.onnx`: SSDLite, SSD, RetinaNet, FCOS, Faster R-CNN, and Mask R-CNN's boxes.

Boxes (n, 4), corners [model px], classes (n,), integers, and scores (n,), in any order and under any names: those of
one picture, already suppressed. The model normalises and resizes inside and rescales the boxes to the picture that it
is fed, 0 to 1, with a batch axis of 1 or without. Classes are numbered from 1, the background being 0.

Detectron2's `export_model.py --export-method tracing` writes the same, and as the last output the picture's height and
width; it takes bytes of BGR and numbers classes from 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from numpy.typing import NDArray

from edge_app.model import InputSpec, ModelSignature, TensorSpec
from edge_app.postprocess import official
from edge_app.postprocess.candidates import BatchCandidates, keep_listed, stack
from edge_app.postprocess.decoder import RawOutputs
from edge_app.postprocess.hints import metadata_classes
from edge_app.postprocess.judgement import Verdict, judge_listed

NAMES = ("boxes", "labels", "scores")
FIELDS = ("pred_boxes", "pred_classes", "scores")  # of Detectron2's `Instances`, whose outputs have no names
SIZE = (2,)  # the shape of a height and width


@dataclass(frozen=True, slots=True)
class TorchvisionDecoder:
    """Takes what reaches the threshold."""

    preprocessing: InputSpec
    classes: int | None
    output_indices: tuple[int, ...]
    family: ClassVar[str] = "torchvision"
    plausible: ClassVar[bool] = True
    needs_nms: ClassVar[bool] = False
    from_one: ClassVar[bool] = True
    constants: ClassVar[Mapping[str, NDArray[Any]]] = {}

    @classmethod
    def recognise(cls, signature: ModelSignature, wh: tuple[int, int]) -> TorchvisionDecoder | None:
        """The decoder, if three outputs are such lists, and one picture is taken at a time."""
        indices = _named(signature, NAMES) or _shaped(signature.outputs)
        if _named(signature, FIELDS) or indices is None or signature.batch not in (None, 1):
            return None
        return cls(official.detr(signature, wh), metadata_classes(signature), indices)

    def judge(self, arrays: RawOutputs) -> Verdict:
        """Boxes are corners in pixels."""
        return judge_listed(arrays[self.output_indices[0]])

    def decode(self, arrays: RawOutputs, rows: range, confidence: float) -> BatchCandidates:
        """The rows as they are; there is one picture."""
        boxes, classes, scores = (arrays[index] for index in self.output_indices)
        return stack(keep_listed(boxes, scores, classes, confidence, self.classes) for _ in rows)


class Detectron2Decoder(TorchvisionDecoder):
    """Takes what reaches the threshold."""

    __slots__ = ()
    family: ClassVar[str] = "detectron2"
    from_one: ClassVar[bool] = False

    @classmethod
    def recognise(cls, signature: ModelSignature, wh: tuple[int, int]) -> Detectron2Decoder | None:
        """The decoder, if there are such lists, not by torchvision's names, and one picture is taken at a time."""
        *fields, last = signature.outputs
        sized = last.shape == SIZE and not last.is_float
        indices = _named(signature, FIELDS) or _shaped(fields if sized else signature.outputs)
        if _named(signature, NAMES) or indices is None or signature.batch not in (None, 1):
            return None
        return cls(official.stretched_bytes(wh, "bgr"), metadata_classes(signature), indices)


def _named(signature: ModelSignature, names: tuple[str, ...]) -> tuple[int, ...] | None:
    """Where boxes, classes and scores are by name; the exporter does not always know their rank, which is then 0."""
    indices = signature.output_indices(*names)
    if indices is None:
        return None
    ranks = tuple(len(signature.outputs[index].shape) for index in indices)
    return indices if all(rank in (0, wanted) for rank, wanted in zip(ranks, (2, 1, 1), strict=True)) else None


def _shaped(outputs: Sequence[TensorSpec]) -> tuple[int, ...] | None:
    """Where they are, if exactly one output can be each of them."""

    def only(wanted: Callable[[TensorSpec], bool]) -> list[int]:
        return [index for index, tensor in enumerate(outputs) if wanted(tensor)]

    boxes = only(lambda tensor: len(tensor.shape) == 2 and tensor.shape[1] == 4 and tensor.is_float)
    classes = only(lambda tensor: len(tensor.shape) == 1 and not tensor.is_float)
    scores = only(lambda tensor: len(tensor.shape) == 1 and tensor.is_float)
    return (boxes[0], classes[0], scores[0]) if len(boxes) == len(classes) == len(scores) == 1 else None
