"""Cars: a body extruded from a side profile, a cabin and wheels."""

from __future__ import annotations

from dataclasses import dataclass

from edge_app.synthetic.palette import PAINT, Colour, shaded, varied
from edge_app.synthetic.rng import KeyedRng
from edge_app.synthetic.shapes import Shape, mirrored
from edge_app.synthetic.vehicle_parts import (
    GLASS,
    HEADLIGHT,
    HEADLIGHT_LIT,
    TAIL_LIGHT,
    TAIL_LIGHT_LIT,
    TRIM,
    Panels,
    Quad,
    extruded,
    glazed,
    pane,
    wheel,
)

Profile = tuple[tuple[float, float], ...]  # (ahead, up) [half lengths, heights]


@dataclass(frozen=True, slots=True)
class CarBody:
    """The dimensions of a type of car.

    Attributes:
        length, width, height: [m].
        wheel: Radius [m].
        belt: Height of the tail and of the foot of the rear window; where the bonnet begins, its height there
            and at the nose; lengths in half lengths of the car, heights in its height.
        cabin: Foot of the rear window, rear and front of the roof, foot of the windscreen; in the same units.
        doors: Number on each side.
    """

    length: float
    width: float
    height: float
    wheel: float
    belt: tuple[float, float, float, float, float]
    cabin: Profile
    doors: int

    def outline(self) -> list[tuple[float, float]]:
        """The side profile of the body without the cabin, from the rear over the top to the front [m]."""
        tail, shelf, bonnet, scuttle, nose = self.belt
        sill = 0.9 * self.wheel / self.height * 0.65
        profile = (
            (-1, sill), (-1, 0.5), (-0.96, tail), (-0.6, shelf),
            (bonnet, scuttle), (0.9, nose), (1, nose - 0.13), (1, sill),
        )  # fmt: skip
        return self.to_metres(profile)

    def to_metres(self, profile: Profile) -> list[tuple[float, float]]:
        """Scales a profile to metres."""
        return [(ahead * self.length / 2, up * self.height) for ahead, up in profile]


BODIES: tuple[CarBody, ...] = (
    # saloon, hatchback, estate, sports utility, coupe, people carrier
    CarBody(4.6, 1.8, 1.46, 0.33, (0.66, 0.68, 0.34, 0.66, 0.56),
         ((-0.66, 0.68), (-0.38, 1), (0.06, 1), (0.4, 0.66)), 2),
    CarBody(3.9, 1.75, 1.5, 0.31, (0.66, 0.66, 0.38, 0.64, 0.54),
         ((-0.95, 0.66), (-0.74, 1), (0.04, 1), (0.46, 0.64)), 2),
    CarBody(4.7, 1.82, 1.5, 0.33, (0.64, 0.65, 0.36, 0.65, 0.55),
         ((-0.96, 0.64), (-0.84, 1), (0.08, 1), (0.42, 0.65)), 2),
    CarBody(4.5, 1.9, 1.72, 0.38, (0.63, 0.64, 0.42, 0.64, 0.58),
         ((-0.96, 0.63), (-0.82, 1), (0.1, 1), (0.46, 0.64)), 2),
    CarBody(4.3, 1.8, 1.34, 0.33, (0.68, 0.7, 0.3, 0.66, 0.54),
         ((-0.78, 0.69), (-0.36, 1), (-0.02, 1), (0.36, 0.66)), 1),
    CarBody(4.4, 1.84, 1.68, 0.33, (0.6, 0.61, 0.5, 0.6, 0.5),
         ((-0.97, 0.6), (-0.88, 1), (0.12, 1), (0.62, 0.59)), 2),
)  # fmt: skip


def car(seed: int, *, lamps: bool) -> list[Shape]:
    """The car of this seed, facing ahead, its lamps lit or not."""
    rng = KeyedRng(seed, 31)
    body = rng.choice(BODIES)
    paint = varied(rng.choice(PAINT), rng, 0.06)
    half_width, axle = body.width / 2, 0.3 * body.length
    return [
        *extruded(body.outline(), half_width, half_width, paint, layer=1),
        *_cabin(body.to_metres(body.cabin), half_width, paint),
        *_sides(body, paint),
        *_mirrors(body, paint),
        *wheel(half_width, body.wheel, axle),
        *wheel(half_width, body.wheel, -0.95 * axle),
        *_ends(body, lamps=lamps),
    ]


