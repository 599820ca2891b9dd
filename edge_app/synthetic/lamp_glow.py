"""The glow of lamps, in the lens and on the road: soft discs added to the picture."""

from __future__ import annotations

import math
from functools import lru_cache

import cv2
import numpy as np

from edge_app.synthetic.arrays import ByteImage
from edge_app.synthetic.camera import PinholeCamera
from edge_app.synthetic.furniture import LAMP_ARM, LAMP_HEIGHT
from edge_app.synthetic.palette import Colour, Light, shaded
from edge_app.synthetic.routes import CAR
from edge_app.synthetic.sprites import ScreenPosition
from edge_app.synthetic.traffic import Actor

HEADLIGHT: Colour = (225, 240, 250)
BEAM: Colour = (70, 84, 92)
TAIL_LIGHT: Colour = (18, 18, 150)
STREET_LAMP: Colour = (95, 150, 190)


class LampGlow:
    """Adds the glow of lamps to the pictures of one camera.

    `corner` is where the picture begins in the camera's picture with margins [px].
    """

    def __init__(self, camera: PinholeCamera, light: Light) -> None:
        self._camera, self._light = camera, light
        self._disc = lru_cache(maxsize=256)(glow_disc)

    def street_lamp(
        self, picture: ByteImage, position: ScreenPosition, heading: float, corner: tuple[int, int]
    ) -> None:
        """Adds the halo of a street lamp."""
        x, y = self._project(position, heading, (0.0, LAMP_HEIGHT, LAMP_ARM), corner)
        size = 2.6 * position.scale
        self._add_glow(picture, (x, y), (size, size), shaded(STREET_LAMP, self._light.lamp))

    def beam(self, picture: ByteImage, position: ScreenPosition, actor: Actor, corner: tuple[int, int]) -> None:
        """Adds the light of a vehicle's headlights on the road."""
        heading = actor.heading - self._camera.yaw
        sin, cos = math.sin(heading), math.cos(heading)
        squeeze = self._camera.height / position.distance
        size = (position.scale * (2.6 + 5.5 * abs(sin)), position.scale * squeeze * (2.6 + 5.5 * abs(cos)))
        centre = self._project(position, actor.heading, (0.0, 0.0, half_length(actor) + 3.2), corner)
        self._add_glow(picture, centre, size, shaded(BEAM, self._light.headlights))

    def lamps(self, picture: ByteImage, position: ScreenPosition, actor: Actor, corner: tuple[int, int]) -> None:
        """Adds the glare of the vehicle's lamps that face the camera."""
        cos, half = math.cos(actor.heading - self._camera.yaw), half_length(actor)
        if abs(cos) < 0.15:
            return  # seen from the side, no lamp faces the camera
        end, colour, width = (half, HEADLIGHT, 1.3) if cos < 0 else (-half, TAIL_LIGHT, 0.9)
        for side in (-0.65, 0.65):
            lamp = self._project(position, actor.heading, (side, 0.7, end), corner)
            self._add_glow(
                picture,
                lamp,
                (width * position.scale, width * position.scale),
                shaded(colour, self._light.headlights),
            )

    def _project(
        self, position: ScreenPosition, heading: float, point: tuple[float, float, float], corner: tuple[int, int]
    ) -> tuple[float, float]:
        """Projects a point of an object, (right, up, ahead) of its foot [m], into the picture [px]."""
        side, up, ahead = point
        sin, cos = math.sin(heading - self._camera.yaw), math.cos(heading - self._camera.yaw)
        forward = max(1.0, position.distance + ahead * cos - side * sin)
        scale = self._camera.focal / forward
        x = self._camera.centre_x + scale * (position.lateral * position.distance + ahead * sin + side * cos)
        return x - corner[0], self._camera.horizon + scale * (self._camera.height - up) - corner[1]

    def _add_glow(
        self, picture: ByteImage, centre: tuple[float, float], size: tuple[float, float], colour: Colour
    ) -> None:
        width, height = (max(2, min(512, round(side / 4) * 4)) for side in size)
        x, y = round(centre[0] - width / 2), round(centre[1] - height / 2)
        x0, y0, x1, y1 = (
            max(0, x),
            max(0, y),
            min(picture.shape[1], x + width),
            min(picture.shape[0], y + height),
        )
        if x1 > x0 and y1 > y0:
            area = picture[y0:y1, x0:x1]
            cv2.add(area, self._disc(width, height, colour)[y0 - y : y1 - y, x0 - x : x1 - x], dst=area)


def half_length(actor: Actor) -> float:
    """Approximate distance from the middle of a vehicle to its lamps [m]."""
    return 2.2 if actor.class_id == CAR else 3.6


def glow_disc(width: int, height: int, colour: Colour) -> ByteImage:
    """A disc of light, brightest in the middle and black at the rim; uint8 (height, width, 3)."""
    u = (np.arange(width, dtype=np.float32)[None, :] * 2 + 1 - width) / np.float32(width)
    v = (np.arange(height, dtype=np.float32)[:, None] * 2 + 1 - height) / np.float32(height)
    fade = np.maximum(0, 1 - (u * u + v * v))
    fade = fade * fade * fade
    return np.asarray(np.rint(fade[..., None] * np.array(colour, dtype=np.float32)), dtype=np.uint8)
