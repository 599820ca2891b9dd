"""The common end of every family: threshold, labels, suppression, back to source pixels."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_app.core.detections import Detections
from edge_app.core.frames import Letterbox
from edge_app.postprocess.decoder import BatchCandidates, Decoder, finder

MAX_CANDIDATES = 1000  # the best so many of a picture reach suppression, which is quadratic
REACH = 2.0**16  # how far to each side a box is looked at when it is suppressed [model px]: far beyond any picture


class Postprocess:
    """Raw outputs to detections, best first."""

    def __init__(
        self, decoder: Decoder, *, confidence: float, nms_iou: float, class_ids: Sequence[int] | None = None
    ) -> None:
        """Keeps what reaches `confidence`, of the classes `class_ids` (all where None), suppressed at `nms_iou`."""
        self._suppressed = decoder.suppressed
        self._candidates = finder(decoder)
        self._confidence = confidence
        self._nms_iou = nms_iou
        self._class_ids = None if class_ids is None else np.array(class_ids, np.int32)

    def __call__(
        self, arrays: tuple[NDArray[Any], ...], row: int, box: Letterbox, source_wh: tuple[int, int]
    ) -> tuple[Detections, int]:
        """The detections of picture `row`, boxes clipped to it, and how many rows were broken."""
        return self._of(arrays, range(row, row + 1), [box], [source_wh])[0]

    def batch(
        self, arrays: tuple[NDArray[Any], ...], boxes: Sequence[Letterbox], sizes_wh: Sequence[tuple[int, int]]
    ) -> list[tuple[Detections, int]]:
        """The same for each picture of a batch, its padding left out."""
        return self._of(arrays, range(len(boxes)), boxes, sizes_wh)

    def _of(
        self,
        arrays: tuple[NDArray[Any], ...],
        rows: range,
        boxes: Sequence[Letterbox],
        sizes_wh: Sequence[tuple[int, int]],
    ) -> list[tuple[Detections, int]]:
        found = self._candidates(arrays, rows, self._confidence)
        every, wanted = found.candidates, self._wanted(found)
        keep = _best(found, wanted) if self._suppressed else self._survivors(found, wanted)
        xyxy = _in_source(every.xyxy[keep], found.picture[keep], boxes, sizes_wh)
        seen = _has_area(xyxy)
        xyxy, keep = xyxy[seen], keep[seen]
        picture = found.picture[keep]
        score, class_id = every.score[keep], every.class_id[keep]
        return [
            (Detections(xyxy[a:b], score[a:b], class_id[a:b]), broken)
            for (a, b), broken in zip(_spans(picture, len(rows)), found.broken, strict=True)
        ]

    def _wanted(self, found: BatchCandidates) -> NDArray[np.intp]:
        """Indices of boxes with an area, of the classes that are asked for, picture after picture."""
        wanted = _has_area(found.candidates.xyxy)
        if self._class_ids is not None:
            wanted &= np.isin(found.candidates.class_id, self._class_ids)
        return np.flatnonzero(wanted)

    def _survivors(self, found: BatchCandidates, wanted: NDArray[np.intp]) -> NDArray[np.intp]:
        """Those that survive greedy suppression within their picture and class, best score first in each picture."""
        every = found.candidates
        xywh = np.minimum(np.maximum(every.xyxy[wanted], -REACH), REACH).astype(np.float64)
        xywh[:, 2:] -= xywh[:, :2]
        xywh[:, 0] += every.class_id[wanted] * (2.0 * REACH)  # each class in a strip of its own
        boxes, scores = xywh.tolist(), every.score[wanted].tolist()  # OpenCV takes lists sooner than arrays
        kept: list[int] = []
        for a, b in _spans(found.picture[wanted], len(found.broken)):
            rows = cv2.dnn.NMSBoxes(boxes[a:b], scores[a:b], 0.0, self._nms_iou, top_k=MAX_CANDIDATES)
            kept += [a + row for row in rows]
        return wanted[kept]


def _best(found: BatchCandidates, wanted: NDArray[np.intp]) -> NDArray[np.intp]:
    """The same indices, best score first in each picture."""
    return wanted[np.lexsort((-found.candidates.score[wanted], found.picture[wanted]))]


def _has_area(xyxy: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which boxes are neither empty nor inside out."""
    return np.logical_and(xyxy[:, 2] > xyxy[:, 0], xyxy[:, 3] > xyxy[:, 1])


def _spans(picture: NDArray[np.intp], pictures: int) -> list[tuple[int, int]]:
    """From where to where each picture's rows are, among rows that are sorted by it."""
    return list(itertools.pairwise(np.searchsorted(picture, np.arange(pictures + 1)).tolist()))


def _in_source(
    xyxy: NDArray[np.float32],
    picture: NDArray[np.intp],
    boxes: Sequence[Letterbox],
    sizes_wh: Sequence[tuple[int, int]],
) -> NDArray[np.float32]:
    """Corners from model pixels to those of each one's own picture, clipped to it."""
    fits = [
        (b.left, b.top, b.left, b.top, b.scale_x, b.scale_y, b.scale_x, b.scale_y, *wh, *wh)
        for b, wh in zip(boxes, sizes_wh, strict=True)
    ]
    of_each = np.array(fits, np.float32)[picture]
    offset, scale, corner = of_each[:, :4], of_each[:, 4:8], of_each[:, 8:]
    with np.errstate(over="ignore"):
        inside: NDArray[np.float32] = np.minimum(np.maximum((xyxy - offset) / scale, 0), corner)
    return inside
