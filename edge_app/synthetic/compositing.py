"""Composites sprites into a picture at sub-pixel positions, and measures how much of each is visible."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from edge_app.synthetic.arrays import ByteImage

ALPHA_THRESHOLD = 127  # pixels with more alpha belong to the object


@dataclass(frozen=True, eq=False)
class PlacedSprite:
    """A sprite's image, scaled and moved to its place in a picture. What is derived from its pixels is cached.

    Attributes:
        pixels: BGR premultiplied by alpha, and alpha, uint8 (height, width, 4); of a shadow only alpha (height, width).
        left: Column of its left edge in the picture [px]. All or part of it may lie outside.
        top: Row of its top edge [px].
    """

    pixels: ByteImage
    left: int
    top: int

    @classmethod
    def place(cls, image: ByteImage, foot: tuple[float, float], at: tuple[float, float], zoom: float) -> PlacedSprite:
        """Scales an image by `zoom` and places its foot at `at` in the picture [px]."""
        zoom, x, y = round(zoom * 1024) / 1024, round(at[0] * 16) / 16, round(at[1] * 16) / 16
        rows, width = image.shape[:2]
        edge_x, edge_y = x - zoom * foot[0], y - zoom * foot[1]
        left, top = math.floor(edge_x), math.floor(edge_y)
        transform = np.array(
            [[zoom, 0, edge_x - left + zoom / 2 - 0.5], [0, zoom, edge_y - top + zoom / 2 - 0.5]],
            dtype=np.float64,
        )
        size = (math.ceil(width * zoom) + 1, math.ceil(rows * zoom) + 1)
        warped = cv2.warpAffine(image, transform, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        return cls(np.asarray(warped, dtype=np.uint8), left, top)

    @staticmethod
    def is_outside(
        image: ByteImage,
        foot: tuple[float, float],
        at: tuple[float, float],
        zoom: float,
        size_wh: tuple[int, int],
    ) -> bool:
        """Whether an image placed like this lies outside a picture of that size."""
        left, top = at[0] - zoom * foot[0], at[1] - zoom * foot[1]
        right, bottom = left + zoom * image.shape[1], top + zoom * image.shape[0]
        return right < -2 or bottom < -2 or left > size_wh[0] + 2 or top > size_wh[1] + 2

    def shifted(self, right: int, down: int) -> PlacedSprite:
        """The same sprite, shifted [px]."""
        return PlacedSprite(self.pixels, self.left + right, self.top + down)

    def overlap(self, height: int, width: int) -> tuple[slice, slice, slice, slice] | None:
        """Rows and columns of a picture, then of the sprite, where they overlap; None if they do not."""
        rows, columns = self.pixels.shape[:2]
        y0, y1 = max(0, self.top), min(height, self.top + rows)
        x0, x1 = max(0, self.left), min(width, self.left + columns)
        if y1 <= y0 or x1 <= x0:
            return None
        return (
            slice(y0, y1), slice(x0, x1),
            slice(y0 - self.top, y1 - self.top), slice(x0 - self.left, x1 - self.left),
        )  # fmt: skip

    def draw_on(self, picture: ByteImage) -> None:
        """Draws the sprite over a picture (height, width, 3), in place."""
        overlap = self.overlap(*picture.shape[:2])
        if overlap is not None:
            area = picture[overlap[0], overlap[1]]
            cv2.multiply(area, self._transmittance[overlap[2], overlap[3]], dst=area, scale=1 / 255)
            cv2.add(area, self._colour[overlap[2], overlap[3]], dst=area)

    def darken(self, picture: ByteImage) -> None:
        """Darkens a picture by this shadow, in place."""
        overlap = self.overlap(*picture.shape[:2])
        if overlap is not None:
            area = picture[overlap[0], overlap[1]]
            cv2.multiply(area, self._transmittance[overlap[2], overlap[3]], dst=area, scale=1 / 255)

    def restore(self, picture: ByteImage, below: ByteImage) -> None:
        """Restores the `below` picture where the sprite covers it, in place; both are (height, width, 3)."""
        overlap = self.overlap(*picture.shape[:2])
        if overlap is not None:
            cv2.copyTo(
                below[overlap[0], overlap[1]], self._alpha[overlap[2], overlap[3]], picture[overlap[0], overlap[1]]
            )

    @cached_property
    def silhouette(self) -> ByteImage:
        """255 where the object is, uint8 (height, width)."""
        return np.asarray(cv2.threshold(self._alpha, ALPHA_THRESHOLD, 255, cv2.THRESH_BINARY)[1], dtype=np.uint8)

    @cached_property
    def _alpha(self) -> ByteImage:
        return self.pixels if self.pixels.ndim == 2 else np.asarray(cv2.extractChannel(self.pixels, 3), dtype=np.uint8)

    @cached_property
    def _transmittance(self) -> ByteImage:
        """255 - alpha, uint8 (height, width, 3)."""
        return np.asarray(cv2.cvtColor(cv2.bitwise_not(self._alpha), cv2.COLOR_GRAY2BGR), dtype=np.uint8)

    @cached_property
    def _colour(self) -> ByteImage:
        return np.asarray(cv2.cvtColor(self.pixels, cv2.COLOR_BGRA2BGR), dtype=np.uint8)


def visible_part(sprite: PlacedSprite, unoccluded: ByteImage) -> tuple[tuple[int, int, int, int], float] | None:
    """Box of the object inside the picture [px], and the fraction of the whole object that is visible.

    None if it lies outside. `unoccluded` is 255 where nothing nearer is, uint8 (height, width); the object's own
    pixels are cleared in it.
    """
    overlap = sprite.overlap(*unoccluded.shape)
    if overlap is None:
        return None
    whole = sprite.silhouette
    mask = whole[overlap[2], overlap[3]]
    x, y, width, height = cv2.boundingRect(np.ascontiguousarray(mask))
    if width == 0:
        return None
    area = unoccluded[overlap[0], overlap[1]]
    visible = cv2.countNonZero(cv2.bitwise_and(area, mask)) / cv2.countNonZero(whole)
    cv2.bitwise_and(area, cv2.bitwise_not(mask), dst=area)
    left, top = x + overlap[1].start, y + overlap[0].start
    return (left, top, left + width, top + height), visible
