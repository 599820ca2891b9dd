"""Cars: a body, a greenhouse and wheels, cut from a side profile."""

from __future__ import annotations

import math
from dataclasses import dataclass

from edge_app.synthetic.dice import Dice
from edge_app.synthetic.shapes import Point, Shape, mirrored
from edge_app.synthetic.palette import PAINT, Colour, shaded, varied

GLASS: Colour = (92, 78, 66)
RUBBER: Colour = (34, 34, 36)
TRIM: Colour = (46, 46, 48)
HEADLIGHT: Colour = (225, 235, 235)
TAIL_LIGHT: Colour = (40, 36, 170)

Profile = tuple[tuple[float, float], ...]  # (ahead, up), part of length and height


@dataclass(frozen=True, slots=True)
class Body:
    """The measures of a kind of car.

    Attributes:
        length: [m]; as are width, height and wheel, the radius.
        lower: The body from the rear bumper over the top to the front bumper: (ahead, up) from the centre,
            ahead in half lengths, up in heights.
        cabin: Foot of the rear window, rear and front of the roof, foot of the windscreen, likewise.
        doors: Pairs on each side.
    """

    length: float
    width: float
    height: float
    wheel: float
    lower: Profile
    cabin: Profile
    doors: int


BODIES: tuple[Body, ...] = (
    # saloon, hatchback, estate, sports utility, coupe, people carrier
    Body(4.6, 1.8, 1.46, 0.33, ((-1, 0.14), (-1, 0.5), (-0.96, 0.66), (-0.6, 0.68), (0.34, 0.66), (0.9, 0.56), (1, 0.42), (1, 0.14)), ((-0.66, 0.68), (-0.38, 1), (0.06, 1), (0.4, 0.66)), 2),
    Body(3.9, 1.75, 1.5, 0.31, ((-1, 0.14), (-1, 0.5), (-0.96, 0.66), (-0.6, 0.66), (0.38, 0.64), (0.9, 0.54), (1, 0.42), (1, 0.14)), ((-0.95, 0.66), (-0.74, 1), (0.04, 1), (0.46, 0.64)), 2),
    Body(4.7, 1.82, 1.5, 0.33, ((-1, 0.14), (-1, 0.5), (-0.97, 0.64), (-0.6, 0.65), (0.36, 0.65), (0.9, 0.55), (1, 0.42), (1, 0.14)), ((-0.96, 0.64), (-0.84, 1), (0.08, 1), (0.42, 0.65)), 2),
    Body(4.5, 1.9, 1.72, 0.38, ((-1, 0.17), (-1, 0.5), (-0.97, 0.63), (-0.6, 0.64), (0.42, 0.64), (0.92, 0.58), (1, 0.46), (1, 0.17)), ((-0.96, 0.63), (-0.82, 1), (0.1, 1), (0.46, 0.64)), 2),
    Body(4.3, 1.8, 1.34, 0.33, ((-1, 0.14), (-1, 0.54), (-0.95, 0.68), (-0.6, 0.7), (0.3, 0.66), (0.92, 0.54), (1, 0.4), (1, 0.14)), ((-0.78, 0.69), (-0.36, 1), (-0.02, 1), (0.36, 0.66)), 1),
    Body(4.4, 1.84, 1.68, 0.33, ((-1, 0.14), (-1, 0.5), (-0.98, 0.6), (-0.6, 0.61), (0.5, 0.6), (0.92, 0.5), (1, 0.4), (1, 0.14)), ((-0.97, 0.6), (-0.88, 1), (0.12, 1), (0.62, 0.59)), 2),
)  # fmt: skip


def car(seed: int, *, lamps: bool) -> list[Shape]:
    """The car of this seed, facing ahead; its lamps may be lit."""
    dice = Dice(seed, 31)
    body = dice.pick(BODIES)
    paint = varied(dice.pick(PAINT), dice, 0.06)
    half = body.width / 2
    lower = [(ahead * body.length / 2, up * body.height) for ahead, up in body.lower]
    cabin = [(ahead * body.length / 2, up * body.height) for ahead, up in body.cabin]
    shapes = extruded(lower, half, half, paint, layer=1)
    shapes += _greenhouse(cabin, half, paint)
    shapes += _sides(body, lower, half, paint)
    axle = 0.6 * body.length / 2
    shapes += [*wheel(half, body.wheel, axle), *wheel(half, body.wheel, -0.95 * axle)]
    return shapes + _ends(body, lower, half, lamps=lamps)


