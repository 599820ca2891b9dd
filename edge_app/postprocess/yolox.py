"""YOLOX: one output (batch, cells, 5 + classes), offsets and log sizes in cells, objectness and classes sigmoided.

Ge et al., "YOLOX: Exceeding YOLO Series in 2021", arXiv:2107.08430; the layout is that of its official ONNX export.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_app.model import InputSpec, ModelSignature
from edge_app.postprocess.decoder import Arrays, BatchCandidates, Candidates, best_class, corners, is_sound, likeliest
from edge_app.postprocess.grid import STRIDES, cells


class YoloxDecoder:
    """Adds each cell's place to its offset and multiplies by the stride."""

    family = "yolox"
    suppressed = False
    from_one = False
    constants: Mapping[str, NDArray[Any]] = {}

    def __init__(self, input_wh: tuple[int, int], classes: int) -> None:
        self.classes = classes
        self._wh = input_wh
        grids = [self._cells(stride) for stride in STRIDES]
        self._origin = np.concatenate([origin for origin, _ in grids])
        self._stride = np.concatenate([stride for _, stride in grids])

    @classmethod
    def recognise(cls, graph: ModelSignature, wh: tuple[int, int]) -> YoloxDecoder | None:
        """The decoder, if the outputs have this family's shape."""
        if len(graph.outputs) != 1 or len(graph.outputs[0].shape) != 3:
            return None
        _, rows, columns = graph.outputs[0].shape
        if rows not in (None, cells(wh)) or columns is None or columns < 6:
            return None
        return cls(wh, columns - 5)

    @property
    def preprocessing(self) -> InputSpec:
        """BGR, 0 to 255, in the top left corner."""
        width, height = self._wh
        return InputSpec(width=width, height=height, color="bgr", letterbox="top_left", rounding="floor")

    def candidates(self, arrays: Arrays, row: int, confidence: float) -> Candidates:
        """A box's score is its objectness times its best class."""
        found = self.candidates_of(arrays, range(row, row + 1), confidence)
        return replace(found.candidates, broken=found.broken[0])

    def candidates_of(self, arrays: Arrays, rows: range, confidence: float) -> BatchCandidates:
        """Of so many pictures together: what NumPy takes for a call is most of what one picture costs."""
        every = arrays[0][rows.start : rows.stop].reshape(-1, arrays[0].shape[2])
        near = likeliest(every, confidence)
        picture, cell = np.divmod(near, len(self._stride))
        cells, origin, stride = every.take(near, 0), self._origin.take(cell, 0), self._stride.take(cell, 0)
        cells = cells.astype(np.float32, copy=False)
        with np.errstate(over="ignore", invalid="ignore"):
            score, class_id = best_class(cells[:, 4:5] * cells[:, 5:])
            xyxy = corners((cells[:, :2] + origin) * stride, np.exp(cells[:, 2:4]) * stride)
        reached, whole = ~(score < confidence), is_sound(xyxy, score, class_id, self.classes)
        broken = np.bincount(picture[reached & ~whole], minlength=len(rows)).tolist()
        good = np.flatnonzero(reached & whole)
        found = Candidates(xyxy.take(good, 0), score.take(good), class_id.take(good).astype(np.int32))
        return BatchCandidates(found, picture.take(good), broken)

    def _cells(self, stride: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Each cell's place (cells, 2) and stride (cells, 1) of one grid, row by row."""
        columns, rows = self._wh[0] // stride, self._wh[1] // stride
        y, x = np.mgrid[:rows, :columns].astype(np.float32)
        return np.stack([x, y], axis=-1).reshape(-1, 2), np.full((rows * columns, 1), stride, np.float32)
