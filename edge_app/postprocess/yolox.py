"""YOLOX: one output (batch, cells, 5 + classes), offsets and log sizes in cells, objectness and classes sigmoided.

Ge et al., "YOLOX: Exceeding YOLO Series in 2021", arXiv:2107.08430; the layout is that of its official ONNX export.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_app.model import InputSpec, ModelSignature
from edge_app.postprocess import official
from edge_app.postprocess.candidates import BatchCandidates, box_corners
from edge_app.postprocess.decoder import RawOutputs
from edge_app.postprocess.grid import strides_of
from edge_app.postprocess.judgement import (
    MANY,
    Verdict,
    are_fractions,
    are_log_sizes,
    are_offsets,
    filled,
    has_numbers,
    verdict,
)
from edge_app.postprocess.selection import CellLayout, SelectedCells, keep_cells, select


class YoloxDecoder:
    """Adds each cell's position to its offset and multiplies by the stride."""

    family = "yolox"
    plausible = True
    needs_nms = True
    from_one = False
    constants: Mapping[str, NDArray[Any]] = {}

    def __init__(self, input_wh: tuple[int, int], classes: int, strides: tuple[int, ...]) -> None:
        """Takes the model's size [px], and the strides of its grids [px]."""
        self.classes = classes
        self._wh = input_wh
        self._finest = min(strides)
        grid = np.concatenate([self._grid(stride) for stride in strides])
        self._layout = CellLayout(output=0, classes=classes, objectness=True, columns=False, grid=grid)
        self._origin, self._stride = grid[:, :2].copy(), grid[:, 2:].copy()

    @classmethod
    def recognise(cls, signature: ModelSignature, wh: tuple[int, int]) -> YoloxDecoder | None:
        """The decoder, if there is one output of a row for each cell of grids."""
        if len(signature.outputs) != 1 or len(signature.outputs[0].shape) != 3:
            return None
        _, rows, columns = signature.outputs[0].shape
        if rows is None or columns is None or columns < 6 or (strides := strides_of(rows, wh)) is None:
            return None
        return cls(wh, columns - 5, strides)

    @property
    def preprocessing(self) -> InputSpec:
        """BGR, 0 to 255, in the top left corner."""
        return official.yolox(self._wh)

    def judge(self, arrays: RawOutputs) -> Verdict:
        """Offsets are in cells."""
        rows = filled(arrays[0][0])
        fractions = are_fractions(rows[:, :4])
        sizes = are_log_sizes(rows[:, 2:4], self._wh, self._finest)
        structure = are_offsets(rows[:, :2], self._wh) and sizes and not (fractions and len(rows) >= MANY)
        return verdict(structure, rows[:, 4:], sure=not (fractions or has_numbers(rows[:, 5:])))

    @property
    def layout(self) -> CellLayout:
        """A row for each cell."""
        return self._layout

    def decode(self, arrays: RawOutputs, rows: range, confidence: float) -> BatchCandidates:
        """A box's score is its objectness times its best class's."""
        return self.read(select(self.layout, arrays, rows, confidence), len(rows), confidence)

    def read(self, cells: SelectedCells, pictures: int, confidence: float) -> BatchCandidates:
        """The same of what has been selected."""
        origin, stride = self._origin.take(cells.cell, 0), self._stride.take(cells.cell, 0)
        with np.errstate(over="ignore", invalid="ignore"):
            xyxy = box_corners((cells.box[:, :2] + origin) * stride, np.exp(cells.box[:, 2:]) * stride)
        return keep_cells(cells, xyxy, pictures, confidence)

    def _grid(self, stride: int) -> NDArray[np.float32]:
        """Column, row and stride of each cell of one grid, row by row, shape (cells, 3)."""
        columns, rows = self._wh[0] // stride, self._wh[1] // stride
        y, x = np.mgrid[:rows, :columns].astype(np.float32)
        return np.stack([x, y, np.full_like(x, stride)], axis=-1).reshape(-1, 3)