def extruded(
    profile: list[tuple[float, float]], foot: float, top: float, colour: Colour, *, layer: int, group: int = 0
) -> list[Shape]:
    """The solid between two copies of a profile, (ahead, up) from rear over the top to the front [m].

    Half its width goes from `foot` at its lowest point to `top` at its highest [m].
    """
    low, high = min(up for _, up in profile), max(up for _, up in profile)

    def at(side: int, ahead: float, up: float) -> Point:
        return (side * (foot + (top - foot) * (up - low) / (high - low)), up, ahead)

    right = Shape(tuple(at(1, *corner) for corner in profile), colour, layer=layer, group=group)
    shapes = [right, mirrored(right)]
    for (a, b), (c, d) in zip(profile[:-1], profile[1:], strict=True):
        corners = (at(-1, a, b), at(-1, c, d), at(1, c, d), at(1, a, b))
        shapes.append(Shape(corners, colour, layer=layer, group=group))
    return shapes


def pane(
    quad: tuple[Point, Point, Point, Point], left: float, right: float, low: float, high: float
) -> tuple[Point, ...]:
    """Part of a face (lower left, upper left, upper right, lower right), in fractions of it."""
    (a, b, c, d) = quad

    def at(across: float, up: float) -> Point:
        one, two, three = (
            (p + (q - p) * up) * (1 - across) + (s + (r - s) * up) * across
            for p, q, r, s in zip(a, b, c, d, strict=True)
        )
        return (one, two, three)

    return (at(left, low), at(left, high), at(right, high), at(right, low))


def glazed(
    quad: tuple[Point, Point, Point, Point], layer: int, group: int = 0, frame: float = 0.06
) -> list[Shape]:
    """A window: glass with the sky reflected in its upper part."""
    return [
        Shape(pane(quad, frame, 1 - frame, 0.04, 0.92), GLASS, layer=layer, group=group),
        Shape(pane(quad, frame, 1 - frame, 0.5, 0.92), shaded(GLASS, 1.35), layer=layer + 1, group=group),
        Shape(pane(quad, 0.12, 0.34, 0.3, 0.92), shaded(GLASS, 1.75), layer=layer + 2, group=group),
    ]


def _greenhouse(cabin: list[tuple[float, float]], half: float, paint: Colour) -> list[Shape]:
    (rear, low), (roof_rear, top), (roof_front, _), (front, _) = cabin
    foot, narrow = half * 0.97, half * 0.8
    shapes = extruded(cabin, foot, narrow, paint, layer=4)
    back = ((-foot, low, rear), (-narrow, top, roof_rear), (narrow, top, roof_rear), (foot, low, rear))
    windscreen = (
        (foot, low, front),
        (narrow, top, roof_front),
        (-narrow, top, roof_front),
        (-foot, low, front),
    )
    # Seen from the right the front is on the right-hand side.
    side = ((foot, low, rear), (narrow, top, roof_rear), (narrow, top, roof_front), (foot, low, front))
    shapes += [*glazed(windscreen, 5), *glazed(back, 5)]
    for left, right in ((0.1, 0.5), (0.53, 0.93)):
        # The mirror image keeps its order of drawing: glass, then its reflection.
        for low_part, high_part, tone, layer in ((0.08, 0.86, 1.0, 5), (0.45, 0.86, 1.3, 6)):
            window = Shape(pane(side, left, right, low_part, high_part), shaded(GLASS, tone), layer=layer)
            shapes += [window, mirrored(window)]
    return shapes


