"""What nobody is to see in a camera's pictures: areas that take the colour of what is around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Corners = Sequence[Sequence[float]]
Pixels = NDArray[np.uint8]

EDGE_PX = 3  # of the outline that is painted too, so that no half pixel is left over
RING_PX = 8  # how far around an area its colour is taken from
GREY = (128.0, 128.0, 128.0)  # where there is nothing around it


class _Area(NamedTuple):
    """An area in pictures of one size.

    Attributes:
        corners: Of the area, int32 (n, 2) [px].
        place: The rows and columns of the picture that hold it and its ring.
        ring: What lies around it and in no other area, uint8, shape as `place`.
    """

    corners: NDArray[np.int32]
    place: tuple[slice, slice]
    ring: NDArray[np.uint8]


class PrivacyMask:
    """The areas of one camera's pictures; false where there are none. Any thread may use it."""

    def __init__(self, areas: Sequence[Corners]) -> None:
        """Of areas whose corners are shares of the upright picture."""
        self._areas = tuple(tuple(map(tuple, corners)) for corners in areas)
        self._of_size = lru_cache(4)(self._placed)  # a camera has one size, or two by night

    def __bool__(self) -> bool:
        return bool(self._areas)

    def hides_as(self, other: PrivacyMask) -> bool:
        """Whether it hides what the other one does."""
        return set(self._areas) == set(other._areas)

    def hide(self, pixels: Pixels) -> Pixels:
        """A copy in which nothing of what is in the areas is left, not even an average; the same where there are none.

        Args:
            pixels: BGR, uint8 (height, width, 3).
        """
        if not self._areas:
            return pixels
        hidden = pixels.copy()
        for area in self._of_size(*pixels.shape[:2]):
            colour = cv2.mean(pixels[area.place], area.ring)[:3] if area.ring.any() else GREY
            _paint(hidden, area.corners, colour)
        return hidden

    def _placed(self, height: int, width: int) -> tuple[_Area, ...]:
        every = [np.rint(np.array(corners) * (width - 1, height - 1)).astype(np.int32) for corners in self._areas]
        covered = np.zeros((height, width), np.uint8)
        for corners in every:
            _paint(covered, corners, (255,))
        return tuple(_area(corners, covered) for corners in every)


class PrivacyMasks:
    """Those of all cameras, which change while the program runs. Any thread may use them."""

    def __init__(self, areas: Mapping[str, Sequence[Corners]] | None = None) -> None:
        """Takes the areas by camera."""
        self._masks: dict[str, PrivacyMask] = {}
        self.use(areas or {})

    def use(self, areas: Mapping[str, Sequence[Corners]]) -> None:
        """From the next picture on these areas are hidden; a camera whose areas are the same keeps its mask."""
        before = self._masks
        masks = {camera: PrivacyMask(each) for camera, each in areas.items()}
        self._masks = {
            camera: before[camera] if camera in before and mask.hides_as(before[camera]) else mask
            for camera, mask in masks.items()
        }

    def of(self, camera: str) -> PrivacyMask:
        """The mask of that camera; one without areas if it has none."""
        return self._masks.get(camera, NO_MASK)

    def hide(self, camera: str, pixels: Pixels) -> Pixels:
        """See `PrivacyMask.hide`."""
        return self.of(camera).hide(pixels)


NO_MASK = PrivacyMask(())


def _area(corners: NDArray[np.int32], covered: NDArray[np.uint8]) -> _Area:
    """The area with its ring, in pictures of which so much is covered."""
    low, high = corners.min(axis=0) - 2 * RING_PX, corners.max(axis=0) + 2 * RING_PX + 1
    place = slice(max(0, low[1]), high[1]), slice(max(0, low[0]), high[0])
    own = np.zeros_like(covered)
    _paint(own, corners, (255,))
    near = cv2.dilate(own[place], np.ones((2 * RING_PX + 1,) * 2, np.uint8))
    return _Area(corners, place, np.where(covered[place], 0, near).astype(np.uint8))


def _paint(pixels: Pixels, corners: NDArray[np.int32], colour: Sequence[float]) -> None:
    cv2.fillPoly(pixels, [corners], colour)
    cv2.polylines(pixels, [corners], isClosed=True, color=colour, thickness=EDGE_PX)
