"""Sprites of everything in the street, drawn when first needed and kept while they are."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial

from edge_app.synthetic.camera import Camera
from edge_app.synthetic.cast import model, phase
from edge_app.synthetic.easel import draw
from edge_app.synthetic.furniture import Fixture, shapes
from edge_app.synthetic.palette import WARM, Light
from edge_app.synthetic.shapes import Model
from edge_app.synthetic.traffic import Actor
from edge_app.synthetic.view import Sprite, Sun, View

SPRITES, MODELS = 600, 200  # kept
SMALL = 14.0  # px to the metre, below which every second picture of a movement will do
LAMP_STEPS = 3  # of brightness under a lamp


@dataclass(frozen=True, slots=True)
class Coarseness:
    """Views that share a sprite.

    Attributes:
        distance: Ratio of neighbouring distances.
        aside: Step of the sideways offset, over the distance; where infinite, the object is turned instead.
        heading: Step [rad].
    """

    distance: float
    aside: float
    heading: float


COARSENESS = (
    Coarseness(1.25, math.inf, math.radians(20)),
    Coarseness(1.1, 0.08, math.radians(5)),
    Coarseness(1.1, 0.08, math.radians(5)),
    Coarseness(1.2, math.inf, math.radians(10)),
)


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
        sin, cos = math.sin(camera.yaw), math.cos(camera.yaw)
        right, forward = x * cos - z * sin, x * sin + z * cos
        if forward < 0.4 * camera.nearest:
            return None
        scale = camera.focal / forward
        foot = (camera.centre_x + scale * right, camera.horizon + scale * camera.height)
        return cls(foot, forward, scale, right / forward)

    def leaves_out(self, reach: float, corner: tuple[int, int], size_wh: tuple[int, int]) -> bool:
        """Whether what reaches so far from its foot [m] is surely outside a picture with its corner there."""
        x, y, far = self.foot[0] - corner[0], self.foot[1] - corner[1], reach * self.scale
        return x + far < 0 or y + far < 0 or x - far > size_wh[0] or y - far > size_wh[1]


@dataclass(frozen=True, slots=True)
class Tailor:
    """Draws sprites for one camera and one light."""

    camera: Camera
    light: Light
    throw: tuple[float, float]
    models: Callable[[int, int, int], Model]

    def fixture(self, fixture: Fixture, place: Place, lamplight: float) -> Sprite:
        """Something that never moves, at its size in the picture."""
        heading = fixture.heading - self.camera.yaw
        view = View(place.aside, place.distance, self.camera.height, place.scale, heading)
        return draw(Model.of(shapes(fixture, lamps=self.light.lamp > 0)), view, self._sun(min(1.0, lamplight)))

    def actor(self, class_id: int, look: int, moment: int, steps: tuple[int, int, int], lamp: int) -> Sprite:
        """An object at so many steps of distance, offset and heading, under so bright a lamp."""
        coarse = COARSENESS[class_id]
        distance = round(coarse.distance ** steps[0], 6)
        view = View(
            aside=steps[1] * coarse.aside if steps[1] else 0.0,
            distance=distance,
            height=self.camera.height,
            scale=self.camera.focal / distance,
            heading=steps[2] * coarse.heading,
        )
        return draw(self.models(class_id, look, moment), view, self._sun(lamp / LAMP_STEPS))

    def _sun(self, lamplight: float) -> Sun:
        light, warm = self.light, 0.62 * self.light.lamp * lamplight
        b, g, r = (sky + warm * lamp for sky, lamp in zip(light.ambient, WARM, strict=True))
        return Sun((b, g, r), light.contrast, light.shadow, self.throw)


class Wardrobe:
    """Keeps the sprites that were drawn last."""

    def __init__(self, camera: Camera, light: Light, throw: tuple[float, float], *, rain: bool) -> None:
        models = lru_cache(maxsize=MODELS)(partial(model, rain=rain, lamps=light.headlights > 0.3))
        self._yaw, self._lamp_steps = camera.yaw, LAMP_STEPS if light.lamp else 0
        self._tailor = Tailor(camera, light, throw, models)
        self._sprites = lru_cache(maxsize=SPRITES)(self._tailor.actor)

    def actor(self, actor: Actor, place: Place, lamplight: float) -> tuple[Sprite, float]:
        """The sprite of an actor, and how much larger it is to be printed."""
        coarse = COARSENESS[actor.class_id]
        heading, aside = actor.heading - self._yaw, 0
        step = round(math.log(place.distance) / math.log(coarse.distance))
        if coarse.aside == math.inf:
            heading -= math.atan(place.aside)
        else:
            aside = round(place.aside / coarse.aside)
        lamp = round(min(1.0, lamplight) * self._lamp_steps)
        moment = phase(actor)
        if place.scale < SMALL and moment > 0:
            moment -= moment % 2
        steps = (step, aside, round(heading / coarse.heading))
        sprite = self._sprites(actor.class_id, actor.look, moment, steps, lamp)
        return sprite, round(coarse.distance**step, 6) / place.distance

    def fixture(self, fixture: Fixture, place: Place, lamplight: float) -> Sprite:
        """The sprite of something that never moves, at its size in the picture."""
        return self._tailor.fixture(fixture, place, lamplight)
