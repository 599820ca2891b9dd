"""Which cells of a grid's answer reach the threshold: what families with a row or column for each cell share.

Here NumPy selects them; on a GPU a kernel does (engine/gpu/select.cu), and finds the same; another one leaves out what
suppression would drop for sure (thin.cu).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from edge_app.postprocess.candidates import HIGHEST_SCORE, BatchCandidates, are_finite, best_class, reaches
from edge_app.postprocess.decoder import RawOutputs

BOX = 4  # numbers of a cell's box, which come first


@dataclass(frozen=True, slots=True)
class CellLayout:
    """Where an output has the numbers of its cells: four of the box, an objectness in some families, and the classes.

    Attributes:
        output: The number of the output among the model's, negative from its end.
        classes: How many classes it has.
        objectness: Whether there is one before the classes.
        columns: Whether a cell is a column, (batch, numbers, cells), else it is a row, (batch, cells, numbers).
        grid: Column, row and stride [px] of each cell, float32, shape (cells, 3), if its box is offsets from there and
            log sizes, in strides; None if it is centre and size [model px].
    """

    output: int
    classes: int
    objectness: bool
    columns: bool
    grid: NDArray[np.float32] | None = field(default=None, compare=False)

    @property
    def first_class(self) -> int:
        """The number of the first class's score within a cell."""
        return BOX + self.objectness


@dataclass(frozen=True, slots=True, eq=False)
class SelectedCells:
    """Cells of several pictures, by picture and cell: all whose score reaches a threshold or is NaN, and maybe more.

    Those may be missing that suppression drops for sure, because of better ones that are among these.

    Attributes:
        picture: The picture of each, 0 for the first, shape (n,).
        cell: Its place among the cells, shape (n,).
        box: Its box as the model answers it, float32, shape (n, 4).
        objectness: Of each, float32, shape (n,); 1 where the family has none.
        best: The greatest of its class scores, or the first NaN of them, float32, shape (n,).
        class_id: The class that has it, shape (n,).
    """

    picture: NDArray[np.intp]
    cell: NDArray[np.intp]
    box: NDArray[np.float32]
    objectness: NDArray[np.float32]
    best: NDArray[np.float32]
    class_id: NDArray[np.intp]


@runtime_checkable
class CellDecoder(Protocol):
    """A decoder of a family whose cells can be selected before it reads their boxes."""

    @property
    def layout(self) -> CellLayout:
        """Where the model's answer has what."""

    def read(self, cells: SelectedCells, pictures: int, confidence: float) -> BatchCandidates:
        """The boxes of the cells whose score is at least `confidence`, of so many pictures."""


def select(layout: CellLayout, arrays: RawOutputs, rows: range, confidence: float) -> SelectedCells:
    """The cells of pictures `rows` of the batch that may reach `confidence`; all pictures together.

    Most of what one picture costs is NumPy's overhead per call.
    """
    answer = arrays[layout.output][rows.start : rows.stop]
    cells = answer.transpose(0, 2, 1) if layout.columns else answer  # (pictures, cells, numbers)
    deciding = cells[:, :, BOX] if layout.objectness else cells[:, :, BOX:].max(axis=2)  # NaN wins a maximum
    picture, cell = np.nonzero(reaches(deciding, confidence))
    numbers = cells[picture, cell].astype(np.float32, copy=False)
    best, class_id = best_class(numbers[:, layout.first_class :])
    objectness = numbers[:, BOX] if layout.objectness else np.ones(len(numbers), np.float32)
    return SelectedCells(picture, cell, numbers[:, :BOX], objectness, best, class_id)


def scores_of(cells: SelectedCells) -> NDArray[np.float32]:
    """Objectness times the best class's score, shape (n,).

    It is NaN where one of the two is above 1: a product of logits may look like a probability.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        score: NDArray[np.float32] = cells.objectness * cells.best
        score[np.maximum(cells.objectness, cells.best) > HIGHEST_SCORE] = np.nan
    return score


def keep_cells(cells: SelectedCells, xyxy: NDArray[np.float32], pictures: int, confidence: float) -> BatchCandidates:
    """The cells that are detections, with their corners [model px], shape (n, 4); the others are counted."""
    score = scores_of(cells)
    reached, valid = reaches(score, confidence), are_finite(xyxy) & (score <= HIGHEST_SCORE)
    (keep,), (invalid,) = (reached & valid).nonzero(), (reached & ~valid).nonzero()
    return BatchCandidates(
        xyxy=xyxy.take(keep, 0),
        score=np.minimum(score.take(keep), 1),
        class_id=cells.class_id.take(keep).astype(np.int32),
        picture_index=cells.picture.take(keep),
        invalid_rows=np.bincount(cells.picture.take(invalid), minlength=pictures).tolist(),
    )
