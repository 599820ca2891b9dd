"""Boxes and labels on pictures, and many pictures as one."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_app.core.detections import Detections

TILE_WH = (640, 360)  # of a picture among several [px]


class Annotator:
    """Draws detections; a class has the same colour on every picture."""

    def __init__(self, labels: Sequence[str]) -> None:
        """Takes the names of the classes."""
        import supervision  # a second to import, and only pictures need it

        self._sv = supervision
        self._labels = labels

    def draw(self, pixels: NDArray[np.uint8], found: Detections) -> NDArray[np.uint8]:
        """A copy of the BGR picture (height, width, 3) with boxes, labels and scores."""
        sv = self._sv
        wh = pixels.shape[1], pixels.shape[0]
        boxes = sv.Detections(xyxy=found.xyxy, confidence=found.score, class_id=found.class_id.astype(int))
        text = [f"{self._labels[c]} {score:.2f}" for c, score in zip(found.class_id, found.score, strict=True)]
        line, size = sv.calculate_optimal_line_thickness(wh), sv.calculate_optimal_text_scale(wh)
        drawn = sv.BoxAnnotator(thickness=max(1, line // 2)).annotate(pixels.copy(), boxes)
        # Smart, so that the label of what touches the upper edge is not above the picture.
        annotator = sv.LabelAnnotator(text_scale=max(0.35, 0.7 * size), text_padding=2, smart_position=True)
        annotated: NDArray[np.uint8] = annotator.annotate(drawn, boxes, labels=text)
        return annotated


def mosaic(pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """One picture as it is; several scaled into the tiles of a grid that is as wide as high, in rows."""
    if len(pictures) == 1:
        return pictures[0]
    columns = math.ceil(math.sqrt(len(pictures)))
    width, height = TILE_WH
    grid = np.zeros((math.ceil(len(pictures) / columns) * height, columns * width, 3), np.uint8)
    for index, picture in enumerate(pictures):
        scale = min(width / picture.shape[1], height / picture.shape[0])
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)[:height, :width]
        top, left = index // columns * height, index % columns * width
        grid[top : top + small.shape[0], left : left + small.shape[1]] = small
    return grid
