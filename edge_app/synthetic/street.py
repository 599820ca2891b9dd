"""A street seen by a camera on a pole: the picture of any frame, and its ground truth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from edge_app.synthetic.arrays import ByteImage
from edge_app.synthetic.background import lamplight_at, render_background, shadow_offset
from edge_app.synthetic.camera import CameraShake, PinholeCamera
from edge_app.synthetic.compositing import PlacedSprite
from edge_app.synthetic.furniture import Fixture, place_fixtures
from edge_app.synthetic.ground_truth import SceneTruth
from edge_app.synthetic.houses import House, occluders, place_houses
from edge_app.synthetic.lamp_glow import LampGlow
from edge_app.synthetic.palette import light_for
from edge_app.synthetic.routes import CAR, TRUCK, plan_routes
from edge_app.synthetic.settings import Settings
from edge_app.synthetic.sprites import ScreenPosition, SpriteCache
from edge_app.synthetic.street_plan import StreetPlan
from edge_app.synthetic.traffic import Actor, Traffic, stationary_actors
from edge_app.synthetic.weather import Weather

NO_OBJECT = -1
MAX_EXTENT = (1.5, 4.0, 7.0, 2.0)  # m, by class: no object is larger, perspective included


@dataclass(frozen=True, slots=True, eq=False)
class Drawable:
    """Something to be drawn: an actor, a fixture, or a near house that hides others, which has no position."""

    distance: float
    sprite: PlacedSprite
    shadow: PlacedSprite | None = None
    position: ScreenPosition | None = None
    actor: Actor | None = None
    fixture: Fixture | None = None


class Street:
    """The street of these settings; its frames can be rendered in any order."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        rain, seed = settings.weather == "rain", settings.seed
        self._light = light_for(settings.light, settings.weather)
        self._camera, self._shake = PinholeCamera.from_settings(settings), CameraShake.from_settings(settings)
        nearest = self._camera.nearest
        plan = StreetPlan.from_seed(seed, nearest)
        self._traffic = Traffic(plan_routes(plan, seed, nearest), seed)
        fixtures, houses = place_fixtures(plan, seed, nearest), place_houses(plan, seed, self._camera)
        self._lamps = [fixture.lamp_xz for fixture in fixtures if fixture.kind == "lamp"]
        self._background = render_background(self._camera, plan, self._light, self._lamps, houses, seed, rain=rain)
        self._sprites = SpriteCache(self._camera, self._light, shadow_offset(self._light, seed), rain=rain)
        self._fixtures = [*self._place_fixtures(fixtures), *self._place_occluders(houses)]
        self._stationary = stationary_actors(plan, seed, nearest)
        self._static = lru_cache(maxsize=1)(self._static_at)
        self._lamp_glow, self._weather = LampGlow(self._camera, self._light), Weather(settings)

    def picture(self, index: int) -> ByteImage:
        """Frame `index`, BGR, uint8 (height, width, 3)."""
        return self._draw(index, self._drawables(index))

    def render(self, index: int) -> tuple[ByteImage, SceneTruth]:
        """Frame `index`, BGR, uint8 (height, width, 3), and its ground truth."""
        drawables = self._drawables(index)
        sprites = [
            (drawable.sprite, drawable.actor.class_id, drawable.actor.track_id)
            if drawable.actor
            else (drawable.sprite, NO_OBJECT, 0)
            for drawable in drawables
        ]
        return self._draw(index, drawables), SceneTruth.from_sprites(
            sprites, (self.settings.width, self.settings.height)
        )

    def _corner(self, index: int) -> tuple[int, int]:
        """Where a frame's picture begins in the camera's picture with margins [px]."""
        right, down = self._shake.at(index / self.settings.fps)
        return self._camera.margin + right, self._camera.margin + down

    def _draw(self, index: int, drawables: list[Drawable]) -> ByteImage:
        x, y = corner = self._corner(index)
        background = self._background[y : y + self.settings.height, x : x + self.settings.width]
        picture = background.copy()
        for drawable in drawables:
            if drawable.shadow is not None:
                drawable.shadow.darken(picture)
        for drawable in drawables:
            self._draw_one(picture, background, drawable, corner)
        self._weather.apply(picture, index)
        return picture

    def _place_fixtures(self, fixtures: list[Fixture]) -> list[Drawable]:
        """The fixtures in view; their shadows are drawn into the background."""
        drawables = []
        for fixture in fixtures:
            position = ScreenPosition.project(self._camera, fixture.x, fixture.z)
            if position is None or not -0.15 < position.foot[0] / self._camera.width < 1.15:
                continue
            sprite = self._sprites.fixture(fixture, position, lamplight_at(self._lamps, fixture.x, fixture.z))
            PlacedSprite.place(sprite.shadow, sprite.shadow_foot, position.foot, 1.0).darken(self._background)
            placed = PlacedSprite.place(sprite.body, sprite.foot, position.foot, 1.0)
            drawables.append(Drawable(position.distance, placed, position=position, fixture=fixture))
        return drawables

    def _place_occluders(self, houses: list[House]) -> list[Drawable]:
        """Near houses, which are redrawn from the background over what passes behind them."""
        drawables = []
        for distance, mask in occluders(houses, self._camera):
            x, y, width, height = cv2.boundingRect(mask)
            alpha = mask[y : y + height, x : x + width]
            drawables.append(Drawable(distance, PlacedSprite(np.repeat(alpha[..., None], 4, axis=2), x, y)))
        return drawables

    def _drawables(self, index: int) -> list[Drawable]:
        """All that may be in the picture, farthest first."""
        corner = self._corner(index)
        moving = self._place_actors(self._traffic.at(index / self.settings.fps), corner)
        return sorted([*self._static(corner), *moving], key=lambda drawable: -drawable.distance)

    def _static_at(self, corner: tuple[int, int]) -> list[Drawable]:
        """What never moves, in a picture that begins at `corner`."""
        drawables = []
        for drawable in self._fixtures:
            sprite = drawable.sprite.shifted(-corner[0], -corner[1])
            drawables.append(Drawable(drawable.distance, sprite, position=drawable.position, fixture=drawable.fixture))
        return [*drawables, *self._place_actors(self._stationary, corner)]

    def _place_actors(self, actors: Iterable[Actor], corner: tuple[int, int]) -> list[Drawable]:
        drawables = (self._place_actor(actor, corner) for actor in actors)
        return [drawable for drawable in drawables if drawable is not None]

    def _place_actor(self, actor: Actor, corner: tuple[int, int]) -> Drawable | None:
        """The actor's drawable; None if it is out of view."""
        position = ScreenPosition.project(self._camera, actor.x, actor.z)
        size_wh = (self.settings.width, self.settings.height)
        if position is None or position.is_outside(MAX_EXTENT[actor.class_id], corner, size_wh):
            return None
        lamplight = lamplight_at(self._lamps, actor.x, actor.z) if self._light.lamp else 0.0
        sprite, zoom = self._sprites.actor(actor, position, lamplight)
        at = (position.foot[0] - corner[0], position.foot[1] - corner[1])
        if PlacedSprite.is_outside(sprite.body, sprite.foot, at, zoom, size_wh):
            return None
        body = PlacedSprite.place(sprite.body, sprite.foot, at, zoom)
        shadow = PlacedSprite.place(sprite.shadow, sprite.shadow_foot, at, zoom)
        return Drawable(position.distance, body, shadow, position, actor)

    def _draw_one(self, picture: ByteImage, background: ByteImage, drawable: Drawable, corner: tuple[int, int]) -> None:
        """Draws it over the picture, with the light it emits; `background` is the empty street."""
        if drawable.position is None:
            drawable.sprite.restore(picture, background)
            return
        actor = drawable.actor
        driving = actor is not None and actor.class_id in (CAR, TRUCK) and actor.travelled is not None
        if actor is not None and driving and self._light.headlights:
            self._lamp_glow.beam(picture, drawable.position, actor, corner)
            drawable.sprite.draw_on(picture)
            self._lamp_glow.lamps(picture, drawable.position, actor, corner)
            return
        drawable.sprite.draw_on(picture)
        if drawable.fixture is not None and drawable.fixture.kind == "lamp" and self._light.lamp:
            self._lamp_glow.street_lamp(picture, drawable.position, drawable.fixture.heading, corner)
