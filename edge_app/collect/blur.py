"""Blurs objects of chosen labels, as far as the model detects them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_app.core.colour import to_bgr
from edge_app.core.errors import EngineError, UsageError
from edge_app.core.frames import Picture
from edge_app.detector import Detector, DetectorConfig, read_detector
from edge_app.detector.config import DetectConfig
from edge_app.engine import Engine

CONFIDENCE = 0.1  # far below the usual threshold: blurring too much does little harm
MARGIN = 0.1  # of a box's width and height, to each side
CELLS = 4  # pixels along the longer side of a box after blurring


def blurring_detector(config: DetectorConfig, labels: Sequence[str]) -> Detector:
    """The configured detector with the low confidence threshold that blurring needs.

    Raises:
        UsageError: The model does not have one of the labels.
        InputError, DataError, ConfigError: As `read_detector` says.
    """
    detect = DetectConfig(confidence=CONFIDENCE, nms_iou=config.detect.nms_iou)
    detector = read_detector(replace(config, detect=detect))
    for label in labels:
        if label not in detector.labels:
            raise UsageError(f"--blur: the model has no {label}; it has {', '.join(detector.labels[:12])}")
    return detector


class Blur:
    """Blurs detected objects of these labels; objects that are not detected stay visible."""

    def __init__(self, detector: Detector, engine: Engine, labels: Sequence[str]) -> None:
        self._detector = detector
        self._slot = engine.slots[0]
        self._class_ids = [detector.labels.index(label) for label in labels]

    def __call__(self, picture: Picture) -> tuple[NDArray[np.uint8], int]:
        """A copy of the picture's pixels, BGR, uint8 (height, width, 3), and how many objects are blurred in it.

        Raises:
            EngineError: Inference failed or returned rows that are no detections, so it is unknown what to blur.
        """
        self._slot.submit([picture])
        outputs = self._slot.wait()
        size = picture.width, picture.height
        (found,) = self._detector.postprocess(outputs.arrays, outputs.letterboxes, [size])
        if found.invalid_rows:
            raise EngineError(f"{found.invalid_rows} rows of the model's answer are no detections")
        pixels = to_bgr(picture).copy()
        boxes = found.detections.xyxy[np.isin(found.detections.class_id, self._class_ids)]
        for box in boxes:
            _pixelate(pixels, box)
        return pixels, len(boxes)


def _pixelate(pixels: NDArray[np.uint8], xyxy: NDArray[np.float32]) -> None:
    """Reduces what is in the box [px] to a few pixels, in place."""
    height, width = pixels.shape[:2]
    margin = np.tile((xyxy[2:] - xyxy[:2]) * MARGIN, 2) * (-1, -1, 1, 1)
    x1, y1, x2, y2 = np.clip(np.rint(xyxy + margin), 0, [width, height] * 2).astype(int)
    if x2 <= x1 or y2 <= y1:
        return
    region = pixels[y1:y2, x1:x2]
    scale = CELLS / max(region.shape[:2])
    small = max(1, round(region.shape[1] * scale)), max(1, round(region.shape[0] * scale))
    coarse = cv2.resize(region, small, interpolation=cv2.INTER_AREA)
    pixels[y1:y2, x1:x2] = cv2.resize(coarse, (region.shape[1], region.shape[0]), interpolation=cv2.INTER_LINEAR)
