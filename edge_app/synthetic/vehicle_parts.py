"""The parts of cars and lorries: extruded bodies, windows and wheels."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise

from edge_app.synthetic.palette import Colour, shaded
from edge_app.synthetic.shapes import Point, Shape, mirrored

GLASS: Colour = (92, 78, 66)
RUBBER: Colour = (34, 34, 36)
TRIM: Colour = (46, 46, 48)
HEADLIGHT: Colour = (225, 235, 235)
TAIL_LIGHT: Colour = (40, 36, 170)
HEADLIGHT_LIT: Colour = (235, 252, 255)
TAIL_LIGHT_LIT: Colour = (50, 50, 250)

Extent = tuple[float, float]
Quad = tuple[Point, Point, Point, Point]


def extruded(
    profile: list[tuple[float, float]], foot: float, top: float, colour: Colour, *, layer: int, group: int = 0
) -> list[Shape]:
    """A profile, (ahead, up) from the rear over the top to the front [m], extruded sideways.

    Half its width varies from `foot` at the lowest point to `top` at the highest [m].
    """
    low, high = min(up for _, up in profile), max(up for _, up in profile)

    def at(side: int, ahead: float, up: float) -> Point:
        return (side * (foot + (top - foot) * (up - low) / (high - low)), up, ahead)

    right = Shape(tuple(at(1, *corner) for corner in profile), colour, layer=layer, group=group)
    shapes = [right, mirrored(right)]
    for (a, b), (c, d) in pairwise(profile):
        corners = (at(-1, a, b), at(-1, c, d), at(1, c, d), at(1, a, b))
        shapes.append(Shape(corners, colour, layer=layer, group=group))
    return shapes


@dataclass(frozen=True, slots=True)
class Panels:
    """Makes flat details on the outside of a body.

    Attributes:
        half_width: Half the body's width [m].
        group: See `Shape`.
    """

    half_width: float
    group: int = 0

    def sides(self, ahead: Extent, up: Extent, colour: Colour, layer: int, *, out: float = 0.006) -> list[Shape]:
        """A rectangle on each side of the body, `out` from its surface [m]."""
        side, (rear, front), (low, high) = self.half_width + out, ahead, up
        corners = ((side, low, rear), (side, high, rear), (side, high, front), (side, low, front))
        face = Shape(corners, colour, layer=layer, group=self.group, casts_shadow=False)
        return [face, mirrored(face)]

    def front(
        self, ahead: float, side: Extent, up: Extent, colour: Colour, layer: int, *, emissive: bool = False
    ) -> Shape:
        """A rectangle that faces ahead; `side` is in half widths of the body."""
        rear = self.rear(ahead, side, up, colour, layer, emissive=emissive)
        return replace(rear, points=rear.points[::-1])

    def rear(
        self, ahead: float, side: Extent, up: Extent, colour: Colour, layer: int, *, emissive: bool = False
    ) -> Shape:
        """A rectangle that faces back; `side` is in half widths of the body."""
        (left, right), (low, high) = sorted(scale * self.half_width for scale in side), up
        corners = ((left, low, ahead), (left, high, ahead), (right, high, ahead), (right, low, ahead))
        return Shape(corners, colour, layer=layer, group=self.group, emissive=emissive, casts_shadow=False)


def pane(quad: Quad, left: float, right: float, low: float, high: float) -> tuple[Point, ...]:
    """Part of a quad (lower left, upper left, upper right, lower right), bounded by fractions of its sides."""
    (a, b, c, d) = quad

    def at(across: float, up: float) -> Point:
        one, two, three = (
            (p + (q - p) * up) * (1 - across) + (s + (r - s) * up) * across
            for p, q, r, s in zip(a, b, c, d, strict=True)
        )
        return (one, two, three)

    return (at(left, low), at(left, high), at(right, high), at(right, low))


def glazed(quad: Quad, layer: int, group: int = 0, frame: float = 0.06) -> list[Shape]:
    """A window: glass with the sky reflected in its upper part."""
    return [
        Shape(pane(quad, frame, 1 - frame, 0.04, 0.92), GLASS, layer=layer, group=group),
        Shape(pane(quad, frame, 1 - frame, 0.5, 0.92), shaded(GLASS, 1.35), layer=layer + 1, group=group),
        Shape(pane(quad, 0.12, 0.34, 0.3, 0.92), shaded(GLASS, 1.75), layer=layer + 2, group=group),
    ]


def wheel(half_width: float, radius: float, ahead: float, *, group: int = 0) -> list[Shape]:
    """A wheel on each side: arch, tyre, rim and hub."""
    shapes: list[Shape] = []
    rings = (
        (1.22, (28, 28, 30), 0.006),
        (1.0, RUBBER, 0.02),
        (0.66, (150, 150, 150), 0.022),
        (0.5, (95, 95, 95), 0.024),
        (0.2, (170, 170, 170), 0.026),
    )
    for layer, (scale, colour, out) in enumerate(rings, start=4):
        angles = [k * math.tau / 16 for k in range(16)]
        corners = tuple(
            (half_width + out, radius + scale * radius * math.sin(a), ahead - scale * radius * math.cos(a))
            for a in angles
        )
        disc = Shape(corners, colour, group=group, layer=min(layer, 3), casts_shadow=False)
        shapes += [disc, mirrored(disc)]
    return shapes
