"""What training and evaluation share: scene settings, the letterbox, and which objects count."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_app.synthetic import LIGHTS, WEATHERS, SceneTruth, Settings

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

WIDTH, HEIGHT = 448, 256
PAD = 114
MIN_SIDE = 10.0  # of an object's shorter side at the model's input [px]
MIN_VISIBLE = 0.3
EVALUATION_SEED = 1_000_000  # training uses the seeds below
LAST_FRAME = 2000


def scale(width: int, height: int) -> float:
    """The factor by which the letterbox scales a frame of this size."""
    return min(WIDTH / width, HEIGHT / height)


def letterbox(frame: Image) -> Image:
    """The frame scaled into the model's input, at the top left on grey, with its aspect ratio kept."""
    height, width = frame.shape[:2]
    ratio = scale(width, height)
    size = int(width * ratio), int(height * ratio)
    canvas = np.full((HEIGHT, WIDTH, 3), PAD, np.uint8)
    canvas[: size[1], : size[0]] = cv2.resize(frame, size, interpolation=cv2.INTER_LINEAR)
    return canvas


def targets(truth: SceneTruth, ratio: float, lenience: float = 1.0) -> Floats:
    """Objects as rows x1, y1, x2, y2 [input px], class, and 1 if too small or too hidden to count.

    A lenience below 1 lets smaller and more hidden objects count.
    """
    boxes = truth.xyxy * ratio
    short = (boxes[:, 2:] - boxes[:, :2]).min(1, initial=np.inf)
    ignored = (short < lenience * MIN_SIDE) | (truth.visible < lenience * MIN_VISIBLE)
    return np.column_stack((boxes, truth.class_id, ignored)).astype(np.float32)


def settings_for(seed: int, width: int, height: int, condition: int, shake: float) -> Settings:
    """Settings with the `condition`-th of the nine combinations of light and weather."""
    light, weather = divmod(condition % (len(LIGHTS) * len(WEATHERS)), len(WEATHERS))
    return Settings(
        seed=seed, width=width, height=height, fps=25.0,
        light=LIGHTS[light], weather=WEATHERS[weather], shake=shake,
    )  # fmt: skip
