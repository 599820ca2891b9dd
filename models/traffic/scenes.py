"""What training and evaluation share: streets at random, the letterbox, and which objects count."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_app.synthetic import LIGHTS, WEATHERS, Settings, Truth

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

WIDTH, HEIGHT = 448, 256
PAD = 114
LEAST_SIDE = 10.0  # an object's shorter side must reach this at the model's input [px]
LEAST_VISIBLE = 0.3
EVALUATION_SEED = 1_000_000  # training takes its seeds below
LAST_FRAME = 2000


def scale(width: int, height: int) -> float:
    """How much the letterbox shrinks or enlarges a frame of this size."""
    return min(WIDTH / width, HEIGHT / height)


def letterboxed(frame: Image) -> Image:
    """The frame at the model's size, its proportions kept, at the top left on grey."""
    height, width = frame.shape[:2]
    ratio = scale(width, height)
    size = int(width * ratio), int(height * ratio)
    canvas = np.full((HEIGHT, WIDTH, 3), PAD, np.uint8)
    canvas[: size[1], : size[0]] = cv2.resize(frame, size, interpolation=cv2.INTER_LINEAR)
    return canvas


def targets(truth: Truth, ratio: float, lenience: float = 1.0) -> Floats:
    """Objects as rows x1, y1, x2, y2 [input px], class, and 1 where too small or too hidden to count.

    A lenience below 1 lets smaller and more hidden ones count.
    """
    boxes = truth.xyxy * ratio
    short = (boxes[:, 2:] - boxes[:, :2]).min(1, initial=np.inf)
    ignored = (short < lenience * LEAST_SIDE) | (truth.visible < lenience * LEAST_VISIBLE)
    return np.column_stack((boxes, truth.class_id, ignored)).astype(np.float32)


def settings_for(seed: int, width: int, height: int, condition: int, shake: float) -> Settings:
    """A street whose light and weather are the `condition`-th of their nine combinations."""
    light, weather = divmod(condition % (len(LIGHTS) * len(WEATHERS)), len(WEATHERS))
    return Settings(
        seed=seed, width=width, height=height, fps=25.0,
        light=LIGHTS[light], weather=WEATHERS[weather], shake=shake,
    )  # fmt: skip
