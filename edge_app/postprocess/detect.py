"""The common end of every family: threshold, labels, suppression, back to source pixels."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_app.detections import Detections
from edge_app.frames import Letterbox
from edge_app.postprocess.decoder import Candidates, Decoder, Found, candidates_of

MAX_CANDIDATES = 1000  # the best so many of a picture reach suppression, which is quadratic


class Postprocess:
    """Raw outputs to detections, best first."""

    def __init__(
        self, decoder: Decoder, *, confidence: float, nms_iou: float, class_ids: Sequence[int] | None = None
    ) -> None:
        """Keeps what reaches `confidence`, of the classes `class_ids` (all where None), suppressed at `nms_iou`."""
        self._decoder = decoder
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
        found = candidates_of(self._decoder, arrays, rows, self._confidence)
        every = found.candidates
        each = self._best(found) if self._decoder.suppressed else self._suppress(found)
        keep = np.concatenate(each)
        picture = found.picture[keep]
        offset = np.array([[b.left, b.top] * 2 for b in boxes], np.float32)[picture]
        scale = np.array([[b.scale_x, b.scale_y] * 2 for b in boxes], np.float32)[picture]
        corner = np.array([size * 2 for size in sizes_wh], np.float32)[picture]
        xyxy = np.clip((every.xyxy[keep] - offset) / scale, 0, corner)
        score, class_id = every.score[keep], every.class_id[keep]
        ends = np.cumsum([0, *map(len, each)]).tolist()
        return [
            (Detections(xyxy[a:b], score[a:b], class_id[a:b]), broken)
            for a, b, broken in zip(ends, ends[1:], found.broken, strict=False)
        ]

    def _wanted(self, found: Found) -> list[NDArray[np.intp]]:
        """Indices of the classes that are asked for, of each picture."""
        every, class_id = np.arange(len(found.picture)), found.candidates.class_id
        ends = np.searchsorted(found.picture, np.arange(len(found.broken) + 1)).tolist()
        each = [every[a:b] for a, b in itertools.pairwise(ends)]
        if self._class_ids is None:
            return each
        asked = np.isin(class_id, self._class_ids)
        return [some[asked[some]] for some in each]

    def _best(self, found: Found) -> list[NDArray[np.intp]]:
        """Indices of each picture, best score first."""
        score = found.candidates.score
        return [keep[np.argsort(-score[keep], kind="stable")] for keep in self._wanted(found)]

    def _suppress(self, found: Found) -> list[NDArray[np.intp]]:
        """Indices of each picture that survive greedy suppression within each class, best score first."""
        return [self._survivors(found.candidates, best[:MAX_CANDIDATES]) for best in self._best(found)]

    def _survivors(self, every: Candidates, best: NDArray[np.intp]) -> NDArray[np.intp]:
        classes, scores = every.class_id[best], every.score[best]
        xywh = every.xyxy[best].astype(np.float64)
        xywh[:, 2:] -= xywh[:, :2]
        survives = np.zeros(len(best), bool)
        # Not at once, each class moved to a strip of its own: beside one giant box the others would lose their bits.
        for class_id in np.unique(classes):
            rows = np.flatnonzero(classes == class_id)
            kept = cv2.dnn.NMSBoxes(xywh[rows], scores[rows], 0.0, self._nms_iou)  # type: ignore[arg-type]
            survives[rows[np.asarray(kept, np.intp).reshape(-1)]] = True
        return best[survives]
