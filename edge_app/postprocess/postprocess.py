"""The common end of every family: threshold, labels, suppression, back to source pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_app.core.detections import Detections
from edge_app.core.frames import Letterbox
from edge_app.postprocess.candidates import BatchCandidates, has_area, picture_spans
from edge_app.postprocess.decoder import OutputDecoder, RawOutputs
from edge_app.postprocess.nms import MAX_CANDIDATES, suppress
from edge_app.postprocess.selection import CellDecoder, SelectedCells


class Found(NamedTuple):
    """What an answer says of one picture.

    Attributes:
        detections: Best first, boxes clipped to the picture.
        invalid_rows: How many rows were no detections, as in `Candidates`.
        cut: How many boxes above the threshold were beyond those that reach suppression.
    """

    detections: Detections
    invalid_rows: int
    cut: int


class Postprocess:
    """Raw outputs to detections, best first."""

    def __init__(
        self, decoder: OutputDecoder, *, confidence: float, nms_iou: float, class_ids: Sequence[int] | None = None
    ) -> None:
        """Keeps what reaches `confidence`, of the classes `class_ids` (None: all), suppressed at `nms_iou`."""
        self._decoder = decoder
        self._of_cells = decoder if isinstance(decoder, CellDecoder) else None
        self._confidence = confidence
        self._nms_iou = nms_iou
        self._class_ids = None if class_ids is None else np.array(class_ids, np.int32)

    def reading(self, decoder: OutputDecoder) -> Postprocess:
        """The same of what another decoder reads."""
        class_ids = None if self._class_ids is None else self._class_ids.tolist()
        return Postprocess(decoder, confidence=self._confidence, nms_iou=self._nms_iou, class_ids=class_ids)

    def __call__(
        self, answer: RawOutputs | SelectedCells, letterboxes: Sequence[Letterbox], sizes_wh: Sequence[tuple[int, int]]
    ) -> list[Found]:
        """What each of the first `len(letterboxes)` pictures of a batch shows, in its own pixels; the rest is padding.

        Args:
            answer: The model's, or the cells of it that reach this confidence.
            letterboxes: Where each picture was in the model's input.
            sizes_wh: Width and height of each picture [px].
        """
        candidates = self._candidates(answer, len(letterboxes))
        wanted = self._wanted(candidates)
        keep = suppress(candidates, wanted, self._nms_iou) if self._decoder.needs_nms else _sort(candidates, wanted)
        xyxy = _to_source(candidates.xyxy.take(keep, 0), candidates.picture_index.take(keep), letterboxes, sizes_wh)
        (visible,) = has_area(xyxy).nonzero()
        xyxy, keep = xyxy.take(visible, 0), keep.take(visible)
        score, class_id = candidates.score.take(keep), candidates.class_id.take(keep)
        spans = picture_spans(candidates.picture_index.take(keep), len(letterboxes))
        return [
            Found(Detections(xyxy[start:stop], score[start:stop], class_id[start:stop]), invalid_rows, cut)
            for (start, stop), invalid_rows, cut in zip(
                spans, candidates.invalid_rows, self._cut(candidates, wanted), strict=True
            )
        ]

    def _candidates(self, answer: RawOutputs | SelectedCells, pictures: int) -> BatchCandidates:
        if not isinstance(answer, SelectedCells):
            return self._decoder.decode(answer, range(pictures), self._confidence)
        if self._of_cells is None:
            raise TypeError(f"{self._decoder.family} has no cells that could have been selected")
        return self._of_cells.read(answer, pictures, self._confidence)

    def _cut(self, candidates: BatchCandidates, wanted: NDArray[np.intp]) -> list[int]:
        """How many of each picture's wanted boxes do not reach suppression."""
        if not self._decoder.needs_nms or len(wanted) <= MAX_CANDIDATES:
            return [0] * len(candidates.invalid_rows)
        counts = np.bincount(candidates.picture_index[wanted], minlength=len(candidates.invalid_rows))
        cut: list[int] = np.maximum(counts - MAX_CANDIDATES, 0).tolist()
        return cut

    def _wanted(self, candidates: BatchCandidates) -> NDArray[np.intp]:
        """Indices of the boxes that have an area and one of the wanted classes, sorted by picture."""
        wanted = has_area(candidates.xyxy)
        if self._class_ids is not None:
            wanted &= np.isin(candidates.class_id, self._class_ids)
        (rows,) = wanted.nonzero()
        return rows


def _sort(candidates: BatchCandidates, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """The same indices, best score first in each picture."""
    return rows[np.lexsort((-candidates.score[rows], candidates.picture_index[rows]))]


def _to_source(
    xyxy: NDArray[np.float32],
    picture_index: NDArray[np.intp],
    letterboxes: Sequence[Letterbox],
    sizes_wh: Sequence[tuple[int, int]],
) -> NDArray[np.float32]:
    """Corners from model pixels to source pixels of each box's own picture, clipped to it."""
    transforms = [
        (b.left, b.top, b.left, b.top, b.scale_x, b.scale_y, b.scale_x, b.scale_y, *wh, *wh)
        for b, wh in zip(letterboxes, sizes_wh, strict=True)
    ]
    of_each = np.array(transforms, np.float32).take(picture_index, 0)
    offset, scale, corner = of_each[:, :4], of_each[:, 4:8], of_each[:, 8:]
    with np.errstate(over="ignore"):
        clipped: NDArray[np.float32] = np.minimum(np.maximum((xyxy - offset) / scale, 0), corner)
    return clipped
