"""Draws detections on pictures, and tiles pictures into one."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_app.core.detections import Detections

TILE_WH = (640, 360)  # size of a tile [px]


class Annotator:
    """Draws detections; a class has the same colour in every picture."""

    def __init__(self, labels: Sequence[str]) -> None:
        """`labels` are the names of the classes."""
        import supervision  # takes a second to import, and only this class needs it

        self._sv = supervision
        self._labels = labels

    def draw(self, pixels: NDArray[np.uint8], detections: Detections) -> NDArray[np.uint8]:
        """A copy of the BGR picture, uint8 (height, width, 3), with boxes, labels and scores."""
        sv = self._sv
        wh = pixels.shape[1], pixels.shape[0]
        boxes = sv.Detections(
            xyxy=detections.xyxy, confidence=detections.score, class_id=detections.class_id.astype(int)
        )
        text = [
            f"{self._labels[c]} {score:.2f}" for c, score in zip(detections.class_id, detections.score, strict=True)
        ]
        thickness, text_scale = sv.calculate_optimal_line_thickness(wh), sv.calculate_optimal_text_scale(wh)
        drawn = sv.BoxAnnotator(thickness=max(1, thickness // 2)).annotate(pixels.copy(), boxes)
        # Smart positions keep the labels of boxes at the upper edge inside the picture.
        annotator = sv.LabelAnnotator(text_scale=max(0.35, 0.7 * text_scale), text_padding=2, smart_position=True)
        annotated: NDArray[np.uint8] = annotator.annotate(drawn, boxes, labels=text)
        return annotated


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
