"""Sprites of everything in the street, drawn when first needed and kept while they are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from edge_app.synthetic.camera import Camera
from edge_app.synthetic.cast import model, phase
from edge_app.synthetic.easel import Sprite, Sun, View, draw
from edge_app.synthetic.furniture import Fixture, shapes
from edge_app.synthetic.layout import BICYCLE, PERSON
from edge_app.synthetic.palette import Light
from edge_app.synthetic.shapes import Model
from edge_app.synthetic.traffic import Actor

SPRITES, MODELS = 500, 80  # kept
LAMP_STEPS = 4  # of brightness under a lamp


@dataclass(frozen=True, slots=True)
class Coarseness:
    """Views that share a sprite.

    Attributes:
        distance: Ratio of neighbouring distances.
        aside: Step of the sideways offset, over the distance.
        heading: Step [rad].
    """

    distance: float
    aside: float
    heading: float


FOR_PEOPLE = Coarseness(1.16, 0.16, math.radians(15))
FOR_VEHICLES = Coarseness(1.06, 0.05, math.radians(5))


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in the picture.

    Attributes:
        foot: [px], in the picture with its margins.
        distance: Forward from the camera [m].
        scale: Pixels to the metre.
        aside: To the right of the axis, over the distance.
    """

    foot: tuple[float, float]
    distance: float
    scale: float
    aside: float

    @classmethod
    def of(cls, camera: Camera, x: float, z: float) -> Place | None:
        """The place of a point on the ground, unless it is behind or beside the camera."""
        right, _, forward = camera.turn(np.array([(x, 0.0, z)]))[0].tolist()
        if forward < 0.4 * camera.nearest:
            return None
        scale = camera.focal / forward
        foot = (camera.centre_x + scale * right, camera.horizon + scale * camera.height)
        return cls(foot, forward, scale, right / forward)


class Wardrobe:
    """Draws sprites for one camera and one light."""

    def __init__(self, camera: Camera, light: Light, throw: tuple[float, float], *, rain: bool) -> None:
        self._camera, self._light, self._throw, self._rain = camera, light, throw, rain
        self._sprites = lru_cache(maxsize=SPRITES)(self._draw)
        self._models = lru_cache(maxsize=MODELS)(self._model)

    def actor(self, actor: Actor, place: Place, lamplight: float) -> tuple[Sprite, float]:
        """The sprite of an actor, and how much larger it is to be printed."""
        coarse = FOR_PEOPLE if actor.class_id in (PERSON, BICYCLE) else FOR_VEHICLES
        if actor.class_id == BICYCLE:
            coarse = Coarseness(1.12, 0.1, math.radians(7.5))
        step = round(math.log(place.distance) / math.log(coarse.distance))
        sprite = self._sprites(
            actor.class_id,
            actor.look,
            phase(actor),
            coarse,
            (step, round(place.aside / coarse.aside), round((actor.heading - self._camera.yaw) / coarse.heading)),
            min(LAMP_STEPS, round(lamplight * LAMP_STEPS)) if self._light.lamp else 0,
        )
        return sprite, round(coarse.distance**step, 6) / place.distance

    def fixture(self, fixture: Fixture, place: Place, lamplight: float) -> Sprite:
        """The sprite of something that never moves, at its size in the picture."""
        heading = fixture.heading - self._camera.yaw
        view = View(place.aside, place.distance, self._camera.height, place.scale, heading)
        return draw(Model.of(shapes(fixture, lamps=self._light.lamp > 0.5)), view, self._sun(min(1.0, lamplight)))

    def _sun(self, lamplight: float) -> Sun:
        light = self._light
        warm = (0.52, 0.78, 0.98)
        b, g, r = (sky + light.lamp * 0.62 * lamplight * lamp for sky, lamp in zip(light.ambient, warm, strict=True))
        return Sun((b, g, r), light.contrast, light.shadow, self._throw)

    def _model(self, class_id: int, look: int, moment: int) -> Model:
        return model(class_id, look, moment, rain=self._rain, lamps=self._light.lamp > 0.2)

    def _draw(
        self, class_id: int, look: int, moment: int, coarse: Coarseness, steps: tuple[int, int, int], lamp: int
    ) -> Sprite:
        distance = round(coarse.distance ** steps[0], 6)
        view = View(
            aside=steps[1] * coarse.aside,
            distance=distance,
            height=self._camera.height,
            scale=self._camera.focal / distance,
            heading=steps[2] * coarse.heading,
        )
        return draw(self._models(class_id, look, moment), view, self._sun(lamp / LAMP_STEPS))
