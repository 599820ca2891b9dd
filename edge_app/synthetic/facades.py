"""House facades: walls, windows, shops and doors, and which of them are lit."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from edge_app.synthetic.arrays import FloatImage
from edge_app.synthetic.palette import CLOTH, WALLS, Colour, shaded, varied
from edge_app.synthetic.rng import KeyedRng
from edge_app.synthetic.sky import noise

STOREY = 3.1  # m
GROUND_FLOOR = 3.8  # m
GLASS: Colour = (120, 104, 88)
LAMPLIGHTS: tuple[Colour, ...] = ((120, 195, 240), (95, 170, 235), (170, 215, 235), (210, 205, 190))


@dataclass(frozen=True, slots=True)
class FacadeStyle:
    """What all facades of one house have in common.

    Attributes:
        wall: Colour of the wall.
        trim: Colour of window frames and cornices.
        bay: Horizontal distance between windows [m].
        window: Size of a window, as fractions of a bay and of a storey.
        shops: Whether there are shops on the ground floor.
        bricks: Whether courses of bricks are visible.
    """

    wall: Colour
    trim: Colour
    bay: float
    window: tuple[float, float]
    shops: bool
    bricks: bool

    @classmethod
    def random(cls, rng: KeyedRng) -> FacadeStyle:
        return cls(
            wall=varied(rng.choice(WALLS), rng, 0.1),
            trim=rng.choice(((225, 228, 230), (95, 95, 98), (190, 205, 215), (60, 62, 70))),
            bay=rng.uniform(1.9, 3.2),
            window=(rng.uniform(0.4, 0.78), rng.uniform(0.45, 0.68)),
            shops=rng.chance(0.5),
            bricks=rng.chance(0.5),
        )


class Facade:
    """One facade, seen straight on, as two textures, float32 (height, width, 3).

    Attributes:
        colours: In daylight.
        emission: Light from its windows, which does not depend on the light outside.
    """

    def __init__(
        self, style: FacadeStyle, size: tuple[float, float], px_per_m: float, rng: KeyedRng, lit_part: float
    ) -> None:
        self._style, self._px_per_m, self._rng, self._lit_part = style, px_per_m, rng, lit_part
        self._width, self._height = size
        shape = (max(4, round(self._height * px_per_m)), max(4, round(self._width * px_per_m)), 3)
        self.colours: FloatImage = np.empty(shape, dtype=np.float32)
        self.emission: FloatImage = np.zeros(shape, dtype=np.float32)
        self._wall()
        floors = max(1, int((self._height - GROUND_FLOOR - 0.4) / STOREY))
        bays = max(1, int(self._width / style.bay))
        for bay in range(bays):
            for floor in range(floors):
                self._window((bay + 0.5) * self._width / bays, GROUND_FLOOR + (floor + 0.5) * STOREY)
        self._ground_floor(max(1, bays // 2))
        self._fill((0, self._width), (self._height - 0.45, self._height - 0.15), shaded(style.trim, 0.92))
        self._fill((0, self._width), (self._height - 0.15, self._height), shaded(style.wall, 0.6))

    def _fill(self, x: tuple[float, float], y: tuple[float, float], colour: Colour, glow: Colour | None = None) -> None:
        """Fills a rectangle [m from the left, m above the ground]; `glow` is the light it emits."""
        height = self.colours.shape[0]
        corner, opposite = (x[0], self._height - y[1]), (x[1], self._height - y[0])
        a, b = (tuple(round(value * self._px_per_m * 16 - 8) for value in point) for point in (corner, opposite))
        if height:
            cv2.rectangle(self.colours, a, b, colour, -1, cv2.LINE_8, 4)
            if self._lit_part:
                cv2.rectangle(self.emission, a, b, glow or (0, 0, 0), -1, cv2.LINE_8, 4)

    def _wall(self) -> None:
        height, width = self.colours.shape[:2]
        self.colours[:] = self._style.wall
        stains = noise(int(self._rng.random() * 2**31), height, width, (3, 9, 31))
        self.colours *= (1 + np.float32(0.12) * stains)[..., None]
        if self._style.bricks and self._px_per_m > 7:
            self.colours[:: max(2, round(0.24 * self._px_per_m))] *= np.float32(0.9)
        self.colours *= np.linspace(1.06, 0.9, height, dtype=np.float32)[:, None, None]

    def _window(self, x: float, y: float) -> None:
        style, rng = self._style, self._rng
        half_w, half_h = style.window[0] * style.bay / 2, style.window[1] * STOREY / 2
        self._fill((x - half_w - 0.1, x + half_w + 0.1), (y - half_h - 0.1, y + half_h + 0.1), style.trim)
        glow = shaded(rng.choice(LAMPLIGHTS), rng.uniform(0.45, 1.0)) if rng.chance(self._lit_part) else None
        self._fill((x - half_w, x + half_w), (y - half_h, y + half_h), shaded(GLASS, rng.uniform(0.55, 1.0)), glow)
        if rng.chance(0.4):
            drawn = y + half_h * rng.uniform(-0.4, 0.7)
            colour = shaded((205, 210, 215), rng.uniform(0.6, 1.0))
            self._fill((x - half_w, x + half_w), (drawn, y + half_h), colour, shaded(glow, 0.6) if glow else None)
        else:
            self._fill((x - half_w, x + half_w), (y + 0.1 * half_h, y + half_h), shaded(GLASS, 1.25), glow)
        self._fill((x - 0.04, x + 0.04), (y - half_h, y + half_h), style.trim)
        self._fill(
            (x - half_w - 0.14, x + half_w + 0.14),
            (y - half_h - 0.2, y - half_h - 0.08),
            shaded(style.trim, 0.75),
        )

    def _ground_floor(self, units: int) -> None:
        style, rng = self._style, self._rng
        self._fill((0, self._width), (0, GROUND_FLOOR - 0.3 if style.shops else 0.6), shaded(style.wall, 0.72))
        width = self._width / units
        for unit in range(units):
            if style.shops:
                self._shop(unit * width, (unit + 1) * width)
                continue
            door, middle = rng.chance(0.4), (unit + 0.5) * width
            colour, low = (varied(rng.choice(CLOTH), rng), 0.0) if door else (shaded(GLASS, 0.8), 1.0)
            self._fill((middle - 0.67, middle + 0.67), (low, 2.55), style.trim)
            self._fill((middle - 0.55, middle + 0.55), (low, 2.4), colour)

    def _shop(self, left: float, right: float) -> None:
        """A shop window with a door, a sign above it and perhaps an awning."""
        rng, width = self._rng, right - left - 0.5
        glow = shaded(rng.choice(LAMPLIGHTS), 0.95) if rng.chance(min(0.8, 1.8 * self._lit_part)) else None
        dimmed = shaded(glow, 0.8) if glow else None
        self._fill((left + 0.3, right - 0.3), (0.5, 2.7), shaded(GLASS, 0.75), glow)
        self._fill((left + 0.3, right - 0.3), (1.9, 2.7), shaded(GLASS, 1.05), glow)
        for _ in range(4):
            x, height, colour = (
                rng.uniform(left + 0.4, right - 1.6),
                rng.uniform(0.7, 1.4),
                varied(rng.choice(CLOTH), rng),
            )
            self._fill((x, x + rng.uniform(0.2, 0.6)), (0.55, height), colour, shaded(colour, 0.9) if glow else None)
        self._fill((right - 1.25, right - 0.45), (0.0, 2.5), shaded(GLASS, 0.5), dimmed)
        sign = varied(rng.choice(CLOTH), rng)
        self._fill((left + 0.2, right - 0.2), (2.8, 3.4), sign, shaded(sign, 0.8) if glow else None)
        stripes = max(2, round(width / 0.5)) if rng.chance(0.5) else 0
        for k in range(stripes):
            a, b = (left + 0.25 + width * part / stripes for part in (k, k + 1))
            self._fill((a, b), (2.35, 2.85), sign if k % 2 else (215, 218, 220))