def _cabin(cabin: list[tuple[float, float]], half_width: float, paint: Colour) -> list[Shape]:
    (rear, low), (roof_rear, top), (roof_front, _), (front, scuttle) = cabin
    foot, narrow = half_width * 0.97, half_width * 0.8
    shapes = extruded(cabin, foot, narrow, paint, layer=4)
    back: Quad = ((-foot, low, rear), (-narrow, top, roof_rear), (narrow, top, roof_rear), (foot, low, rear))
    windscreen: Quad = (
        (foot, scuttle, front), (narrow, top, roof_front),
        (-narrow, top, roof_front), (-foot, scuttle, front),
    )  # fmt: skip
    side: Quad = ((foot, low, rear), (narrow, top, roof_rear), (narrow, top, roof_front), (foot, low, front))
    shapes += [*glazed(windscreen, 5), *glazed(back, 5)]
    for left, right in ((0.1, 0.5), (0.53, 0.93)):
        for bottom, tone, layer in ((0.08, 1.0, 5), (0.45, 1.3, 6)):
            window = Shape(pane(side, left, right, bottom, 0.86), shaded(GLASS, tone), layer=layer)
            shapes += [window, mirrored(window)]
    return shapes


def _sides(body: CarBody, paint: Colour) -> list[Shape]:
    panels, end, height = Panels(body.width / 2), body.length / 2, body.height
    sill = 0.13 * height
    shapes = panels.sides((-0.98 * end, 0.98 * end), (sill, 0.36 * height), shaded(paint, 0.8), 2)
    shapes += panels.sides((-0.98 * end, 0.98 * end), (sill, 0.2 * height), TRIM, 2)
    shapes += panels.sides((-0.9 * end, 0.88 * end), (0.52 * height, 0.545 * height), shaded(paint, 1.14), 2)
    for seam in (0.3, -0.12, -0.5)[: body.doors + 1]:
        ahead = ((seam - 0.006) * end, (seam + 0.006) * end)
        shapes += panels.sides(ahead, (0.2 * height, 0.6 * height), shaded(paint, 0.55), 3)
    for handle in (0.0, -0.4)[: body.doors]:
        ahead = ((handle - 0.05) * end, (handle + 0.02) * end)
        shapes += panels.sides(ahead, (0.53 * height, 0.56 * height), shaded(paint, 0.6), 3)
    return shapes


def _mirrors(body: CarBody, paint: Colour) -> list[Shape]:
    panels, ahead = Panels(body.width / 2), 0.14 * body.length
    up = (0.6 * body.height, 0.7 * body.height)
    shapes = panels.sides((ahead - 0.1, ahead + 0.12), up, shaded(paint, 0.8), 7, out=0.16)
    for side in ((-1.18, -1.0), (1.0, 1.18)):
        shapes.append(panels.rear(ahead - 0.1, side, up, (110, 100, 90), 7))
        shapes.append(panels.front(ahead + 0.12, side, up, shaded(paint, 0.9), 7))
    return shapes


def _ends(body: CarBody, *, lamps: bool) -> list[Shape]:
    panels, end, height = Panels(body.width / 2), body.length / 2 + 0.01, body.height
    shapes = [
        panels.front(end, (-0.95, 0.95), (0.14 * height, 0.24 * height), TRIM, 3),
        panels.front(end, (-0.5, 0.5), (0.28 * height, 0.4 * height), (38, 38, 40), 3),
        panels.front(end, (-0.28, 0.28), (0.2 * height, 0.27 * height), (225, 225, 225), 3),
        panels.rear(-end, (-0.95, 0.95), (0.14 * height, 0.24 * height), TRIM, 3),
        panels.rear(-end, (-0.28, 0.28), (0.33 * height, 0.41 * height), (215, 225, 225), 3),
        panels.rear(-end, (-0.9, 0.9), (0.44 * height, 0.46 * height), (90, 90, 92), 3),
    ]
    front, rear = (HEADLIGHT_LIT, TAIL_LIGHT_LIT) if lamps else (HEADLIGHT, TAIL_LIGHT)
    for side in ((-0.95, -0.55), (0.55, 0.95)):
        shapes.append(panels.front(end, side, (0.31 * height, 0.41 * height), front, 3, emissive=lamps))
        shapes.append(panels.rear(-end, side, (0.4 * height, 0.52 * height), rear, 3, emissive=lamps))
    return shapes
