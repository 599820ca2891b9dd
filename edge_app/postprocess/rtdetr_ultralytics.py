"""RT-DETR as Ultralytics exports it: centre boxes [share of the input] in one output, of one of two layouts.

Now (batch, n, 6), rows of cx, cy, w, h, score, class; before (batch, 300, 4 + classes), with a sigmoided score a class.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from edge_app.model import InputSpec, ModelSignature
from edge_app.postprocess import official
from edge_app.postprocess.decoder import Arrays, Candidates, best_class, centre_to_corners, listed, sound
from edge_app.postprocess.hints import detects, lists_six_columns, named_classes, of_rtdetr

QUERIES = 300


@dataclass(frozen=True, slots=True)
class UltralyticsRtDetrDecoder:
    """Takes what reaches the threshold."""

    preprocessing: InputSpec
    classes: int | None
    family: ClassVar[str] = "rtdetr_ultralytics"
    suppressed: ClassVar[bool] = True
    from_one: ClassVar[bool] = False
    constants: ClassVar[Mapping[str, NDArray[Any]]] = {}

    @classmethod
    def recognise(cls, graph: ModelSignature, wh: tuple[int, int]) -> UltralyticsRtDetrDecoder | None:
        """The decoder, if there are six columns."""
        return cls(official.detr(graph, wh), named_classes(graph)) if lists_six_columns(graph) else None

    def candidates(self, arrays: Arrays, row: int, confidence: float) -> Candidates:
        """The rows, scaled to the input."""
        rows = arrays[0][row]
        near = rows[~(rows[:, 4] < confidence)]
        return listed(_corners(near[:, :4], self.preprocessing), near[:, 4], near[:, 5], confidence, self.classes)


@dataclass(frozen=True, slots=True)
class OldUltralyticsRtDetrDecoder:
    """Takes each query's best class."""

    preprocessing: InputSpec
    classes: int
    family: ClassVar[str] = "rtdetr_ultralytics_old"
    suppressed: ClassVar[bool] = True
    from_one: ClassVar[bool] = False
    constants: ClassVar[Mapping[str, NDArray[Any]]] = {}

    @classmethod
    def recognise(cls, graph: ModelSignature, wh: tuple[int, int]) -> OldUltralyticsRtDetrDecoder | None:
        """The decoder, if there is one output of 300 rows, or the metadata says RT-DETR, with a column a class."""
        if not detects(graph) or len(graph.outputs) != 1 or len(graph.outputs[0].shape) != 3:
            return None
        _, rows, columns = graph.outputs[0].shape
        if columns is None or columns < 5 or (rows != QUERIES and not of_rtdetr(graph)):
            return None
        if named_classes(graph) not in (None, columns - 4):
            return None
        return cls(official.detr(graph, wh), columns - 4)

    def candidates(self, arrays: Arrays, row: int, confidence: float) -> Candidates:
        """A box's score is its best class."""
        rows = arrays[0][row]
        near = rows[~(rows[:, 4:].max(axis=1) < confidence)].astype(np.float32)
        score, class_id = best_class(near[:, 4:])
        return sound(_corners(near[:, :4], self.preprocessing), score, class_id, self.classes)


def _corners(cxcywh: NDArray[Any], spec: InputSpec) -> NDArray[np.float32]:
    """From shares of the input to corners [model px]."""
    size = np.array([spec.width, spec.height] * 2, np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        return centre_to_corners(cxcywh.astype(np.float32) * size)
