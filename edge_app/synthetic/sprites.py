"""Sprites of everything in the street, drawn when first needed and cached."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial

from edge_app.synthetic.actor_meshes import actor_mesh, animation_phase
from edge_app.synthetic.camera import PinholeCamera
from edge_app.synthetic.furniture import Fixture, fixture_shapes
from edge_app.synthetic.palette import WARM, Light
from edge_app.synthetic.rasteriser import rasterise
from edge_app.synthetic.shapes import Mesh
from edge_app.synthetic.traffic import Actor
from edge_app.synthetic.view import Sprite, Sun, View

CACHED_SPRITES, CACHED_MESHES = 150, 32  # more of them made it no faster
SMALL = 14.0  # px per metre; below it every other phase of a movement is skipped
LAMP_STEPS = 3  # levels of brightness under a lamp


@dataclass(frozen=True, slots=True)
class ViewSteps:
    """How coarsely views are quantised: all views within a step share a sprite.

    Attributes:
        distance: Ratio of successive distances.
        lateral: Step of `View.lateral`; if infinite, the object is rotated instead.
        heading: Step of the heading [rad].
    """

    distance: float
    lateral: float
    heading: float


VIEW_STEPS = (  # by class
    ViewSteps(1.25, math.inf, math.radians(20)),
    ViewSteps(1.1, 0.08, math.radians(5)),
    ViewSteps(1.1, 0.08, math.radians(5)),
    ViewSteps(1.2, math.inf, math.radians(10)),
)


@dataclass(frozen=True, slots=True)
class ScreenPosition:
    """Where an object stands in the picture.

    Attributes:
        foot: Where it touches the ground, in the picture with margins [px].
        distance: Forward from the camera [m].
        scale: Pixels per metre at that distance.
        lateral: Offset to the right of the optical axis, divided by the distance.
    """

    foot: tuple[float, float]
    distance: float
    scale: float
    lateral: float

    @classmethod
    def project(cls, camera: PinholeCamera, x: float, z: float) -> ScreenPosition | None:
        """Projects a point of the ground; None if it is behind or beside the camera."""
        sin, cos = math.sin(camera.yaw), math.cos(camera.yaw)
        right, forward = x * cos - z * sin, x * sin + z * cos
        if forward < 0.4 * camera.nearest:
            return None
        scale = camera.focal / forward
        foot = (camera.centre_x + scale * right, camera.horizon + scale * camera.height)
        return cls(foot, forward, scale, right / forward)

    def is_outside(self, extent: float, corner: tuple[int, int], size_wh: tuple[int, int]) -> bool:
        """Whether an object that extends at most this far from its foot [m] is surely outside the picture.

        The picture begins at `corner` of the picture with margins [px].
        """
        x, y, extent_px = self.foot[0] - corner[0], self.foot[1] - corner[1], extent * self.scale
        return x + extent_px < 0 or y + extent_px < 0 or x - extent_px > size_wh[0] or y - extent_px > size_wh[1]


@dataclass(frozen=True, slots=True)
class SpriteRenderer:
    """Draws sprites for one camera under one light."""

    camera: PinholeCamera
    light: Light
    shadow_offset: tuple[float, float]
    meshes: Callable[[int, int, int], Mesh]

    def fixture(self, fixture: Fixture, position: ScreenPosition, lamplight: float) -> Sprite:
        """Draws a fixture at its size in the picture."""
        heading = fixture.heading - self.camera.yaw
        mesh = Mesh.from_shapes(fixture_shapes(fixture, lamps=self.light.lamp > 0))
        view = View(position.lateral, position.distance, self.camera.height, position.scale, heading)
        return rasterise(mesh, view, self._sun(min(1.0, lamplight)))

    def actor(self, class_id: int, appearance_seed: int, phase: int, steps: tuple[int, int, int], lamp: int) -> Sprite:
        """Draws an actor at these `steps` of distance, lateral offset and heading, under a lamp of this level."""
        view_steps = VIEW_STEPS[class_id]
        distance = round(view_steps.distance ** steps[0], 6)
        view = View(
            lateral=steps[1] * view_steps.lateral if steps[1] else 0.0,
            distance=distance,
            height=self.camera.height,
            scale=self.camera.focal / distance,
            heading=steps[2] * view_steps.heading,
        )
        return rasterise(self.meshes(class_id, appearance_seed, phase), view, self._sun(lamp / LAMP_STEPS))

    def _sun(self, lamplight: float) -> Sun:
        light, warm = self.light, 0.62 * self.light.lamp * lamplight
        b, g, r = (sky + warm * lamp for sky, lamp in zip(light.ambient, WARM, strict=True))
        return Sun((b, g, r), light.contrast, light.shadow_darkness, self.shadow_offset)


class SpriteCache:
    """Draws sprites, and keeps those that were used last."""

    def __init__(self, camera: PinholeCamera, light: Light, shadow_offset: tuple[float, float], *, rain: bool) -> None:
        meshes = lru_cache(maxsize=CACHED_MESHES)(partial(actor_mesh, rain=rain, lamps=light.headlights > 0.3))
        self._yaw, self._lamp_steps = camera.yaw, LAMP_STEPS if light.lamp else 0
        self._renderer = SpriteRenderer(camera, light, shadow_offset, meshes)
        self._sprites = lru_cache(maxsize=CACHED_SPRITES)(self._renderer.actor)

    def actor(self, actor: Actor, position: ScreenPosition, lamplight: float) -> tuple[Sprite, float]:
        """The sprite of an actor, and the factor by which it is to be enlarged."""
        view_steps = VIEW_STEPS[actor.class_id]
        heading, lateral = actor.heading - self._yaw, 0
        step = round(math.log(position.distance) / math.log(view_steps.distance))
        if view_steps.lateral == math.inf:
            heading -= math.atan(position.lateral)
        else:
            lateral = round(position.lateral / view_steps.lateral)
        lamp = round(min(1.0, lamplight) * self._lamp_steps)
        phase = animation_phase(actor)
        if position.scale < SMALL and phase > 0:
            phase -= phase % 2
        steps = (step, lateral, round(heading / view_steps.heading))
        sprite = self._sprites(actor.class_id, actor.appearance_seed, phase, steps, lamp)
        return sprite, round(view_steps.distance**step, 6) / position.distance

    def fixture(self, fixture: Fixture, position: ScreenPosition, lamplight: float) -> Sprite:
        """The sprite of a fixture, at its size in the picture."""
        return self._renderer.fixture(fixture, position, lamplight)
