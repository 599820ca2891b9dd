"""Fronts of houses: walls, windows, shops and doors, and which of them are lit."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_app.synthetic.dice import Dice
from edge_app.synthetic.palette import CLOTH, WALLS, Colour, shaded, varied
from edge_app.synthetic.sky import noise

Picture = NDArray[np.float32]

STOREY = 3.1  # m
GROUND_FLOOR = 3.8  # m
GLASS: Colour = (120, 104, 88)
LAMPLIGHTS: tuple[Colour, ...] = ((120, 195, 240), (95, 170, 235), (170, 215, 235), (210, 205, 190))


@dataclass(frozen=True, slots=True)
class Style:
    """What all fronts of one house have in common.

    Attributes:
        wall: Colour.
        trim: Colour of window frames and cornices.
        bay: Distance of windows [m].
        window: Part of a bay and of a storey that a window takes.
        shops: The ground floor is shops.
        bricks: Courses of bricks are seen.
    """

    wall: Colour
    trim: Colour
    bay: float
    window: tuple[float, float]
    shops: bool
    bricks: bool

    @classmethod
    def of(cls, dice: Dice) -> Style:
        return cls(
            wall=varied(dice.pick(WALLS), dice, 0.1),
            trim=dice.pick(((225, 228, 230), (95, 95, 98), (190, 205, 215), (60, 62, 70))),
            bay=dice.between(1.9, 3.2),
            window=(dice.between(0.4, 0.78), dice.between(0.45, 0.68)),
            shops=dice.happens(0.5),
            bricks=dice.happens(0.5),
        )


class Front:
    """One front as two pictures of it seen straight on, float32 (height, width, 3): colours, and lights."""

    def __init__(self, style: Style, size: tuple[float, float], px: float, dice: Dice, lit: float) -> None:
        self._style, self._px, self._dice, self._lit = style, px, dice, lit
        self._wide, self._tall = size
        shape = (max(4, round(self._tall * px)), max(4, round(self._wide * px)), 3)
        self.colours: Picture = np.empty(shape, dtype=np.float32)
        self.lights: Picture = np.zeros(shape, dtype=np.float32)
        self._wall()
        floors = max(1, int((self._tall - GROUND_FLOOR - 0.4) / STOREY))
        bays = max(1, int(self._wide / style.bay))
        for bay in range(bays):
            for floor in range(floors):
                self._window((bay + 0.5) * self._wide / bays, GROUND_FLOOR + (floor + 0.5) * STOREY)
        self._ground_floor(max(1, bays // 2))
        self._fill((0, self._wide), (self._tall - 0.45, self._tall - 0.15), shaded(style.trim, 0.92))
        self._fill((0, self._wide), (self._tall - 0.15, self._tall), shaded(style.wall, 0.6))

    def _fill(self, x: tuple[float, float], y: tuple[float, float], colour: Colour, glow: Colour | None = None) -> None:
        """A rectangle [m from the left, m above the ground]; lights are lit where a glow is given."""
        height = self.colours.shape[0]
        corner, opposite = (x[0], self._tall - y[1]), (x[1], self._tall - y[0])
        a, b = (tuple(round(value * self._px * 16 - 8) for value in point) for point in (corner, opposite))
        if height:
            cv2.rectangle(self.colours, a, b, colour, -1, cv2.LINE_8, 4)
            if self._lit:
                cv2.rectangle(self.lights, a, b, glow or (0, 0, 0), -1, cv2.LINE_8, 4)

    def _wall(self) -> None:
        height, width = self.colours.shape[:2]
        self.colours[:] = self._style.wall
        stains = noise(int(self._dice.unit() * 2**31), height, width, (3, 9, 31))
        self.colours *= (1 + np.float32(0.12) * stains)[..., None]
        if self._style.bricks and self._px > 7:
            self.colours[:: max(2, round(0.24 * self._px))] *= np.float32(0.9)
        self.colours *= np.linspace(1.06, 0.9, height, dtype=np.float32)[:, None, None]

    def _window(self, x: float, y: float) -> None:
        style, dice = self._style, self._dice
        half_w, half_h = style.window[0] * style.bay / 2, style.window[1] * STOREY / 2
        self._fill((x - half_w - 0.1, x + half_w + 0.1), (y - half_h - 0.1, y + half_h + 0.1), style.trim)
        glow = shaded(dice.pick(LAMPLIGHTS), dice.between(0.45, 1.0)) if dice.happens(self._lit) else None
        self._fill((x - half_w, x + half_w), (y - half_h, y + half_h), shaded(GLASS, dice.between(0.55, 1.0)), glow)
        if dice.happens(0.4):
            drawn = y + half_h * dice.between(-0.4, 0.7)
            tone = shaded((205, 210, 215), dice.between(0.6, 1.0))
            self._fill((x - half_w, x + half_w), (drawn, y + half_h), tone, shaded(glow, 0.6) if glow else None)
        else:
            self._fill((x - half_w, x + half_w), (y + 0.1 * half_h, y + half_h), shaded(GLASS, 1.25), glow)
        self._fill((x - 0.04, x + 0.04), (y - half_h, y + half_h), style.trim)
        self._fill(
            (x - half_w - 0.14, x + half_w + 0.14),
            (y - half_h - 0.2, y - half_h - 0.08),
            shaded(style.trim, 0.75),
        )

    def _ground_floor(self, units: int) -> None:
        style, dice = self._style, self._dice
        self._fill((0, self._wide), (0, GROUND_FLOOR - 0.3 if style.shops else 0.6), shaded(style.wall, 0.72))
        wide = self._wide / units
        for unit in range(units):
            if style.shops:
                self._shop(unit * wide, (unit + 1) * wide)
                continue
            door, middle = dice.happens(0.4), (unit + 0.5) * wide
            tone, low = (varied(dice.pick(CLOTH), dice), 0.0) if door else (shaded(GLASS, 0.8), 1.0)
            self._fill((middle - 0.67, middle + 0.67), (low, 2.55), style.trim)
            self._fill((middle - 0.55, middle + 0.55), (low, 2.4), tone)

    def _shop(self, left: float, right: float) -> None:
        """A window with a door, a sign above, and perhaps an awning."""
        dice, wide = self._dice, right - left - 0.5
        glow = shaded(dice.pick(LAMPLIGHTS), 0.95) if dice.happens(min(0.8, 1.8 * self._lit)) else None
        dimmed = shaded(glow, 0.8) if glow else None
        self._fill((left + 0.3, right - 0.3), (0.5, 2.7), shaded(GLASS, 0.75), glow)
        self._fill((left + 0.3, right - 0.3), (1.9, 2.7), shaded(GLASS, 1.05), glow)
        for _ in range(4):
            x, high, tone = (
                dice.between(left + 0.4, right - 1.6),
                dice.between(0.7, 1.4),
                varied(dice.pick(CLOTH), dice),
            )
            self._fill((x, x + dice.between(0.2, 0.6)), (0.55, high), tone, shaded(tone, 0.9) if glow else None)
        self._fill((right - 1.25, right - 0.45), (0.0, 2.5), shaded(GLASS, 0.5), dimmed)
        sign = varied(dice.pick(CLOTH), dice)
        self._fill((left + 0.2, right - 0.2), (2.8, 3.4), sign, shaded(sign, 0.8) if glow else None)
        stripes = max(2, round(wide / 0.5)) if dice.happens(0.5) else 0
        for k in range(stripes):
            a, b = (left + 0.25 + wide * part / stripes for part in (k, k + 1))
            self._fill((a, b), (2.35, 2.85), sign if k % 2 else (215, 218, 220))