def _sides(body: Body, lower: list[tuple[float, float]], half: float, paint: Colour) -> list[Shape]:
    end, sill, belt = body.length / 2, 0.14 * body.height, 0.6 * body.height
    out = half + 0.004

    def panel(rear: float, front: float, low: float, high: float, colour: Colour, layer: int) -> list[Shape]:
        corners = ((out, low, rear), (out, high, rear), (out, high, front), (out, low, front))
        face = Shape(corners, colour, layer=layer, casts=False)
        return [face, mirrored(face)]

    shapes = panel(-0.98 * end, 0.98 * end, sill, 0.36 * body.height, shaded(paint, 0.8), 2)
    shapes += panel(-0.98 * end, 0.98 * end, sill, 0.2 * body.height, TRIM, 2)
    shapes += panel(-0.9 * end, 0.88 * end, 0.52 * body.height, 0.545 * body.height, shaded(paint, 1.14), 2)
    for seam in (0.3, -0.12, -0.5)[: body.doors + 1]:
        shapes += panel(
            (seam - 0.006) * end, (seam + 0.006) * end, 0.2 * body.height, belt, shaded(paint, 0.55), 3
        )
    for handle in (0.0, -0.4)[: body.doors]:
        shapes += panel(
            (handle - 0.05) * end,
            (handle + 0.02) * end,
            0.53 * body.height,
            0.56 * body.height,
            shaded(paint, 0.6),
            3,
        )
    ear = (half + 0.16, 0.28 * end)
    for low, high, tone in ((0.6, 0.7, 0.8),):
        cap = Shape(
            (
                (ear[0], low * body.height, ear[1] - 0.1),
                (ear[0], high * body.height, ear[1] - 0.1),
                (ear[0], high * body.height, ear[1] + 0.12),
                (ear[0], low * body.height, ear[1] + 0.12),
            ),
            shaded(paint, tone),
            layer=7,
            casts=False,
        )
        shapes += [cap, mirrored(cap)]
        for side in (-1, 1):
            left, right = sorted((side * half, side * ear[0]))
            back = Shape(
                (
                    (left, low * body.height, ear[1] - 0.1),
                    (left, high * body.height, ear[1] - 0.1),
                    (right, high * body.height, ear[1] - 0.1),
                    (right, low * body.height, ear[1] - 0.1),
                ),
                (110, 100, 90),
                layer=7,
                casts=False,
            )
            front = Shape(
                (
                    (right, low * body.height, ear[1] + 0.12),
                    (right, high * body.height, ear[1] + 0.12),
                    (left, high * body.height, ear[1] + 0.12),
                    (left, low * body.height, ear[1] + 0.12),
                ),
                shaded(paint, 0.9),
                layer=7,
                casts=False,
            )
            shapes += [back, front]
    return shapes


def wheel(half: float, radius: float, ahead: float, *, group: int = 0) -> list[Shape]:
    """A wheel on each side: arch, tyre, rim and hub."""
    shapes: list[Shape] = []
    rings = (
        (1.22, (28, 28, 30), 0.006),
        (1.0, RUBBER, 0.02),
        (0.66, (150, 150, 150), 0.022),
        (0.5, (95, 95, 95), 0.024),
        (0.2, (170, 170, 170), 0.026),
    )
    for layer, (part, colour, out) in enumerate(rings, start=4):
        turns = [k * math.tau / 16 for k in range(16)]
        corners = tuple(
            (half + out, radius + part * radius * math.sin(a), ahead - part * radius * math.cos(a))
            for a in turns
        )
        disc = Shape(corners, colour, group=group, layer=min(layer, 3), casts=False)
        shapes += [disc, mirrored(disc)]
    return shapes


def _ends(body: Body, lower: list[tuple[float, float]], half: float, *, lamps: bool) -> list[Shape]:
    end = body.length / 2 + 0.01
    tall = body.height

    def patch(
        front: bool, left: float, right: float, low: float, high: float, colour: Colour, glows: bool = False
    ) -> Shape:
        z = end if front else -end
        corners = (
            (left * half, low * tall, z),
            (left * half, high * tall, z),
            (right * half, high * tall, z),
            (right * half, low * tall, z),
        )
        return Shape(corners[::-1] if front else corners, colour, layer=3, glows=glows, casts=False)

    shapes = [
        patch(True, -0.95, 0.95, 0.14, 0.24, TRIM), patch(False, -0.95, 0.95, 0.14, 0.24, TRIM),
        patch(True, -0.5, 0.5, 0.28, 0.4, (38, 38, 40)), patch(True, -0.28, 0.28, 0.2, 0.27, (225, 225, 225)),
        patch(False, -0.28, 0.28, 0.33, 0.41, (215, 225, 225)), patch(False, -0.9, 0.9, 0.44, 0.46, (90, 90, 92)),
    ]  # fmt: skip
    for left, right in ((-0.95, -0.55), (0.55, 0.95)):
        shapes.append(patch(True, left, right, 0.31, 0.41, (235, 252, 255) if lamps else HEADLIGHT, lamps))
        shapes.append(patch(False, left, right, 0.4, 0.52, (50, 50, 250) if lamps else TAIL_LIGHT, lamps))
    return shapes
