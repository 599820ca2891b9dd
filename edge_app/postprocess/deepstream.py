"""What the export scripts for DeepStream write (DeepStream-Yolo's), for YOLOs and others, without suppression.

Now (batch, n, 6), rows of x1, y1, x2, y2 [model px], score, class. Formerly, from the newest to the oldest: three
outputs, `boxes` (batch, n, 4), `scores` (batch, n, 1) and `classes` (batch, n, 1), with corners in some scripts and
with centres and sizes in others; six columns with either; seven, with centres and the objectness last, by which the
score is to be multiplied. PP-YOLOE's have an input `scale_factor` as PaddleDetection's own, and any names.

The preprocessing is that of the model inside, which the layout does not show: YOLO's is assumed. Transformers are told
by their number of rows, which is no grid's: they take the picture stretched, and find an object once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from edge_app.model import InputSpec, ModelSignature
from edge_app.postprocess import official
from edge_app.postprocess.candidates import (
    BatchCandidates,
    Candidates,
    cxcywh_to_xyxy,
    keep_listed,
    objectness_times_class,
    stack,
)
from edge_app.postprocess.decoder import RawOutputs
from edge_app.postprocess.grid import are_anchors, strides_of
from edge_app.postprocess.hints import MAX_LISTED, listed_columns, metadata_classes
from edge_app.postprocess.judgement import (
    MANY,
    Verdict,
    are_boxes,
    are_centres,
    are_classes,
    filled,
    is_sorted_list,
    may_be_either,
    verdict,
)
from edge_app.postprocess.ppyoloe import scale_inputs

WITH_OBJECTNESS = 7  # columns


@dataclass(frozen=True, slots=True, eq=False)
class _DeepStream:
    """Reads boxes, scores and classes as they are.

    Attributes:
        plausible: Whether such models have so many rows.
        output_indices: Where the three outputs are, or None if there is one.
    """

    preprocessing: InputSpec
    constants: Mapping[str, NDArray[Any]]
    classes: int | None
    plausible: bool
    output_indices: tuple[int, ...] | None
    family: ClassVar[str]
    columns: ClassVar[tuple[int, ...]]  # of one output
    corners: ClassVar[tuple[bool, bool]]  # whether boxes are corners, else centres: in one output, in three
    of_queries: ClassVar[bool] = False
    needs_nms: ClassVar[bool] = True
    from_one: ClassVar[bool] = False

    @classmethod
    def recognise(cls, signature: ModelSignature, wh: tuple[int, int]) -> _DeepStream | None:
        """The decoder, if there is one output of so many columns, or three of boxes, scores and classes."""
        indices = _three_outputs(signature)
        if indices is None and listed_columns(signature) not in cls.columns:
            return None
        rows = signature.outputs[0 if indices is None else indices[0]].shape[1]
        plausible = rows is None or _are_queries(rows, wh) is cls.of_queries
        constants = scale_inputs(signature, wh)
        spec = official.detr(signature, wh) if constants or cls.of_queries else official.yolo(signature, wh)
        spec = official.as_said(signature, spec) if constants else spec
        return cls(spec, constants, metadata_classes(signature), plausible, indices)

    def judge(self, arrays: RawOutputs) -> Verdict:
        """Boxes are spread over the input, classes whole; a short sorted list is one that was suppressed.

        Queries are no less than there are rows.
        """
        every = self._rows(arrays, 0)
        rows = filled(every)
        wh = self.preprocessing.width, self.preprocessing.height
        boxes = are_boxes(rows[:, :4], wh) if self._has_corners else are_centres(rows[:, :4], wh)
        either = may_be_either(rows[:, :4], wh)
        if self.of_queries and len(rows) < len(every):
            return Verdict.ANOTHER
        if every.shape[1] == WITH_OBJECTNESS:
            numbers = len(rows) > 0 and are_classes(rows[:, 6])
            classes = are_classes(rows[:, 5]) and not numbers
            return verdict(boxes and classes, rows[:, 4], rows[:, 6], sure=not either)
        suppressed = self.output_indices is None and len(every) <= MAX_LISTED and is_sorted_list(every)
        only_class = not self._has_corners and len(rows) >= MANY and bool((rows[:, 5] == 1).all())  # its score, that is
        structure = boxes and are_classes(rows[:, 5]) and not (suppressed or only_class)
        return verdict(structure, rows[:, 4], sure=not either)

    def decode(self, arrays: RawOutputs, rows: range, confidence: float) -> BatchCandidates:
        """What reaches the threshold."""
        return stack(self._decode_picture(arrays, row, confidence) for row in rows)

    def _decode_picture(self, arrays: RawOutputs, row: int, confidence: float) -> Candidates:
        rows = self._rows(arrays, row)
        boxes, score = rows[:, :4], rows[:, 4]
        if not self._has_corners:
            with np.errstate(over="ignore", invalid="ignore"):
                boxes = cxcywh_to_xyxy(boxes.astype(np.float32))
        if rows.shape[1] == WITH_OBJECTNESS:
            score, _ = objectness_times_class(rows[:, [0, 1, 2, 3, 6, 4]].astype(np.float32))
        return keep_listed(boxes, score, rows[:, 5], confidence, self.classes)

    @property
    def _has_corners(self) -> bool:
        return self.corners[self.output_indices is not None]

    def _rows(self, arrays: RawOutputs, row: int) -> NDArray[Any]:
        """A picture's rows of box, score, class, and if there are seven columns objectness."""
        if self.output_indices is None:
            rows: NDArray[Any] = arrays[0][row]
            return rows
        boxes, scores, classes = (arrays[index][row] for index in self.output_indices)
        return np.concatenate([boxes.astype(np.float32), scores.reshape(-1, 1), classes.reshape(-1, 1)], axis=1)


class DeepStreamDecoder(_DeepStream):
    """Corners."""

    __slots__ = ()
    family: ClassVar[str] = "deepstream"
    columns: ClassVar[tuple[int, ...]] = (6,)
    corners: ClassVar[tuple[bool, bool]] = (True, True)


class DeepStreamCentresDecoder(_DeepStream):
    """Centres and sizes."""

    __slots__ = ()
    family: ClassVar[str] = "deepstream_centres"
    columns: ClassVar[tuple[int, ...]] = (6, WITH_OBJECTNESS)
    corners: ClassVar[tuple[bool, bool]] = (False, False)


class DeepStreamDetrDecoder(_DeepStream):
    """RT-DETR, D-FINE and others with queries: corners in one output, centres in three, as their scripts write them."""

    __slots__ = ()
    family: ClassVar[str] = "deepstream_detr"
    columns: ClassVar[tuple[int, ...]] = (6,)
    of_queries: ClassVar[bool] = True
    corners: ClassVar[tuple[bool, bool]] = (True, False)
    needs_nms: ClassVar[bool] = False


def _are_queries(rows: int, wh: tuple[int, int]) -> bool:
    """Whether so many rows are queries, which are few and not as many as the cells or anchors of any grids."""
    return rows <= MAX_LISTED and strides_of(rows, wh) is None and not are_anchors(rows, wh)


def _three_outputs(signature: ModelSignature) -> tuple[int, ...] | None:
    """Where boxes, scores and classes are: in this order, or by name where the file says nothing of their columns."""
    if len(signature.outputs) != 3:
        return None
    named = signature.output_indices("boxes", "scores", "classes")
    indices = named or (0, 1, 2)
    shapes = [signature.outputs[index].shape for index in indices]
    columns = [shape[2] for shape in shapes if len(shape) == 3]
    return indices if columns == [4, 1, 1] or (named and columns == [None, None, None]) else None
