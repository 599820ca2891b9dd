"""Light that lamps throw into the lens and onto the road: soft discs added to the picture."""

from __future__ import annotations

import math
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_app.synthetic.camera import Camera
from edge_app.synthetic.furniture import LAMP_ARM, LAMP_HEIGHT
from edge_app.synthetic.palette import Colour, Light, shaded
from edge_app.synthetic.traffic import Actor
from edge_app.synthetic.wardrobe import Place
from edge_app.synthetic.ways import CAR

Bytes = NDArray[np.uint8]

HEADLIGHT: Colour = (225, 240, 250)
BEAM: Colour = (70, 84, 92)
TAIL: Colour = (18, 18, 150)
STREET: Colour = (95, 150, 190)


class Glows:
    """Adds the light of lamps to the pictures of one camera."""

    def __init__(self, camera: Camera, light: Light) -> None:
        self._camera, self._light = camera, light
        self._disc = lru_cache(maxsize=256)(disc)

    def street_lamp(self, picture: Bytes, place: Place, heading: float, shift: tuple[int, int]) -> None:
        """The halo of a street lamp; the picture's corner is at `shift` of the camera's picture [px]."""
        x, y = self._point(place, heading, (0.0, LAMP_HEIGHT, LAMP_ARM), shift)
        size = 2.6 * place.scale
        self._add(picture, (x, y), (size, size), shaded(STREET, self._light.lamp))

    def beam(self, picture: Bytes, place: Place, actor: Actor, shift: tuple[int, int]) -> None:
        """The light of a vehicle on the road ahead of it."""
        heading = actor.heading - self._camera.yaw
        sin, cos = math.sin(heading), math.cos(heading)
        squeeze = self._camera.height / place.distance
        size = (place.scale * (2.6 + 5.5 * abs(sin)), place.scale * squeeze * (2.6 + 5.5 * abs(cos)))
        centre = self._point(place, actor.heading, (0.0, 0.0, half_length(actor) + 3.2), shift)
        self._add(picture, centre, size, shaded(BEAM, self._light.headlights))

    def lamps(self, picture: Bytes, place: Place, actor: Actor, shift: tuple[int, int]) -> None:
        """The glare of a vehicle's lamps."""
        cos, half = math.cos(actor.heading - self._camera.yaw), half_length(actor)
        if abs(cos) < 0.15:
            return  # seen from the side
        end, colour, wide = (half, HEADLIGHT, 1.3) if cos < 0 else (-half, TAIL, 0.9)
        for side in (-0.65, 0.65):
            lamp = self._point(place, actor.heading, (side, 0.7, end), shift)
            self._add(
                picture,
                lamp,
                (wide * place.scale, wide * place.scale),
                shaded(colour, self._light.headlights),
            )

    def _point(
        self, place: Place, heading: float, point: tuple[float, float, float], shift: tuple[int, int]
    ) -> tuple[float, float]:
        """Where a point of an object, to the side, up and ahead [m], is in the picture [px]."""
        side, up, ahead = point
        sin, cos = math.sin(heading - self._camera.yaw), math.cos(heading - self._camera.yaw)
        forward = max(1.0, place.distance + ahead * cos - side * sin)
        scale = self._camera.focal / forward
        x = self._camera.centre_x + scale * (place.aside * place.distance + ahead * sin + side * cos)
        return x - shift[0], self._camera.horizon + scale * (self._camera.height - up) - shift[1]

    def _add(self, picture: Bytes, centre: tuple[float, float], size: tuple[float, float], colour: Colour) -> None:
        wide, high = (max(2, min(512, round(side / 4) * 4)) for side in size)
        x, y = round(centre[0] - wide / 2), round(centre[1] - high / 2)
        x0, y0, x1, y1 = (
            max(0, x),
            max(0, y),
            min(picture.shape[1], x + wide),
            min(picture.shape[0], y + high),
        )
        if x1 > x0 and y1 > y0:
            area = picture[y0:y1, x0:x1]
            cv2.add(area, self._disc(wide, high, colour)[y0 - y : y1 - y, x0 - x : x1 - x], dst=area)


def half_length(actor: Actor) -> float:
    """From the middle of a vehicle to its lamps [m], about."""
    return 2.2 if actor.class_id == CAR else 3.6


def disc(wide: int, high: int, colour: Colour) -> Bytes:
    """A light that is brightest in the middle and dark at the rim; uint8 (high, wide, 3)."""
    u = (np.arange(wide, dtype=np.float32)[None, :] * 2 + 1 - wide) / np.float32(wide)
    v = (np.arange(high, dtype=np.float32)[:, None] * 2 + 1 - high) / np.float32(high)
    fade = np.maximum(0, 1 - (u * u + v * v))
    fade = fade * fade * fade
    return np.asarray(np.rint(fade[..., None] * np.array(colour, dtype=np.float32)), dtype=np.uint8)
