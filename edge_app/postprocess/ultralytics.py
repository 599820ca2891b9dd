"""Ultralytics v3u, v5u, v8, v9, 11, 12: (batch, 4 + classes, cells), centre boxes [model px], sigmoided classes.

Some turn it over, (batch, cells, 4 + classes), which is read too. YOLOv9-c and -e, exported by their authors without
conversion, have an output for each branch that they were trained with; the last is the main one's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from edge_app.model import InputSpec, ModelSignature
from edge_app.postprocess import official
from edge_app.postprocess.candidates import BatchCandidates, cxcywh_to_xyxy
from edge_app.postprocess.centre_rows import ALWAYS
from edge_app.postprocess.decoder import RawOutputs
from edge_app.postprocess.grid import are_cells, strides_of
from edge_app.postprocess.hints import is_detection
from edge_app.postprocess.judgement import (
    MANY,
    FloatArray,
    Verdict,
    are_centres,
    are_probabilities,
    filled,
    has_numbers,
    has_objectness,
    may_be_either,
    may_be_list,
    verdict,
)
from edge_app.postprocess.selection import CellLayout, SelectedCells, keep_cells, select

# Classes that are multiplied by an objectness have higher scores even where nothing is: than this, and beside it.
LOUD = 0.05
LOUDER = 8
BRANCHES = 3  # of a network at most, auxiliary ones first


@dataclass(frozen=True, slots=True)
class UltralyticsDecoder:
    """Reads boxes and class scores as they are; there is no objectness.

    Attributes:
        transposed: Whether the cells are rows.
        plausible: Whether they number what grids have.
    """

    preprocessing: InputSpec
    classes: int
    transposed: bool
    plausible: bool
    family: ClassVar[str] = "ultralytics"
    needs_nms: ClassVar[bool] = True
    from_one: ClassVar[bool] = False
    constants: ClassVar[Mapping[str, NDArray[Any]]] = {}

    @classmethod
    def recognise(cls, signature: ModelSignature, wh: tuple[int, int]) -> UltralyticsDecoder | None:
        """The decoder, if all outputs have one shape of rank 3 and the metadata does not name another task."""
        first, *others = (tensor.shape for tensor in signature.outputs)
        alike = len(first) == 3 and len(others) < BRANCHES and all(shape == first for shape in others)
        if not is_detection(signature) or not alike:
            return None
        _, rows, columns = first
        transposed = _are_cells_rows(rows, columns, wh)
        channels, count = (columns, rows) if transposed else (rows, columns)
        if channels is None or channels < 5:
            return None
        plausible = are_cells(count, wh) if transposed else count is None or strides_of(count, wh) is not None
        return cls(official.yolo(signature, wh), channels - 4, transposed, plausible)

    def judge(self, arrays: RawOutputs) -> Verdict:
        """Centres are spread over the input; where nothing is, all scores are low, as only an objectness besides.

        Its rows look like those of models with an objectness; turned, like lists too, else like oriented boxes', whose
        last column is an angle, and those of key points.
        """
        rows = filled(self._columns(arrays, 0).T)
        scores = rows[:, 4:]
        wh = self.preprocessing.width, self.preprocessing.height
        centres, either = are_centres(rows[:, :4], wh), may_be_either(rows[:, :4], wh)
        objectness = self.classes > 1 and _may_be_objectness(rows)
        another = may_be_list(rows) if self.transposed else _last_is_another(scores)
        sure = not (either or has_numbers(scores[:, 1:]))
        return verdict(centres and not (objectness or another), scores, sure=sure)

    @property
    def layout(self) -> CellLayout:
        """A column for each cell, or a row."""
        return CellLayout(output=-1, classes=self.classes, objectness=False, columns=not self.transposed)

    def decode(self, arrays: RawOutputs, rows: range, confidence: float) -> BatchCandidates:
        """A box's score is its best class's."""
        return self.read(select(self.layout, arrays, rows, confidence), len(rows), confidence)

    def read(self, cells: SelectedCells, pictures: int, confidence: float) -> BatchCandidates:
        """The same of what has been selected."""
        with np.errstate(over="ignore", invalid="ignore"):
            xyxy = cxcywh_to_xyxy(cells.box)
        return keep_cells(cells, xyxy, pictures, confidence)

    def _columns(self, arrays: RawOutputs, row: int) -> NDArray[Any]:
        """A picture's cells as columns: (4 + classes, cells)."""
        cells: NDArray[Any] = arrays[-1][row]
        return cells.T if self.transposed else cells


def _may_be_objectness(rows: FloatArray) -> bool:
    """Whether column 4 of rows (n, columns) is an objectness: always 1, sure of what classes are, or lower than these.

    Where it is not far lower, as an objectness is of a blank picture, nothing can be said.
    """
    if not len(rows) or (rows[:, 4] >= ALWAYS).all() or has_objectness(rows) is True:
        return bool(len(rows))
    first, best = np.median(rows[:, 4]), np.median(rows[:, 5:].max(axis=1))
    return bool(len(rows) >= MANY and best > LOUD and 0 < first * LOUDER <= best)


def _last_is_another(scores: FloatArray) -> bool:
    """Whether the last of scores (n, classes) is no class: it alone is no probability, or high where nothing is."""
    if scores.shape[1] < 2 or not len(scores):
        return False
    last, others = scores[:, -1], scores[:, :-1]
    loud = len(scores) >= MANY and np.median(last) > LOUD and np.median(others.max(axis=1)) <= LOUD
    return bool(loud or (are_probabilities(others) and not are_probabilities(last)))


def _are_cells_rows(rows: int | None, columns: int | None, wh: tuple[int, int]) -> bool:
    """Whether it is the rows that are cells: only they number what grids have, or neither do and they are more."""
    grids = [count is not None and strides_of(count, wh) is not None for count in (rows, columns)]
    if grids[0] != grids[1]:
        return grids[0]
    return rows is not None and columns is not None and not any(grids) and rows > columns
