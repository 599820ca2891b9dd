"""A street seen by a camera on a pole: the picture of any frame, and what is in it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_app.synthetic.backdrop import backdrop, lamplight, sun_throw
from edge_app.synthetic.camera import Camera, Shake
from edge_app.synthetic.easel import Sprite
from edge_app.synthetic.furniture import LAMP_HEIGHT, Fixture, fixtures
from edge_app.synthetic.glow import BEAM, HEADLIGHT, STREET, TAIL, Glows
from edge_app.synthetic.layout import CAR, TRUCK, Plan, ways
from edge_app.synthetic.palette import light_of
from edge_app.synthetic.settings import Settings
from edge_app.synthetic.stamp import Stamp, seen
from edge_app.synthetic.traffic import Actor, moving, standing
from edge_app.synthetic.wardrobe import Place, Wardrobe
from edge_app.synthetic.weather import Weather

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """What is in a picture, the farthest first.

    Everything with a pixel inside the picture is listed, hidden or not. A silhouette is what is more than
    half opaque: with the rider, the load, the open umbrella and the bag; without shadow and light.

    Attributes:
        xyxy: Tight boxes of the silhouettes inside the picture, drawn through what hides them; left, top,
            right and bottom edge [px]; float32 (n, 4).
        class_id: Index into `CLASSES`; int32 (n,).
        visible: Visible pixels over all pixels of the silhouette, those outside the picture too; 0 to 1;
            float32 (n,).
        track_id: The same object keeps it; int64 (n,).
    """

    xyxy: NDArray[np.float32]
    class_id: NDArray[np.int32]
    visible: NDArray[np.float32]
    track_id: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class _Standing:
    """Something about to be printed: an actor, or a fixture when there is none."""

    actor: Actor | None
    place: Place
    stamp: Stamp
    shade: Stamp | None
    lamp: bool


class Street:
    """The street of some settings; any frame of it can be had, in any order."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        rain = settings.weather == "rain"
        self._light = light_of(settings.light, settings.weather)
        self._camera = Camera.of(settings)
        self._shake = Shake.of(settings)
        nearest = self._camera.nearest
        plan = Plan.of(settings.seed, nearest)
        self._ways = ways(plan, settings.seed, nearest)
        self._standing = standing(plan, settings.seed, nearest)
        fixed = fixtures(plan, settings.seed, nearest)
        self._lamps = [fixture for fixture in fixed if fixture.make == "lamp"]
        self._backdrop = backdrop(self._camera, plan, self._light, self._lamps, settings.seed, rain=rain)
        self._wardrobe = Wardrobe(self._camera, self._light, sun_throw(self._light, settings.seed), rain=rain)
        self._fixtures = self._furnish(fixed)
        self._glows, self._weather = Glows(), Weather(settings)

    def render(self, index: int) -> tuple[Bytes, Truth]:
        """Frame `index`: the picture, BGR, uint8 (height, width, 3), and what is in it."""
        settings, time = self.settings, index / self.settings.fps
        right, down = self._shake.at(time)
        left, top = self._camera.margin + right, self._camera.margin + down
        picture = self._backdrop[top : top + settings.height, left : left + settings.width].copy()
        things = self._things(time, left, top)
        truth = self._truth(things)
        for thing in things:
            if thing.shade is not None:
                thing.shade.darken(picture)
        for thing in things:
            thing.stamp.print_on(picture)
            if self._light.lamp:
                self._shine(picture, thing, left, top)
        self._weather.fall(picture, index)
        return picture, truth

    def _furnish(self, fixed: list[Fixture]) -> list[tuple[Place, Sprite, bool]]:
        """Fixtures in view with their sprites; their shadows go into the backdrop."""
        found = []
        for fixture in fixed:
            place = Place.of(self._camera, fixture.x, fixture.z)
            if place is None or not -0.15 < place.foot[0] / self._camera.width < 1.15:
                continue
            sprite = self._wardrobe.fixture(fixture, place, lamplight(self._lamps, fixture.x, fixture.z))
            Stamp.of(sprite.shade, sprite.shade_foot, place.foot, 1.0).darken(self._backdrop)
            found.append((place, sprite, fixture.make == "lamp"))
        return found

    def _things(self, time: float, left: int, top: int) -> list[_Standing]:
        """All that may be in the picture, the farthest first."""
        found = []
        for place, sprite, lamp in self._fixtures:
            at = (place.foot[0] - left, place.foot[1] - top)
            found.append(_Standing(None, place, Stamp.of(sprite.body, sprite.foot, at, 1.0), None, lamp))
        for actor in (*self._standing, *moving(self._ways, self.settings.seed, time)):
            place_or_none = Place.of(self._camera, actor.x, actor.z)
            if place_or_none is None or abs(place_or_none.foot[0] / self._camera.width - 0.5) > 1.2:
                continue
            place = place_or_none
            shine = lamplight(self._lamps, actor.x, actor.z) if self._light.lamp else 0.0
            sprite, zoom = self._wardrobe.actor(actor, place, shine)
            at = (place.foot[0] - left, place.foot[1] - top)
            body = Stamp.of(sprite.body, sprite.foot, at, zoom)
            shade = Stamp.of(sprite.shade, sprite.shade_foot, at, zoom)
            found.append(_Standing(actor, place, body, shade, False))
        return sorted(found, key=lambda thing: -thing.place.distance)

    def _truth(self, things: list[_Standing]) -> Truth:
        free = np.full((self.settings.height, self.settings.width), 255, dtype=np.uint8)
        rows = []
        for thing in reversed(things):
            result = seen(thing.stamp, free)
            if result is not None and thing.actor is not None:
                rows.append((*result, thing.actor.class_id, thing.actor.track_id))
        rows.reverse()
        return Truth(
            xyxy=np.array([box for box, *_ in rows], dtype=np.float32).reshape(-1, 4),
            class_id=np.array([class_id for _, _, class_id, _ in rows], dtype=np.int32),
            visible=np.array([visible for _, visible, _, _ in rows], dtype=np.float32),
            track_id=np.array([track_id for *_, track_id in rows], dtype=np.int64),
        )

    def _shine(self, picture: Bytes, thing: _Standing, left: int, top: int) -> None:
        """The glare of a lamp that was just printed."""
        scale, strength = thing.place.scale, self._light.lamp
        x, y = thing.place.foot[0] - left, thing.place.foot[1] - top
        if thing.lamp:
            self._glows.add(picture, (x, y - LAMP_HEIGHT * scale), (2.6 * scale, 2.6 * scale), STREET)
        if thing.actor is None or thing.actor.class_id not in (CAR, TRUCK):
            return
        heading = thing.actor.heading - self._camera.yaw
        sin, cos = math.sin(heading), math.cos(heading)
        half = 2.2 if thing.actor.class_id == CAR else 3.6
        squeeze = self._camera.height / thing.place.distance
        if thing.actor.gone is None:
            return
        ahead = half + 3.2
        centre = (x + ahead * sin * scale, y - ahead * cos * scale * squeeze)
        size = (scale * (2.6 + 5.5 * abs(sin)), scale * squeeze * (2.6 + 5.5 * abs(cos)))
        self._glows.add(picture, centre, size, tuple(round(c * strength) for c in BEAM))  # type: ignore[arg-type]
        toward, colour, wide = (1, HEADLIGHT, 1.3) if cos < -0.15 else (-1, TAIL, 0.9)
        if abs(cos) > 0.15:
            for side in (-0.65, 0.65):
                ahead = toward * half
                px = x + (ahead * sin + side * cos) * scale
                py = y - (0.7 + (ahead * cos - side * sin) * squeeze) * scale
                self._glows.add(picture, (px, py), (wide * scale, wide * scale), colour)
