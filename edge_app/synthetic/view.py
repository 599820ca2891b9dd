"""How an object stands before the camera and in the light, and the sprite that comes of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_app.synthetic.palette import Colour
from edge_app.synthetic.shapes import Floats

Bytes = NDArray[np.uint8]
Foot = tuple[float, float]


@dataclass(frozen=True, slots=True)
class View:
    """How an object stands before the camera.

    Attributes:
        aside: To the right of the axis, over the distance.
        distance: Forward from the camera [m].
        height: Of the camera [m].
        scale: Pixels to the metre at that distance.
        heading: Where the object faces: 0 is away from the camera, a quarter turn is right [rad].
    """

    aside: float
    distance: float
    height: float
    scale: float
    heading: float

    def turned(self, points: Floats) -> Floats:
        """Points (3, n) of the object as seen from the camera: right, up, forward [m]."""
        sin, cos = math.sin(self.heading), math.cos(self.heading)
        side, up, ahead = points
        right = self.aside * self.distance + ahead * sin + side * cos
        return np.array((right, up, self.distance + ahead * cos - side * sin))

    def flat(self, seen: Floats) -> tuple[Floats, Floats]:
        """Turned points (3, ...) as right and down from the foot [px], (..., 2), and pixels to the metre (...)."""
        right, up, forward = seen
        zoom = self.scale * self.distance / np.maximum(forward, 0.25 * self.distance)
        flat = np.empty((*zoom.shape, 2))
        flat[..., 0] = zoom * right
        flat[..., 1] = zoom * (self.height - up)
        flat -= (self.scale * self.aside * self.distance, self.scale * self.height)
        return flat, zoom


@dataclass(frozen=True, slots=True)
class Sun:
    """Light on objects.

    Attributes:
        tint: Factor on every colour, per channel (BGR).
        contrast: How much a face turned to the sun is brighter than one turned away, 0 to 1.
        shadow: Darkness of the shadow, 0 to 1.
        throw: Where the shadow of a metre of height falls: to the right, forward [m].
    """

    tint: Colour
    contrast: float
    shadow: float
    throw: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Sprite:
    """A drawn object.

    Attributes:
        body: BGR and alpha, the colours multiplied by it; uint8 (height, width, 4).
        foot: Where the object stands in `body` [px]; may lie outside.
        shade: Its shadow's alpha, uint8 (height, width); nothing to see when 1 px wide.
        shade_foot: Where the object stands in `shade` [px].
    """

    body: Bytes
    foot: Foot
    shade: Bytes
    shade_foot: Foot
