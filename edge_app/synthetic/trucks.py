"""Lorries: a cab, and a box, a tipper or a curtain-sided load behind it."""

from __future__ import annotations

from edge_app.synthetic.dice import Dice
from edge_app.synthetic.shapes import Shape, mirrored
from edge_app.synthetic.palette import CLOTH, PAINT, Colour, shaded, varied
from edge_app.synthetic.vehicles import HEADLIGHT, TAIL_LIGHT, TRIM, extruded, glazed, pane, wheel

WIDTH = 2.35  # m


def truck(seed: int, *, lamps: bool) -> list[Shape]:
    """The lorry of this seed, facing ahead; its lamps may be lit."""
    dice = Dice(seed, 41)
    length, tall = dice.between(6.2, 8.6), dice.between(2.9, 3.4)
    cab_long = 1.9
    front, rear = length / 2, -length / 2
    paint = varied(dice.pick(PAINT), dice, 0.08)
    load = varied(dice.pick(((228, 228, 228), (215, 215, 210), *CLOTH)), dice, 0.06)
    tipper = dice.happens(0.3)
    shapes = _cab(front, cab_long, tall * (0.86 if not tipper else 0.84), paint, lamps=lamps)
    behind = front - cab_long - 0.25
    shapes += _load(rear, behind, 0.62 * tall if tipper else tall, load, tipper=tipper)
    shapes += _chassis(rear, behind, lamps=lamps)
    return shapes


def _side(
    rear: float,
    front: float,
    low: float,
    high: float,
    colour: Colour,
    layer: int,
    group: int,
    out: float = 0.01,
) -> list[Shape]:
    half = WIDTH / 2 + out
    face = Shape(
        ((half, low, rear), (half, high, rear), (half, high, front), (half, low, front)),
        colour,
        layer=layer,
        group=group,
        casts=False,
    )
    return [face, mirrored(face)]


def _front(
    z: float,
    left: float,
    right: float,
    low: float,
    high: float,
    colour: Colour,
    layer: int,
    group: int,
    *,
    glows: bool = False,
    rear: bool = False,
) -> Shape:
    corners = ((left, low, z), (left, high, z), (right, high, z), (right, low, z))
    return Shape(
        corners if rear else corners[::-1], colour, layer=layer, group=group, glows=glows, casts=False
    )


def _cab(front: float, long: float, tall: float, paint: Colour, *, lamps: bool) -> list[Shape]:
    half = WIDTH / 2
    rear = front - long
    profile = [
        (rear, 0.45),
        (rear, tall),
        (front - 0.5, tall),
        (front - 0.12, 0.56 * tall),
        (front, 0.5 * tall),
        (front, 0.4),
    ]
    shapes = extruded(profile, half, half * 0.96, paint, layer=1, group=1)
    windscreen = (
        (half * 0.92, 0.57 * tall, front - 0.11),
        (half * 0.9, 0.95 * tall, front - 0.44),
        (-half * 0.9, 0.95 * tall, front - 0.44),
        (-half * 0.92, 0.57 * tall, front - 0.11),
    )
    shapes += glazed(windscreen, 2, 1, 0.03)
    shapes += _side(front - 1.25, front - 0.42, 0.57 * tall, 0.88 * tall, (92, 78, 66), 2, 1)
    shapes += _side(front - 1.25, front - 0.6, 0.74 * tall, 0.88 * tall, (125, 108, 92), 3, 1)
    shapes += _side(front - 1.4, front - 1.37, 0.25 * tall, 0.9 * tall, shaded(paint, 0.6), 3, 1)
    shapes += _side(rear, front - 0.02, 0.45, 0.8, shaded(paint, 0.7), 2, 1)
    z = front + 0.01
    shapes.append(_front(z, -half * 0.96, half * 0.96, 0.4, 0.75, TRIM, 2, 1))
    shapes.append(_front(z, -half * 0.6, half * 0.6, 0.85, 0.46 * tall, (44, 44, 46), 2, 1))
    shapes.append(_front(z, -0.28, 0.28, 0.5, 0.63, (225, 225, 225), 3, 1))
    for side in (-1, 1):
        left, right = sorted((side * 0.55 * half, side * 0.93 * half))
        shapes.append(
            _front(z, left, right, 0.55, 0.74, (235, 252, 255) if lamps else HEADLIGHT, 3, 1, glows=lamps)
        )
        ear = (
            (side * (half + 0.14), 0.62 * tall, front - 0.25),
            (side * (half + 0.14), 0.8 * tall, front - 0.25),
        )
        shapes.append(Shape(ear, (40, 40, 42), (0.08, 0.08), layer=4, group=1))
    return shapes + wheel(half, 0.46, front - 0.75, group=1)


