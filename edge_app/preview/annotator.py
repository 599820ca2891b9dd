"""Draws detections on pictures, and tiles pictures into one."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_app.core.detections import UNTRACKED, Detections, label_of

TILE_WH = (640, 360)  # size of a tile [px]


class Annotator:
    """Draws detections; a class has the same colour in every picture."""

    def __init__(self, labels: Sequence[str]) -> None:
        """`labels` are the names of the classes."""
        import supervision  # takes a second to import, and only this class needs it

        self._sv = supervision
        self._labels = labels

    def draw(
        self, pixels: NDArray[np.uint8], detections: Detections, tails: Sequence[NDArray[np.int32]] = ()
    ) -> NDArray[np.uint8]:
        """A copy of the BGR picture, uint8 (height, width, 3), with boxes, ids, labels, scores and tails."""
        sv = self._sv
        wh = pixels.shape[1], pixels.shape[0]
        boxes = sv.Detections(
            xyxy=detections.xyxy, confidence=detections.score, class_id=detections.class_id.astype(int)
        )
        thickness, text_scale = sv.calculate_optimal_line_thickness(wh), sv.calculate_optimal_text_scale(wh)
        drawn = pixels.copy()
        for tail, class_id in zip(tails, detections.class_id.tolist(), strict=False):
            colour = sv.ColorPalette.DEFAULT.by_idx(class_id).as_bgr()
            cv2.polylines(drawn, [tail], isClosed=False, color=colour, thickness=max(1, thickness // 2))
        drawn = sv.BoxAnnotator(thickness=max(1, thickness // 2)).annotate(drawn, boxes)
        # Smart positions keep the labels of boxes at the upper edge inside the picture.
        annotator = sv.LabelAnnotator(text_scale=max(0.35, 0.7 * text_scale), text_padding=2, smart_position=True)
        annotated: NDArray[np.uint8] = annotator.annotate(drawn, boxes, labels=self._texts(detections))
        return annotated

    def _texts(self, detections: Detections) -> list[str]:
        """What stands at each box: `#7 person 0.91`, or without the number where it has no track."""
        ids = [UNTRACKED] * len(detections) if detections.track_id is None else detections.track_id.tolist()
        return [
            f"{f'#{track_id} ' if track_id > 0 else ''}{label_of(self._labels, class_id)} {score:.2f}"
            for track_id, class_id, score in zip(ids, detections.class_id, detections.score, strict=True)
        ]


def mosaic(pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Returns one picture unchanged; scales several into the tiles of a square grid, row by row."""
    if len(pictures) == 1:
        return pictures[0]
    columns = math.ceil(math.sqrt(len(pictures)))
    width, height = TILE_WH
    grid = np.zeros((math.ceil(len(pictures) / columns) * height, columns * width, 3), np.uint8)
    for index, picture in enumerate(pictures):
        scale = min(width / picture.shape[1], height / picture.shape[0])
        tile = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)[:height, :width]
        top, left = index // columns * height, index % columns * width
        grid[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
    return grid
