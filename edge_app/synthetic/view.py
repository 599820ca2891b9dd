"""How an object is seen and lit, and the sprite that is drawn of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edge_app.synthetic.arrays import ByteImage, Floats
from edge_app.synthetic.palette import Colour

Foot = tuple[float, float]


@dataclass(frozen=True, slots=True)
class View:
    """How the camera sees an object.

    Attributes:
        lateral: Offset to the right of the optical axis, divided by the distance.
        distance: Forward from the camera [m].
        height: Height of the camera [m].
        scale: Pixels per metre at that distance.
        heading: Direction the object faces: 0 is away from the camera, a quarter turn is right [rad].
    """

    lateral: float
    distance: float
    height: float
    scale: float
    heading: float

    def to_camera(self, points: Floats) -> Floats:
        """Points (3, n) of the object in camera axes: right, up, forward [m]."""
        sin, cos = math.sin(self.heading), math.cos(self.heading)
        side, up, ahead = points
        right = self.lateral * self.distance + ahead * sin + side * cos
        return np.array((right, up, self.distance + ahead * cos - side * sin))

    def project(self, points: Floats) -> tuple[Floats, Floats]:
        """Points (3, ...) in camera axes to pixels right and down from the foot, (..., 2); pixels per metre (...)."""
        right, up, forward = points
        px_per_m = self.scale * self.distance / np.maximum(forward, 0.25 * self.distance)
        xy = np.empty((*px_per_m.shape, 2))
        xy[..., 0] = px_per_m * right
        xy[..., 1] = px_per_m * (self.height - up)
        xy -= (self.scale * self.lateral * self.distance, self.scale * self.height)
        return xy, px_per_m


@dataclass(frozen=True, slots=True)
class Sun:
    """The light on an object.

    Attributes:
        tint: Factor on every colour, per channel (BGR).
        contrast: How much brighter a face towards the sun is than one away from it, 0 to 1.
        shadow_darkness: Opacity of the shadow, 0 to 1.
        shadow_offset: Offset of the shadow of a point one metre up: to the right, forward [m].
    """

    tint: Colour
    contrast: float
    shadow_darkness: float
    shadow_offset: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Sprite:
    """The image of an object, and that of its shadow.

    Attributes:
        body: BGR premultiplied by alpha, and alpha; uint8 (height, width, 4).
        foot: Where the object touches the ground in `body` [px]; may lie outside.
        shadow: Alpha of its shadow, uint8 (height, width).
        shadow_foot: Where the object touches the ground in `shadow` [px].
    """

    body: ByteImage
    foot: Foot
    shadow: ByteImage
    shadow_foot: Foot
