"""Puts sprites into a picture at fractions of a pixel, and counts what is seen of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

SILHOUETTE = 127  # an alpha above this belongs to the object


@dataclass(frozen=True, eq=False)
class Stamp:
    """A sprite, scaled and moved to where it will be printed; what is made of its pixels is kept for the next frame.

    Attributes:
        pixels: BGR times alpha and alpha, uint8 (height, width, 4); or alpha alone, (height, width).
        left: Column of its left edge in the picture; may be outside, like all of it [px].
        top: Row of its top edge [px].
    """

    pixels: Bytes
    left: int
    top: int

    @classmethod
    def of(cls, sprite: Bytes, foot: tuple[float, float], at: tuple[float, float], zoom: float) -> Stamp:
        """The sprite with its foot at that place of the picture [px]."""
        zoom, x, y = round(zoom * 1024) / 1024, round(at[0] * 16) / 16, round(at[1] * 16) / 16
        rows, width = sprite.shape[:2]
        edge_x, edge_y = x - zoom * foot[0], y - zoom * foot[1]
        left, top = math.floor(edge_x), math.floor(edge_y)
        move = np.array(
            [[zoom, 0, edge_x - left + zoom / 2 - 0.5], [0, zoom, edge_y - top + zoom / 2 - 0.5]],
            dtype=np.float64,
        )
        size = (math.ceil(width * zoom) + 1, math.ceil(rows * zoom) + 1)
        moved = cv2.warpAffine(sprite, move, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        return cls(np.asarray(moved, dtype=np.uint8), left, top)

    @staticmethod
    def misses(
        sprite: Bytes,
        foot: tuple[float, float],
        at: tuple[float, float],
        zoom: float,
        size_wh: tuple[int, int],
    ) -> bool:
        """Whether the sprite would lie outside a picture of that size."""
        left, top = at[0] - zoom * foot[0], at[1] - zoom * foot[1]
        right, bottom = left + zoom * sprite.shape[1], top + zoom * sprite.shape[0]
        return right < -2 or bottom < -2 or left > size_wh[0] + 2 or top > size_wh[1] + 2

    def moved(self, right: int, down: int) -> Stamp:
        """The same stamp elsewhere [px]."""
        return Stamp(self.pixels, self.left + right, self.top + down)

    def window(self, height: int, width: int) -> tuple[slice, slice, slice, slice] | None:
        """Rows and columns of a picture, then of the stamp, where they meet; none where they do not."""
        rows, columns = self.pixels.shape[:2]
        y0, y1 = max(0, self.top), min(height, self.top + rows)
        x0, x1 = max(0, self.left), min(width, self.left + columns)
        if y1 <= y0 or x1 <= x0:
            return None
        return (
            slice(y0, y1), slice(x0, x1),
            slice(y0 - self.top, y1 - self.top), slice(x0 - self.left, x1 - self.left),
        )  # fmt: skip

    def print_on(self, picture: Bytes) -> None:
        """Lays the stamp over a picture (height, width, 3), in place."""
        meet = self.window(*picture.shape[:2])
        if meet is not None:
            area = picture[meet[0], meet[1]]
            cv2.multiply(area, self._hole[meet[2], meet[3]], dst=area, scale=1 / 255)
            cv2.add(area, self._colour[meet[2], meet[3]], dst=area)

    def darken(self, picture: Bytes) -> None:
        """Lays the stamp, an alpha alone, as a shadow over a picture, in place."""
        meet = self.window(*picture.shape[:2])
        if meet is not None:
            area = picture[meet[0], meet[1]]
            cv2.multiply(area, self._hole[meet[2], meet[3]], dst=area, scale=1 / 255)

    def uncover(self, picture: Bytes, below: Bytes) -> None:
        """Brings back what was `below` where the stamp is, in place; both are (height, width, 3)."""
        meet = self.window(*picture.shape[:2])
        if meet is not None:
            cv2.copyTo(below[meet[0], meet[1]], self._alpha[meet[2], meet[3]], picture[meet[0], meet[1]])

    @cached_property
    def silhouette(self) -> Bytes:
        """255 where the object is, uint8 (height, width)."""
        return np.asarray(cv2.threshold(self._alpha, SILHOUETTE, 255, cv2.THRESH_BINARY)[1], dtype=np.uint8)

    @cached_property
    def _alpha(self) -> Bytes:
        return self.pixels if self.pixels.ndim == 2 else np.asarray(cv2.extractChannel(self.pixels, 3), dtype=np.uint8)

    @cached_property
    def _hole(self) -> Bytes:
        """How much shines through, uint8 (height, width, 3)."""
        return np.asarray(cv2.cvtColor(cv2.bitwise_not(self._alpha), cv2.COLOR_GRAY2BGR), dtype=np.uint8)

    @cached_property
    def _colour(self) -> Bytes:
        return np.asarray(cv2.cvtColor(self.pixels, cv2.COLOR_BGRA2BGR), dtype=np.uint8)


def seen(stamp: Stamp, free: Bytes) -> tuple[tuple[int, int, int, int], float] | None:
    """Box of the object inside the picture [px] and the visible part of all of it; none if it is outside.

    Takes the object's pixels from `free`, which is 255 where nothing nearer is, uint8 (height, width).
    """
    meet = stamp.window(*free.shape)
    if meet is None:
        return None
    whole = stamp.silhouette
    mask = whole[meet[2], meet[3]]
    x, y, width, height = cv2.boundingRect(np.ascontiguousarray(mask))
    if width == 0:
        return None
    area = free[meet[0], meet[1]]
    visible = cv2.countNonZero(cv2.bitwise_and(area, mask)) / cv2.countNonZero(whole)
    cv2.bitwise_and(area, cv2.bitwise_not(mask), dst=area)
    left, top = x + meet[1].start, y + meet[0].start
    return (left, top, left + width, top + height), visible
