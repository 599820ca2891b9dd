"""Rain in front of the lens and sensor noise: textures made once, shown at a new offset each frame."""

from __future__ import annotations

import cv2
import numpy as np

from edge_app.synthetic.arrays import ByteImage
from edge_app.synthetic.rng import KeyedRng
from edge_app.synthetic.settings import Settings

SPARE = 96  # px by which a texture is larger than the picture, in each direction


class Weather:
    """What weather and sensor add to a picture."""

    def __init__(self, settings: Settings) -> None:
        self._seed, self._size = settings.seed, (settings.height, settings.width)
        self._added: list[ByteImage] = []
        self._subtracted: list[ByteImage] = []
        shape = (settings.height + SPARE, settings.width + SPARE)
        rng = np.random.RandomState((settings.seed + 51) % 2**32)
        if settings.weather == "rain":
            strength = {"day": 58, "dusk": 42, "night": 30}[settings.light]
            self._added = [_streaks(rng, shape, strength)]
        elif settings.weather == "noise":
            spread = {"day": 22, "dusk": 30, "night": 36}[settings.light]
            self._added, self._subtracted = [_speckles(rng, shape, spread)], [_speckles(rng, shape, spread)]

    def apply(self, picture: ByteImage, index: int) -> None:
        """Adds the weather of frame `index` to a picture (height, width, 3), in place."""
        height, width = self._size
        for number, (textures, combine) in enumerate(((self._added, cv2.add), (self._subtracted, cv2.subtract))):
            for texture in textures:
                rng = KeyedRng(self._seed, 52, index, number)
                x, y = rng.randint(0, SPARE - 1), rng.randint(0, SPARE - 1)
                combine(picture, texture[y : y + height, x : x + width], dst=picture)


def _streaks(rng: np.random.RandomState, shape: tuple[int, int], strength: int) -> ByteImage:
    rows, width = shape
    mask = np.zeros((rows, width), dtype=np.uint8)
    unit = max(rows, 200) / 360
    for _ in range(rows * width // 700):
        x, y = int(rng.randint(0, width)), int(rng.randint(-20, rows))
        length = int(rng.randint(5, 26) * unit)
        brightness = int(rng.randint(strength // 3, strength))
        cv2.line(mask, (x * 16, y * 16), (x * 16 - length * 3, (y + length) * 16), brightness, 1, cv2.LINE_AA, 4)
    return np.asarray(cv2.cvtColor(mask, cv2.COLOR_GRAY2BGR), dtype=np.uint8)


def _speckles(rng: np.random.RandomState, shape: tuple[int, int], spread: int) -> ByteImage:
    """Half of the noise, in integers: the difference of two of these is bell-shaped around 0."""
    grain = rng.randint(0, spread, (2, *shape, 3)).sum(axis=0)
    blotch = cv2.resize(np.asarray(grain[::2, ::2] // 2, dtype=np.uint8), shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(grain // 2 + np.asarray(blotch)[: shape[0], : shape[1]] // 2, dtype=np.uint8)
