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
        """The detections of picture `row`, boxes clipped to it, and how many rows held NaN or Inf."""
        found = self._decoder.candidates(arrays, row, self._confidence)
        keep = self._suppress(found)
        xyxy = box.to_source(found.xyxy[keep])
        np.clip(xyxy, 0, np.array(source_wh * 2, np.float32), out=xyxy)
        return Detections(xyxy, found.score[keep], found.class_id[keep]), found.broken

    def _suppress(self, found: Candidates) -> NDArray[np.intp]:
        """Indices that survive greedy suppression within each class, best score first."""
        order = np.argsort(-found.score, kind="stable")
        if self._class_ids is not None:
            order = order[np.isin(found.class_id[order], self._class_ids)]
        order = order[:MAX_CANDIDATES]
        kept = [order[self._nms(found, order, c)] for c in np.unique(found.class_id[order])]
        if not kept:
            return order
        every = np.concatenate(kept)
        return every[np.argsort(-found.score[every], kind="stable")]

    def _nms(self, found: Candidates, order: NDArray[np.intp], class_id: int) -> NDArray[np.intp]:
        """Positions in `order` of the boxes of one class that are kept."""
        places = np.flatnonzero(found.class_id[order] == class_id)
        if len(places) == 1:
            return places
        xyxy = found.xyxy[order[places]].astype(np.float64)
        xywh = np.concatenate([xyxy[:, :2], xyxy[:, 2:] - xyxy[:, :2]], axis=1)
        kept = cv2.dnn.NMSBoxes(xywh.tolist(), found.score[order[places]].tolist(), 0.0, self._nms_iou)
        return places[np.asarray(kept, np.intp).reshape(-1)]
