"""The common end of every family: threshold, labels, suppression, back to source pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_app.detections import Detections
from edge_app.frames import Letterbox
from edge_app.postprocess.decoder import Candidates, Decoder

MAX_CANDIDATES = 1000  # the best so many of a picture reach suppression, which is quadratic


class Postprocess:
    """Raw outputs of one picture to its detections, best first."""

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
        found = self._decoder.candidates(arrays, row, self._confidence)
        keep = self._best(found) if self._decoder.suppressed else self._suppress(found)
        xyxy = box.to_source(found.xyxy[keep])
        np.clip(xyxy, 0, np.array(source_wh * 2, np.float32), out=xyxy)
        return Detections(xyxy, found.score[keep], found.class_id[keep]), found.broken

    def _wanted(self, found: Candidates) -> NDArray[np.intp]:
        """Indices of the classes that are asked for."""
        every = np.arange(len(found.score))
        return every if self._class_ids is None else every[np.isin(found.class_id, self._class_ids)]

    def _best(self, found: Candidates) -> NDArray[np.intp]:
        """Indices, best score first."""
        keep = self._wanted(found)
        return keep[np.argsort(-found.score[keep], kind="stable")]

    def _suppress(self, found: Candidates) -> NDArray[np.intp]:
        """Indices that survive greedy suppression within each class, best score first."""
        best = self._best(found)[:MAX_CANDIDATES]
        classes, scores = found.class_id[best], found.score[best]
        xyxy = found.xyxy[best].astype(np.float64)
        xywh = np.concatenate([xyxy[:, :2], xyxy[:, 2:] - xyxy[:, :2]], axis=1)
        survives = np.zeros(len(best), bool)
        # Not at once, each class moved to a strip of its own: beside one giant box the others would lose their bits.
        for class_id in np.unique(classes):
            rows = np.flatnonzero(classes == class_id)
            kept = cv2.dnn.NMSBoxes(xywh[rows], scores[rows], 0.0, self._nms_iou)  # type: ignore[arg-type]
            survives[rows[np.asarray(kept, np.intp).reshape(-1)]] = True
        return best[survives]
