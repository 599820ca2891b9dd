"""Bicycles, with the rider who pedals."""

from __future__ import annotations

import math

from edge_app.synthetic.dice import Dice
from edge_app.synthetic.shapes import Point, Shape
from edge_app.synthetic.palette import PAINT, Colour, shaded
from edge_app.synthetic.looks import Look

WHEEL = 0.34  # m, radius
DEVELOPMENT = 4.2  # m of road for one turn of the pedals
HUBS = (-0.52, 0.54)  # m ahead of the foot
BRACKET: Point = (0.0, 0.29, -0.06)
SADDLE: Point = (0.0, 0.93, -0.22)
HEAD_TUBE: Point = (0.0, 0.82, 0.36)
TYRE: Colour = (38, 38, 40)


def bicycle(seed: int, turn: float, *, rain: bool, lamps: bool) -> list[Shape]:
    """A bicycle and its rider, facing ahead, the pedals at this part of a turn, 0 to 1."""
    dice = Dice(seed, 21)
    paint = dice.pick(PAINT)
    shapes = [*_wheels(), *_frame(paint)]
    if lamps:
        shapes.append(Shape(((0.0, 0.72, 0.55),), (225, 250, 255), (0.05,), layer=2, glows=True))
        shapes.append(Shape(((0.0, 0.62, -0.62),), (40, 40, 255), (0.045,), layer=2, glows=True))
    if dice.happens(0.35):
        basket = tuple((x, y, z) for x in (-0.16, 0.16) for y in (0.78, 0.98) for z in (0.52, 0.72))
        shapes.append(Shape(basket, (70, 100, 130), (0.02,) * 8))
    return shapes + _rider(Look.of(seed, rain=rain), turn, helmet=dice.happens(0.5))


def _wheels() -> list[Shape]:
    shapes = []
    for hub in HUBS:
        turns = [a * math.tau / 16 for a in range(16)]
        rim = tuple((0.0, WHEEL + WHEEL * math.sin(a), hub + WHEEL * math.cos(a)) for a in turns)
        shapes.append(Shape(rim, TYRE, line=0.027))
        for a in (0, 3, 6):
            shapes.append(Shape((rim[a], rim[a + 8]), (125, 125, 125), line=0.006, layer=-1, casts=False))
        shapes.append(Shape(((0.0, WHEEL, hub),), (150, 150, 150), (0.035,)))
    return shapes


def _frame(paint: Colour) -> list[Shape]:
    rear, front = (0.0, WHEEL, HUBS[0]), (0.0, WHEEL, HUBS[1])
    seat: Point = (0.0, 0.76, -0.17)
    tubes = (
        (BRACKET, seat), (BRACKET, HEAD_TUBE), (seat, HEAD_TUBE), (BRACKET, rear), (seat, rear), (HEAD_TUBE, front),
    )  # fmt: skip
    shapes = [Shape(tube, paint, (0.028, 0.028)) for tube in tubes]
    bar_height, bar_ahead = 1.02, 0.33
    shapes.append(Shape((HEAD_TUBE, (0.0, bar_height, bar_ahead)), (90, 90, 90), (0.02, 0.02)))
    shapes.append(
        Shape(((-0.27, bar_height, bar_ahead), (0.27, bar_height, bar_ahead)), (50, 50, 50), (0.02, 0.02))
    )
    shapes.append(Shape((seat, SADDLE), (110, 110, 110), (0.018, 0.018)))
    shapes.append(Shape(((0.0, 0.94, -0.32), (0.0, 0.95, -0.1)), (35, 35, 35), (0.06, 0.03)))
    shapes.append(Shape((BRACKET,), (70, 70, 70), (0.09,)))
    return shapes


def _knee(hip: Point, foot: Point, bone: float) -> Point:
    """Where the knee of a leg of two equal bones is: in front of the line from hip to foot."""
    down, ahead = foot[1] - hip[1], foot[2] - hip[2]
    apart = math.sqrt(down * down + ahead * ahead)
    out = math.sqrt(max(0.0, bone * bone - apart * apart / 4))
    return (hip[0], (hip[1] + foot[1]) / 2 + out * ahead / apart, (hip[2] + foot[2]) / 2 - out * down / apart)


def _rider(look: Look, turn: float, *, helmet: bool) -> list[Shape]:
    wide = look.build
    hip_up, hip_ahead, neck_up, neck_ahead = 1.0, -0.2, 1.46, 0.06
    shapes = []
    for side, lag in ((-1, 0.0), (1, 0.5)):
        tone = look.legs if side > 0 else shaded(look.legs, 0.85)
        angle = math.tau * (turn + lag)
        hip: Point = (side * 0.09, hip_up, hip_ahead)
        pedal: Point = (
            side * 0.1,
            BRACKET[1] + 0.17 * math.cos(angle) + 0.06,
            BRACKET[2] + 0.17 * math.sin(angle),
        )
        knee = _knee(hip, pedal, 0.46)
        shapes.append(Shape((hip, knee), tone, (0.09 * wide, 0.065 * wide), layer=1))
        shapes.append(Shape((knee, pedal), tone, (0.062 * wide, 0.042), layer=1))
        shapes.append(
            Shape((pedal, (pedal[0], pedal[1] - 0.03, pedal[2] + 0.15)), look.shoes, (0.045, 0.035), layer=1)
        )
        shoulder: Point = (side * 0.17 * wide, neck_up - 0.06, neck_ahead)
        elbow: Point = (side * 0.24, 1.2, 0.17)
        hand: Point = (side * 0.25, 1.05, 0.34)
        sleeve = shaded(look.top, 0.95 if side > 0 else 0.82)
        shapes.append(Shape((shoulder, elbow), sleeve, (0.06, 0.05), layer=1))
        shapes.append(Shape((elbow, hand), sleeve, (0.045, 0.035), layer=1))
        shapes.append(Shape((hand,), look.skin, (0.042,), layer=1))
    corners = (
        (-0.12 * wide, neck_up - 0.09, neck_ahead),
        (0.12 * wide, neck_up - 0.09, neck_ahead),
        (-0.08, hip_up, hip_ahead),
        (0.08, hip_up, hip_ahead),
    )
    shapes.append(Shape(corners, look.top, (0.1 * wide, 0.1 * wide, 0.1, 0.1), layer=1))
    head: Point = (0.0, neck_up + 0.15, neck_ahead + 0.07)
    shapes.append(
        Shape(((0.0, neck_up - 0.02, neck_ahead), head), shaded(look.skin, 0.88), (0.055, 0.06), layer=1)
    )
    shapes.append(Shape((head, (0.0, head[1] - 0.03, head[2] + 0.02)), look.skin, (0.105, 0.095), layer=1))
    top = look.extra if helmet else look.hair
    shapes.append(
        Shape(
            ((0.0, head[1] + 0.055, head[2] - 0.05), (0.0, head[1] + 0.06, head[2] + 0.02)),
            top,
            (0.11, 0.1),
            layer=2,
        )
    )
    return shapes
