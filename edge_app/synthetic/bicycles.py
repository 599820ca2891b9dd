"""Bicycles and their pedalling riders."""

from __future__ import annotations

import math

from edge_app.synthetic.appearance import Appearance
from edge_app.synthetic.palette import PAINT, Colour, shaded
from edge_app.synthetic.rng import KeyedRng
from edge_app.synthetic.shapes import Point, Shape

WHEEL = 0.34  # m, radius
DEVELOPMENT = 4.2  # m of road per turn of the pedals
HUBS = (-0.52, 0.54)  # m ahead of the foot
BRACKET: Point = (0.0, 0.29, -0.06)
SADDLE: Point = (0.0, 0.93, -0.22)
HEAD_TUBE: Point = (0.0, 0.82, 0.36)
TYRE: Colour = (38, 38, 40)


def bicycle(seed: int, crank: float, *, rain: bool, lamps: bool) -> list[Shape]:
    """A bicycle and its rider, facing ahead; `crank` is the fraction of a turn of the pedals, 0 to 1."""
    rng = KeyedRng(seed, 21)
    paint = rng.choice(PAINT)
    shapes = [*_wheels(), *_frame(paint)]
    if lamps:
        shapes.append(Shape(((0.0, 0.72, 0.55),), (225, 250, 255), (0.05,), layer=2, emissive=True))
        shapes.append(Shape(((0.0, 0.62, -0.62),), (40, 40, 255), (0.045,), layer=2, emissive=True))
    if rng.chance(0.35):
        basket = tuple((x, y, z) for x in (-0.16, 0.16) for y in (0.78, 0.98) for z in (0.52, 0.72))
        shapes.append(Shape(basket, (70, 100, 130), (0.02,) * 8))
    return shapes + _rider(Appearance.from_seed(seed, rain=rain), crank, helmet=rng.chance(0.5))


def _wheels() -> list[Shape]:
    shapes = []
    for hub in HUBS:
        angles = [a * math.tau / 16 for a in range(16)]
        rim = tuple((0.0, WHEEL + WHEEL * math.sin(a), hub + WHEEL * math.cos(a)) for a in angles)
        shapes.append(Shape(rim, TYRE, line_radius=0.027))
        for a in (0, 3, 6):
            shapes.append(Shape((rim[a], rim[a + 8]), (125, 125, 125), line_radius=0.006, layer=-1, casts_shadow=False))
        shapes.append(Shape(((0.0, WHEEL, hub),), (150, 150, 150), (0.035,)))
    return shapes


def _frame(paint: Colour) -> list[Shape]:
    rear, front = (0.0, WHEEL, HUBS[0]), (0.0, WHEEL, HUBS[1])
    seat: Point = (0.0, 0.76, -0.17)
    tubes = (
        (BRACKET, seat), (BRACKET, HEAD_TUBE), (seat, HEAD_TUBE),
        (BRACKET, rear), (seat, rear), (HEAD_TUBE, front),
    )  # fmt: skip
    shapes = [Shape(tube, paint, (0.028, 0.028)) for tube in tubes]
    bar_height, bar_ahead = 1.02, 0.33
    shapes.append(Shape((HEAD_TUBE, (0.0, bar_height, bar_ahead)), (90, 90, 90), (0.02, 0.02)))
    shapes.append(Shape(((-0.27, bar_height, bar_ahead), (0.27, bar_height, bar_ahead)), (50, 50, 50), (0.02, 0.02)))
    shapes.append(Shape((seat, SADDLE), (110, 110, 110), (0.018, 0.018)))
    shapes.append(Shape(((0.0, 0.94, -0.32), (0.0, 0.95, -0.1)), (35, 35, 35), (0.06, 0.03)))
    shapes.append(Shape((BRACKET,), (70, 70, 70), (0.09,)))
    return shapes


def _knee(hip: Point, foot: Point, bone: float) -> Point:
    """The knee of a leg with two equal bones: it points forward."""
    down, ahead = foot[1] - hip[1], foot[2] - hip[2]
    apart = math.sqrt(down * down + ahead * ahead)
    out = math.sqrt(max(0.0, bone * bone - apart * apart / 4))
    return (hip[0], (hip[1] + foot[1]) / 2 + out * ahead / apart, (hip[2] + foot[2]) / 2 - out * down / apart)


def _rider(appearance: Appearance, crank: float, *, helmet: bool) -> list[Shape]:
    build = appearance.build
    chest = ((-0.12 * build, 1.37, 0.06), (0.12 * build, 1.37, 0.06), (-0.08, 1.0, -0.2), (0.08, 1.0, -0.2))
    neck, head, chin = (0.0, 1.44, 0.06), (0.0, 1.61, 0.13), (0.0, 1.58, 0.15)
    crown = ((0.0, 1.665, 0.08), (0.0, 1.67, 0.15))
    return [
        *_leg(appearance, -1, crank),
        *_leg(appearance, 1, crank + 0.5),
        *_arm(appearance, -1),
        *_arm(appearance, 1),
        Shape(chest, appearance.top, (0.1 * build, 0.1 * build, 0.1, 0.1), layer=1),
        Shape((neck, head), shaded(appearance.skin, 0.88), (0.055, 0.06), layer=1),
        Shape((head, chin), appearance.skin, (0.105, 0.095), layer=1),
        Shape(crown, appearance.accessory if helmet else appearance.hair, (0.11, 0.1), layer=2),
    ]


def _leg(appearance: Appearance, side: int, crank: float) -> list[Shape]:
    tone, angle = appearance.legs if side > 0 else shaded(appearance.legs, 0.85), math.tau * crank
    hip: Point = (side * 0.09, 1.0, -0.2)
    down, ahead = 0.17 * math.cos(angle), 0.17 * math.sin(angle)
    foot: Point = (side * 0.1, BRACKET[1] + down + 0.06, BRACKET[2] + ahead)
    knee, toe = _knee(hip, foot, 0.46), (foot[0], foot[1] - 0.03, foot[2] + 0.15)
    return [
        Shape((hip, knee), tone, (0.09 * appearance.build, 0.065 * appearance.build), layer=1),
        Shape((knee, foot), tone, (0.062 * appearance.build, 0.042), layer=1),
        Shape((foot, toe), appearance.shoes, (0.045, 0.035), layer=1),
    ]


def _arm(appearance: Appearance, side: int) -> list[Shape]:
    sleeve = shaded(appearance.top, 0.95 if side > 0 else 0.82)
    shoulder, elbow, hand = (
        (side * 0.17 * appearance.build, 1.4, 0.06),
        (side * 0.24, 1.2, 0.17),
        (side * 0.25, 1.05, 0.34),
    )
    return [
        Shape((shoulder, elbow), sleeve, (0.06, 0.05), layer=1),
        Shape((elbow, hand), sleeve, (0.045, 0.035), layer=1),
        Shape((hand,), appearance.skin, (0.042,), layer=1),
    ]
