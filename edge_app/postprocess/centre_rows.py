"""What several YOLOs share: (batch, rows, 5 + classes), centre boxes [model px], objectness and classes, sigmoided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from edge_app.model import InputSpec, ModelSignature
from edge_app.postprocess.candidates import BatchCandidates, cxcywh_to_xyxy
from edge_app.postprocess.decoder import RawOutputs
from edge_app.postprocess.judgement import (
    Verdict,
    are_centres,
    filled,
    has_numbers,
    has_objectness,
    may_be_either,
    may_be_list,
    verdict,
)
from edge_app.postprocess.selection import CellLayout, SelectedCells, keep_cells, select

ALWAYS = 0.999  # an objectness that a model does not have is written as 1


@dataclass(frozen=True, slots=True)
class CentreRowsDecoder:
    """Reads boxes as they are.

    Attributes:
        plausible: Whether the rows number what such models' grids have.
    """

    preprocessing: InputSpec
    classes: int
    plausible: bool
    needs_nms: ClassVar[bool] = True
    from_one: ClassVar[bool] = False
    constants: ClassVar[Mapping[str, NDArray[Any]]] = {}
    always_sure: ClassVar[bool] = False  # whether objectness is 1 throughout

    def judge(self, arrays: RawOutputs) -> Verdict:
        """Centres are spread over the input; objectness is always 1, or never without a class."""
        rows = filled(arrays[0][0])
        sure = bool((rows[:, 4] >= ALWAYS).all())
        objectness = sure if self.always_sure else not sure and has_objectness(rows) is not False
        wh = self.preprocessing.width, self.preprocessing.height
        sure = not (may_be_either(rows[:, :4], wh) or has_numbers(rows[:, 5:]))
        return verdict(are_centres(rows[:, :4], wh) and objectness and not may_be_list(rows), rows[:, 4:], sure=sure)

    @property
    def layout(self) -> CellLayout:
        """A row for each cell."""
        return CellLayout(output=0, classes=self.classes, objectness=True, columns=False)

    def decode(self, arrays: RawOutputs, rows: range, confidence: float) -> BatchCandidates:
        """A box's score is its objectness times its best class's."""
        return self.read(select(self.layout, arrays, rows, confidence), len(rows), confidence)

    def read(self, cells: SelectedCells, pictures: int, confidence: float) -> BatchCandidates:
        """The same of what has been selected."""
        with np.errstate(over="ignore", invalid="ignore"):
            xyxy = cxcywh_to_xyxy(cells.box)
        return keep_cells(cells, xyxy, pictures, confidence)


def rows_and_classes(signature: ModelSignature) -> tuple[int | None, int] | None:
    """How many rows the first output has, if that is known, and how many classes; None if it is of another shape."""
    shape = signature.outputs[0].shape
    if len(shape) != 3 or shape[2] is None or shape[2] < 6:
        return None
    return shape[1], shape[2] - 5
