"""Objects of chosen labels made unrecognisable, as far as the model finds them."""

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

CONFIDENCE = 0.1  # far below what is reported: blurring too much harms little
MARGIN = 0.1  # of a box's width and height, to each side
CELLS = 4  # to which the longer side of a box is reduced


def blurring_detector(settings: DetectorConfig, labels: Sequence[str]) -> Detector:
    """The configured detector, as unsure as blurring wants it.

    Raises:
        UsageError: It does not know one of the labels.
        InputError, DataError, ConfigError: As `read_detector` says.
    """
    detect = DetectConfig(confidence=CONFIDENCE, nms_iou=settings.detect.nms_iou)
    detector = read_detector(replace(settings, detect=detect))
    for label in labels:
        if label not in detector.labels:
            raise UsageError(f"--blur: the model has no {label}; it has {', '.join(detector.labels[:12])}")
    return detector


class Blur:
    """Blurs what the model finds of these labels; what it does not find stays as it is."""

    def __init__(self, detector: Detector, engine: Engine, labels: Sequence[str]) -> None:
        self._detector = detector
        self._slot = engine.slots[0]
        self._class_ids = [detector.labels.index(label) for label in labels]

    def __call__(self, picture: Picture) -> tuple[NDArray[np.uint8], int]:
        """A copy of the picture's pixels, uint8 (height, width, 3), and how many objects are blurred in it.

        Raises:
            EngineError: The model could not answer, or with NaN, so nobody knows what should be blurred.
        """
        self._slot.submit([picture])
        outputs = self._slot.wait()
        size = picture.width, picture.height
        found, broken = self._detector.postprocess(outputs.arrays, 0, outputs.boxes[0], size)
        if broken:
            raise EngineError(f"{broken} rows of the model's answer hold NaN or Inf")
        pixels = to_bgr(picture).copy()
        boxes = found.xyxy[np.isin(found.class_id, self._class_ids)]
        for box in boxes:
            _coarsen(pixels, box)
        return pixels, len(boxes)


def _coarsen(pixels: NDArray[np.uint8], xyxy: NDArray[np.float32]) -> None:
    """Leaves a few colours of what is in the box [px], in place."""
    height, width = pixels.shape[:2]
    margin = np.tile((xyxy[2:] - xyxy[:2]) * MARGIN, 2) * (-1, -1, 1, 1)
    x1, y1, x2, y2 = np.clip(np.rint(xyxy + margin), 0, [width, height] * 2).astype(int)
    if x2 <= x1 or y2 <= y1:
        return
    part = pixels[y1:y2, x1:x2]
    scale = CELLS / max(part.shape[:2])
    small = max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale))
    coarse = cv2.resize(part, small, interpolation=cv2.INTER_AREA)
    pixels[y1:y2, x1:x2] = cv2.resize(coarse, (part.shape[1], part.shape[0]), interpolation=cv2.INTER_LINEAR)
