"""DAMO-YOLO as its `tools/converter.py` exports it, suppression outside: scores and boxes, in this order.

(batch, cells, classes), sigmoided, and (batch, cells, 4), corners [model px]; the converter names only the first. Its
authors suppress every pair of a box and a class. With `--end2end` its layout is EfficientNMS's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from numpy.typing import NDArray

from edge_app.model import InputSpec, ModelSignature
from edge_app.postprocess import official
from edge_app.postprocess.candidates import BatchCandidates, keep_pairs, stack
from edge_app.postprocess.decoder import RawOutputs
from edge_app.postprocess.grid import cells


@dataclass(frozen=True, slots=True)
class DamoYoloDecoder:
    """Reads boxes and class scores as they are."""

    preprocessing: InputSpec
    classes: int
    family: ClassVar[str] = "damoyolo"
    needs_nms: ClassVar[bool] = True
    from_one: ClassVar[bool] = False
    constants: ClassVar[Mapping[str, NDArray[Any]]] = {}

    @classmethod
    def recognise(cls, signature: ModelSignature, wh: tuple[int, int]) -> DamoYoloDecoder | None:
        """The decoder, if there are two outputs of these shapes in this order; YOLO-NAS's raw boxes come first."""
        shapes = [tensor.shape for tensor in signature.outputs]
        if [len(shape) for shape in shapes] != [3, 3]:
            return None
        (_, rows, classes), (_, boxes, corners) = shapes
        if rows != boxes or rows not in (None, cells(wh)) or corners != 4 or classes is None:
            return None
        return cls(official.stretched_bytes(wh), classes)

    def decode(self, arrays: RawOutputs, rows: range, confidence: float) -> BatchCandidates:
        """Every pair of a box and a class."""
        return stack(keep_pairs(arrays[1][row], arrays[0][row], confidence) for row in rows)
