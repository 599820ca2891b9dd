"""Light that lamps throw into the lens and onto the road: soft discs added to the picture."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_app.synthetic.palette import Colour

Bytes = NDArray[np.uint8]

HEADLIGHT: Colour = (225, 240, 250)
BEAM: Colour = (70, 84, 92)
TAIL: Colour = (18, 18, 150)
STREET: Colour = (95, 150, 190)


class Glows:
    """Soft discs of every size that was needed."""

    def __init__(self) -> None:
        self._disc = lru_cache(maxsize=128)(_disc)

    def add(self, picture: Bytes, centre: tuple[float, float], size: tuple[float, float], colour: Colour) -> None:
        """Adds a disc `size` wide and high [px] at `centre`, in place."""
        wide, high = (max(2, min(512, round(side / 4) * 4)) for side in size)
        x, y = round(centre[0] - wide / 2), round(centre[1] - high / 2)
        x0, y0, x1, y1 = max(0, x), max(0, y), min(picture.shape[1], x + wide), min(picture.shape[0], y + high)
        if x1 > x0 and y1 > y0:
            area = picture[y0:y1, x0:x1]
            cv2.add(area, self._disc(wide, high, colour)[y0 - y : y1 - y, x0 - x : x1 - x], dst=area)


def _disc(wide: int, high: int, colour: Colour) -> Bytes:
    """Brightest in the middle, dark at the rim; uint8 (high, wide, 3)."""
    u = (np.arange(wide, dtype=np.float32)[None, :] * 2 + 1 - wide) / np.float32(wide)
    v = (np.arange(high, dtype=np.float32)[:, None] * 2 + 1 - high) / np.float32(high)
    fade = np.maximum(0, 1 - (u * u + v * v))
    fade = fade * fade * fade
    return np.asarray(np.rint(fade[..., None] * np.float32(colour)), dtype=np.uint8)
