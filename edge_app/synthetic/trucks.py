"""Lorries: a cab, and a box or a tipper behind it."""

from __future__ import annotations

from edge_app.synthetic.coachwork import (
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
from edge_app.synthetic.dice import Dice
from edge_app.synthetic.palette import CLOTH, PAINT, Colour, shaded, varied
from edge_app.synthetic.shapes import Shape

HALF = 1.18  # m, half the width
CAB = 1.9  # m, its length
FLOOR = 0.95  # m, of the load above the road
WHEEL = 0.46  # m, radius
FRONT_GROUP, REAR_GROUP = 1, 2  # drawn one after the other, the nearer last


def truck(seed: int, *, lamps: bool) -> list[Shape]:
    """The lorry of this seed, facing ahead; its lamps may be lit."""
    dice = Dice(seed, 41)
    length, tall = dice.between(6.2, 8.6), dice.between(2.9, 3.4)
    front, rear = length / 2, -length / 2
    paint = varied(dice.pick(PAINT), dice, 0.08)
    load = varied(dice.pick(((228, 228, 228), (215, 215, 210), *CLOTH)), dice, 0.06)
    behind = front - CAB - 0.25
    shapes = [*_cab(front, 0.85 * tall, paint), *_face(front, 0.85 * tall, lamps=lamps)]
    if dice.happens(0.3):
        shapes += [*_body(rear, behind, 0.62 * tall, load), *_tipper(rear, behind, 0.62 * tall, load)]
    else:
        shapes += [*_body(rear, behind, tall, load), *_box(rear, behind, tall, load)]
    return shapes + _chassis(rear, behind, lamps=lamps)


def _cab(front: float, tall: float, paint: Colour) -> list[Shape]:
    rear, group = front - CAB, FRONT_GROUP
    profile = [
        (rear, 0.45), (rear, tall), (front - 0.5, tall),
        (front - 0.12, 0.56 * tall), (front, 0.5 * tall), (front, 0.4),
    ]  # fmt: skip
    shapes = extruded(profile, HALF, HALF * 0.96, paint, layer=1, group=group)
    low, high, foot, brow = 0.57 * tall, 0.95 * tall, front - 0.11, front - 0.44
    a, b = HALF * 0.92, HALF * 0.9
    windscreen: Quad = ((a, low, foot), (b, high, brow), (-b, high, brow), (-a, low, foot))
    panels = Panels(HALF, group)
    shapes += glazed(windscreen, 2, group, 0.03)
    shapes += panels.sides((front - 1.25, front - 0.42), (0.57 * tall, 0.88 * tall), GLASS, 2)
    shapes += panels.sides((front - 1.25, front - 0.6), (0.74 * tall, 0.88 * tall), shaded(GLASS, 1.35), 3)
    shapes += panels.sides((front - 1.4, front - 1.37), (0.25 * tall, 0.9 * tall), shaded(paint, 0.6), 3)
    shapes += panels.sides((rear, front - 0.02), (0.45, 0.8), shaded(paint, 0.7), 2)
    return shapes + wheel(HALF, WHEEL, front - 0.75, group=group)


def _face(front: float, tall: float, *, lamps: bool) -> list[Shape]:
    """Bumper, grille, plate, lamps and mirrors."""
    panels, z = Panels(HALF, FRONT_GROUP), front + 0.01
    shapes = [
        panels.front(z, (-0.96, 0.96), (0.4, 0.75), TRIM, 2),
        panels.front(z, (-0.6, 0.6), (0.85, 0.46 * tall), (44, 44, 46), 2),
        panels.front(z, (-0.24, 0.24), (0.5, 0.63), (225, 225, 225), 3),
    ]
    for side in (-1, 1):
        colour = HEADLIGHT_LIT if lamps else HEADLIGHT
        shapes.append(panels.front(z, (side * 0.55, side * 0.93), (0.55, 0.74), colour, 3, glows=lamps))
        ear = (
            (side * (HALF + 0.14), 0.62 * tall, front - 0.25),
            (side * (HALF + 0.14), 0.8 * tall, front - 0.25),
        )
        shapes.append(Shape(ear, (40, 40, 42), (0.08, 0.08), layer=4, group=FRONT_GROUP))
    return shapes


def _body(rear: float, front: float, tall: float, colour: Colour) -> list[Shape]:
    """What the load is in, and its doors."""
    group = REAR_GROUP
    profile = [(rear, FLOOR), (rear, tall), (front, tall), (front, FLOOR)]
    shapes = extruded(profile, HALF, HALF, colour, layer=1, group=group)
    z = rear - 0.01
    back: Quad = ((-HALF, FLOOR, z), (-HALF, tall, z), (HALF, tall, z), (HALF, FLOOR, z))
    for left, right in ((0.04, 0.49), (0.51, 0.96)):
        shapes.append(Shape(pane(back, left, right, 0.04, 0.95), shaded(colour, 0.92), layer=2, group=group))
        bar = pane(back, left + 0.2, left + 0.22, 0.06, 0.92)
        shapes.append(Shape(bar, shaded(colour, 0.6), layer=3, group=group))
    return shapes


def _tipper(rear: float, front: float, tall: float, colour: Colour) -> list[Shape]:
    ends = (rear + 0.6, front - 0.6)
    heap = tuple((x, tall - 0.05, z) for x in (-HALF * 0.6, HALF * 0.6) for z in ends)
    shapes = [Shape(heap, (70, 95, 120), (0.3,) * 4, layer=2, group=REAR_GROUP)]
    for k in range(5):
        z = rear + (front - rear) * (k + 0.5) / 5
        shapes += Panels(HALF, REAR_GROUP).sides((z - 0.05, z + 0.05), (FLOOR, tall), shaded(colour, 0.75), 3)
    return shapes


def _box(rear: float, front: float, tall: float, colour: Colour) -> list[Shape]:
    panels, span, high = Panels(HALF, REAR_GROUP), front - rear, tall - FLOOR
    shapes = panels.sides((rear, front), (FLOOR, FLOOR + 0.12), shaded(colour, 0.62), 2)
    shapes += panels.sides((rear, front), (tall - 0.1, tall), shaded(colour, 0.8), 2)
    sign = (rear + 0.25 * span, rear + 0.75 * span), (FLOOR + 0.45 * high, FLOOR + 0.75 * high)
    shapes += panels.sides(*sign, shaded(colour, 0.72), 2)
    for k in range(1, 6):
        z = rear + span * k / 6
        shapes += panels.sides((z - 0.015, z + 0.015), (FLOOR, tall), shaded(colour, 0.86), 3)
    return shapes


def _chassis(rear: float, front: float, *, lamps: bool) -> list[Shape]:
    panels, group = Panels(HALF, REAR_GROUP), REAR_GROUP
    beam = [(rear, 0.5), (rear, FLOOR), (front, FLOOR), (front, 0.5)]
    shapes = extruded(beam, HALF * 0.9, HALF * 0.9, (52, 52, 54), layer=0, group=group)
    shapes.append(panels.rear(rear - 0.02, (-1, 1), (0.45, 0.6), (60, 60, 200), 2))
    for side in (-1, 1):
        colour = TAIL_LIGHT_LIT if lamps else TAIL_LIGHT
        shapes.append(panels.rear(rear - 0.02, (side * 0.62, side * 0.95), (0.66, 0.8), colour, 3, glows=lamps))
    axles = (1.3, 2.3) if front - rear > 5.2 else (1.3,)
    return shapes + [shape for axle in axles for shape in wheel(HALF, WHEEL, rear + axle, group=group)]
