"""Ultralytics v5u, v8, v9, 11, 12: (batch, 4 + classes, cells), centre boxes [model px], sigmoided classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from edge_app.model import InputSpec, ModelSignature
from edge_app.postprocess import official
from edge_app.postprocess.decoder import Arrays, Candidates, best_class, centre_to_corners, sound
from edge_app.postprocess.grid import LARGE_STRIDES, cells
from edge_app.postprocess.hints import detects


@dataclass(frozen=True, slots=True)
class UltralyticsDecoder:
    """Reads boxes and class scores as they are; there is no objectness."""

    preprocessing: InputSpec
    classes: int
    family: ClassVar[str] = "ultralytics"
    suppressed: ClassVar[bool] = False
    from_one: ClassVar[bool] = False
    constants: ClassVar[Mapping[str, NDArray[Any]]] = {}

    @classmethod
    def recognise(cls, graph: ModelSignature, wh: tuple[int, int]) -> UltralyticsDecoder | None:
        """The decoder, if the outputs have this family's shape and the metadata does not name another task."""
        if not detects(graph) or len(graph.outputs) != 1 or len(graph.outputs[0].shape) != 3:
            return None
        _, rows, columns = graph.outputs[0].shape
        if columns not in (None, cells(wh), cells(wh, LARGE_STRIDES)) or rows is None or rows < 5:
            return None
        return cls(official.yolo(graph, wh), rows - 4)

    def candidates(self, arrays: Arrays, row: int, confidence: float) -> Candidates:
        """A box's score is its best class."""
        columns = arrays[0][row]
        best = columns[4:].max(axis=0)  # NaN wins a maximum, so none goes unseen
        near = columns[:, ~(best < confidence)].T.astype(np.float32)
        score, class_id = best_class(near[:, 4:])
        with np.errstate(over="ignore", invalid="ignore"):
            xyxy = centre_to_corners(near[:, :4])
        return sound(xyxy, score, class_id, self.classes)
