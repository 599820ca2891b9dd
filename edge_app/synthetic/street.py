"""A street seen by a camera on a pole: the picture of any frame, and what is in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_app.synthetic.backdrop import backdrop, lamplight, sun_throw
from edge_app.synthetic.camera import Camera, Shake
from edge_app.synthetic.furniture import Fixture, fixtures
from edge_app.synthetic.glow import Glows
from edge_app.synthetic.houses import House, houses, screens
from edge_app.synthetic.layout import Plan
from edge_app.synthetic.palette import light_of
from edge_app.synthetic.settings import Settings
from edge_app.synthetic.stamp import Stamp
from edge_app.synthetic.traffic import Actor, Traffic, standing
from edge_app.synthetic.truth import Truth
from edge_app.synthetic.wardrobe import Place, Wardrobe
from edge_app.synthetic.ways import CAR, TRUCK, ways
from edge_app.synthetic.weather import Weather

Bytes = NDArray[np.uint8]

NO_OBJECT = -1
REACH = (1.5, 4.0, 7.0, 2.0)  # m, no object of the class is larger, with room for perspective


@dataclass(frozen=True, slots=True, eq=False)
class Thing:
    """Something to be printed: an object, a fixture or, without a place, a house that hides others."""

    distance: float
    stamp: Stamp
    shade: Stamp | None = None
    place: Place | None = None
    actor: Actor | None = None
    fixture: Fixture | None = None


class Street:
    """The street of some settings; any frame of it can be had, in any order."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        rain, seed = settings.weather == "rain", settings.seed
        self._light = light_of(settings.light, settings.weather)
        self._camera, self._shake = Camera.of(settings), Shake.of(settings)
        nearest = self._camera.nearest
        plan = Plan.of(seed, nearest)
        self._traffic = Traffic(ways(plan, seed, nearest), seed)
        fixed, built = fixtures(plan, seed, nearest), houses(plan, seed, self._camera)
        self._lamps = [fixture.head for fixture in fixed if fixture.make == "lamp"]
        self._backdrop = backdrop(self._camera, plan, self._light, self._lamps, built, seed, rain=rain)
        self._wardrobe = Wardrobe(self._camera, self._light, sun_throw(self._light, seed), rain=rain)
        self._fixtures = [*self._furnish(fixed), *self._hide(built)]
        self._standing = standing(plan, seed, nearest)
        self._still = lru_cache(maxsize=1)(self._still_at)
        self._glows, self._weather = Glows(self._camera, self._light), Weather(settings)

    def picture(self, index: int) -> Bytes:
        """Frame `index`, BGR, uint8 (height, width, 3)."""
        return self._draw(index, self._things(index))

    def render(self, index: int) -> tuple[Bytes, Truth]:
        """Frame `index`, and what is in it."""
        things = self._things(index)
        listed = [
            (thing.stamp, thing.actor.class_id, thing.actor.track_id) if thing.actor else (thing.stamp, NO_OBJECT, 0)
            for thing in things
        ]
        return self._draw(index, things), Truth.of(listed, (self.settings.width, self.settings.height))

    def _corner(self, index: int) -> tuple[int, int]:
        """Where in the camera's picture with its margins that of a frame begins [px]."""
        right, down = self._shake.at(index / self.settings.fps)
        return self._camera.margin + right, self._camera.margin + down

    def _draw(self, index: int, things: list[Thing]) -> Bytes:
        x, y = corner = self._corner(index)
        view = self._backdrop[y : y + self.settings.height, x : x + self.settings.width]
        picture = view.copy()
        for thing in things:
            if thing.shade is not None:
                thing.shade.darken(picture)
        for thing in things:
            self._print(picture, view, thing, corner)
        self._weather.fall(picture, index)
        return picture

    def _furnish(self, fixed: list[Fixture]) -> list[Thing]:
        """Fixtures in view, ready to be printed; their shadows go into the backdrop."""
        found = []
        for fixture in fixed:
            place = Place.of(self._camera, fixture.x, fixture.z)
            if place is None or not -0.15 < place.foot[0] / self._camera.width < 1.15:
                continue
            sprite = self._wardrobe.fixture(fixture, place, lamplight(self._lamps, fixture.x, fixture.z))
            Stamp.of(sprite.shade, sprite.shade_foot, place.foot, 1.0).darken(self._backdrop)
            stamp = Stamp.of(sprite.body, sprite.foot, place.foot, 1.0)
            found.append(Thing(place.distance, stamp, place=place, fixture=fixture))
        return found

    def _hide(self, built: list[House]) -> list[Thing]:
        """Near houses, which are in the backdrop already: printed again over what passes behind them."""
        found = []
        for far, mask in screens(built, self._camera):
            x, y, width, height = cv2.boundingRect(mask)
            alpha = mask[y : y + height, x : x + width]
            found.append(Thing(far, Stamp(np.repeat(alpha[..., None], 4, axis=2), x, y)))
        return found

    def _things(self, index: int) -> list[Thing]:
        """All that may be in the picture, the farthest first."""
        corner = self._corner(index)
        moving = self._all_dressed(self._traffic.at(index / self.settings.fps), corner)
        return sorted([*self._still(corner), *moving], key=lambda thing: -thing.distance)

    def _still_at(self, corner: tuple[int, int]) -> list[Thing]:
        """All that never moves."""
        found = []
        for still in self._fixtures:
            stamp = still.stamp.moved(-corner[0], -corner[1])
            found.append(Thing(still.distance, stamp, place=still.place, fixture=still.fixture))
        return [*found, *self._all_dressed(self._standing, corner)]

    def _all_dressed(self, actors: Iterable[Actor], corner: tuple[int, int]) -> list[Thing]:
        things = (self._dressed(actor, corner) for actor in actors)
        return [thing for thing in things if thing is not None]

    def _dressed(self, actor: Actor, corner: tuple[int, int]) -> Thing | None:
        """An actor ready to be printed, if it is in view."""
        place = Place.of(self._camera, actor.x, actor.z)
        size_wh = (self.settings.width, self.settings.height)
        if place is None or place.leaves_out(REACH[actor.class_id], corner, size_wh):
            return None
        shine = lamplight(self._lamps, actor.x, actor.z) if self._light.lamp else 0.0
        sprite, zoom = self._wardrobe.actor(actor, place, shine)
        at = (place.foot[0] - corner[0], place.foot[1] - corner[1])
        if Stamp.misses(sprite.body, sprite.foot, at, zoom, size_wh):
            return None
        body = Stamp.of(sprite.body, sprite.foot, at, zoom)
        shade = Stamp.of(sprite.shade, sprite.shade_foot, at, zoom)
        return Thing(place.distance, body, shade, place, actor)

    def _print(self, picture: Bytes, view: Bytes, thing: Thing, corner: tuple[int, int]) -> None:
        """Lays a thing over the picture, with the light it gives; `view` is the empty street."""
        if thing.place is None:
            thing.stamp.uncover(picture, view)
            return
        actor = thing.actor
        driving = actor is not None and actor.class_id in (CAR, TRUCK) and actor.gone is not None
        if actor is not None and driving and self._light.headlights:
            self._glows.beam(picture, thing.place, actor, corner)
            thing.stamp.print_on(picture)
            self._glows.lamps(picture, thing.place, actor, corner)
            return
        thing.stamp.print_on(picture)
        if thing.fixture is not None and thing.fixture.make == "lamp" and self._light.lamp:
            self._glows.street_lamp(picture, thing.place, thing.fixture.heading, corner)