def _load(rear: float, front: float, tall: float, colour: Colour, *, tipper: bool) -> list[Shape]:
    half = WIDTH / 2
    floor = 0.95
    shapes = extruded(
        [(rear, floor), (rear, tall), (front, tall), (front, floor)], half, half, colour, layer=1, group=2
    )
    if tipper:
        heap = tuple(
            (x, tall - 0.05, z) for x in (-half * 0.6, half * 0.6) for z in (rear + 0.6, front - 0.6)
        )
        shapes.append(Shape(heap, (70, 95, 120), (0.3,) * 4, layer=2, group=2))
        for k in range(5):
            z = rear + (front - rear) * (k + 0.5) / 5
            shapes += _side(z - 0.05, z + 0.05, floor, tall, shaded(colour, 0.75), 3, 2)
    else:
        accent = shaded(colour, 0.62)
        shapes += _side(rear, front, floor, floor + 0.12, accent, 2, 2)
        shapes += _side(rear, front, tall - 0.1, tall, shaded(colour, 0.8), 2, 2)
        span = front - rear
        shapes += _side(
            rear + 0.25 * span,
            rear + 0.75 * span,
            floor + 0.45 * (tall - floor),
            floor + 0.75 * (tall - floor),
            shaded(colour, 0.72),
            2,
            2,
        )
        for k in range(1, 6):
            z = rear + span * k / 6
            shapes += _side(z - 0.015, z + 0.015, floor, tall, shaded(colour, 0.86), 3, 2)
    back = (
        (half, floor, rear - 0.01),
        (half, tall, rear - 0.01),
        (-half, tall, rear - 0.01),
        (-half, floor, rear - 0.01),
    )
    for left, right in ((0.04, 0.49), (0.51, 0.96)):
        shapes.append(
            Shape(pane(back, left, right, 0.04, 0.95)[::-1], shaded(colour, 0.92), layer=2, group=2)
        )
        shapes.append(
            Shape(
                pane(back, left + 0.2, left + 0.22, 0.06, 0.92)[::-1], shaded(colour, 0.6), layer=3, group=2
            )
        )
    return shapes


def _chassis(rear: float, front: float, *, lamps: bool) -> list[Shape]:
    half = WIDTH / 2
    shapes = extruded(
        [(rear, 0.5), (rear, 0.95), (front, 0.95), (front, 0.5)],
        half * 0.9,
        half * 0.9,
        (52, 52, 54),
        layer=0,
        group=2,
    )
    shapes.append(_front(rear - 0.02, -half, half, 0.45, 0.6, (60, 60, 200), 2, 2, rear=True))
    for side in (-1, 1):
        left, right = sorted((side * 0.62 * half, side * 0.95 * half))
        shapes.append(
            _front(
                rear - 0.02,
                left,
                right,
                0.66,
                0.8,
                (50, 50, 250) if lamps else TAIL_LIGHT,
                3,
                2,
                glows=lamps,
                rear=True,
            )
        )
    shapes += wheel(half, 0.46, rear + 1.3, group=2)
    return shapes + (wheel(half, 0.46, rear + 2.3, group=2) if front - rear > 5.2 else [])
