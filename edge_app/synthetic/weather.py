"""Rain before the lens and noise of the sensor: textures made once, shown from a new corner each frame."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_app.synthetic.dice import Dice
from edge_app.synthetic.settings import Settings

Bytes = NDArray[np.uint8]

SPARE = 96  # px of texture beyond the picture, to each side


class Weather:
    """What the air and the sensor add to a picture."""

    def __init__(self, settings: Settings) -> None:
        self._seed, self._size = settings.seed, (settings.height, settings.width)
        self._add: list[Bytes] = []
        self._subtract: list[Bytes] = []
        shape = (settings.height + SPARE, settings.width + SPARE)
        dice = np.random.RandomState((settings.seed + 51) % 2**32)
        if settings.weather == "rain":
            strength = {"day": 58, "dusk": 42, "night": 30}[settings.light]
            self._add = [_streaks(dice, shape, strength)]
        elif settings.weather == "noise":
            spread = {"day": 22, "dusk": 30, "night": 36}[settings.light]
            self._add, self._subtract = [_speckles(dice, shape, spread)], [_speckles(dice, shape, spread)]

    def fall(self, picture: Bytes, index: int) -> None:
        """Adds the weather of frame `index` to a picture (height, width, 3), in place."""
        height, width = self._size
        for number, (textures, put) in enumerate(((self._add, cv2.add), (self._subtract, cv2.subtract))):
            for texture in textures:
                dice = Dice(self._seed, 52, index, number)
                x, y = dice.whole(0, SPARE - 1), dice.whole(0, SPARE - 1)
                put(picture, texture[y : y + height, x : x + width], dst=picture)


def _streaks(dice: np.random.RandomState, shape: tuple[int, int], strength: int) -> Bytes:
    rows, width = shape
    fine = np.zeros((rows, width), dtype=np.uint8)
    unit = max(rows, 200) / 360
    for _ in range(rows * width // 700):
        x, y = int(dice.randint(0, width)), int(dice.randint(-20, rows))
        long = int(dice.randint(5, 26) * unit)
        tone = int(dice.randint(strength // 3, strength))
        cv2.line(fine, (x * 16, y * 16), (x * 16 - long * 3, (y + long) * 16), tone, 1, cv2.LINE_AA, 4)
    return np.asarray(cv2.cvtColor(fine, cv2.COLOR_GRAY2BGR), dtype=np.uint8)


def _speckles(dice: np.random.RandomState, shape: tuple[int, int], spread: int) -> Bytes:
    """Half of the noise, float-free: the difference of two of them is bell-shaped around 0."""
    grain = dice.randint(0, spread, (2, *shape, 3)).sum(axis=0)
    blotch = cv2.resize(np.asarray(grain[::2, ::2] // 2, dtype=np.uint8), shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(grain // 2 + np.asarray(blotch)[: shape[0], : shape[1]] // 2, dtype=np.uint8)
