"""Lorries: a cab with a box or a tipper behind it."""

from __future__ import annotations

from edge_app.synthetic.palette import CLOTH, PAINT, Colour, shaded, varied
from edge_app.synthetic.rng import KeyedRng
from edge_app.synthetic.shapes import Shape
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

HALF_WIDTH = 1.18  # m
CAB_LENGTH = 1.9  # m
LOAD_FLOOR = 0.95  # m above the road
WHEEL_RADIUS = 0.46  # m
FRONT_GROUP, REAR_GROUP = 1, 2  # cab and load: the nearer group is drawn last


def truck(seed: int, *, lamps: bool) -> list[Shape]:
    """The lorry of this seed, facing ahead, its lamps lit or not."""
    rng = KeyedRng(seed, 41)
    length, height = rng.uniform(6.2, 8.6), rng.uniform(2.9, 3.4)
    front, rear = length / 2, -length / 2
    paint = varied(rng.choice(PAINT), rng, 0.08)
    load = varied(rng.choice(((228, 228, 228), (215, 215, 210), *CLOTH)), rng, 0.06)
    behind = front - CAB_LENGTH - 0.25
    shapes = [*_cab(front, 0.85 * height, paint), *_front(front, 0.85 * height, lamps=lamps)]
    if rng.chance(0.3):
        shapes += [*_body(rear, behind, 0.62 * height, load), *_tipper(rear, behind, 0.62 * height, load)]
    else:
        shapes += [*_body(rear, behind, height, load), *_box(rear, behind, height, load)]
    return shapes + _chassis(rear, behind, lamps=lamps)


def _cab(front: float, height: float, paint: Colour) -> list[Shape]:
    rear, group = front - CAB_LENGTH, FRONT_GROUP
    profile = [
        (rear, 0.45), (rear, height), (front - 0.5, height),
        (front - 0.12, 0.56 * height), (front, 0.5 * height), (front, 0.4),
    ]  # fmt: skip
    shapes = extruded(profile, HALF_WIDTH, HALF_WIDTH * 0.96, paint, layer=1, group=group)
    low, high, foot, brow = 0.57 * height, 0.95 * height, front - 0.11, front - 0.44
    a, b = HALF_WIDTH * 0.92, HALF_WIDTH * 0.9
    windscreen: Quad = ((a, low, foot), (b, high, brow), (-b, high, brow), (-a, low, foot))
    panels = Panels(HALF_WIDTH, group)
    shapes += glazed(windscreen, 2, group, 0.03)
    shapes += panels.sides((front - 1.25, front - 0.42), (0.57 * height, 0.88 * height), GLASS, 2)
    shapes += panels.sides((front - 1.25, front - 0.6), (0.74 * height, 0.88 * height), shaded(GLASS, 1.35), 3)
    shapes += panels.sides((front - 1.4, front - 1.37), (0.25 * height, 0.9 * height), shaded(paint, 0.6), 3)
    shapes += panels.sides((rear, front - 0.02), (0.45, 0.8), shaded(paint, 0.7), 2)
    return shapes + wheel(HALF_WIDTH, WHEEL_RADIUS, front - 0.75, group=group)


def _front(front: float, height: float, *, lamps: bool) -> list[Shape]:
    """Bumper, grille, number plate, lamps and mirrors."""
    panels, z = Panels(HALF_WIDTH, FRONT_GROUP), front + 0.01
    shapes = [
        panels.front(z, (-0.96, 0.96), (0.4, 0.75), TRIM, 2),
        panels.front(z, (-0.6, 0.6), (0.85, 0.46 * height), (44, 44, 46), 2),
        panels.front(z, (-0.24, 0.24), (0.5, 0.63), (225, 225, 225), 3),
    ]
    for side in (-1, 1):
        colour = HEADLIGHT_LIT if lamps else HEADLIGHT
        shapes.append(panels.front(z, (side * 0.55, side * 0.93), (0.55, 0.74), colour, 3, emissive=lamps))
        mirror = (
            (side * (HALF_WIDTH + 0.14), 0.62 * height, front - 0.25),
            (side * (HALF_WIDTH + 0.14), 0.8 * height, front - 0.25),
        )
        shapes.append(Shape(mirror, (40, 40, 42), (0.08, 0.08), layer=4, group=FRONT_GROUP))
    return shapes


def _body(rear: float, front: float, height: float, colour: Colour) -> list[Shape]:
    """The load's body and its rear doors."""
    group = REAR_GROUP
    profile = [(rear, LOAD_FLOOR), (rear, height), (front, height), (front, LOAD_FLOOR)]
    shapes = extruded(profile, HALF_WIDTH, HALF_WIDTH, colour, layer=1, group=group)
    z = rear - 0.01
    back: Quad = (
        (-HALF_WIDTH, LOAD_FLOOR, z),
        (-HALF_WIDTH, height, z),
        (HALF_WIDTH, height, z),
        (HALF_WIDTH, LOAD_FLOOR, z),
    )
    for left, right in ((0.04, 0.49), (0.51, 0.96)):
        shapes.append(Shape(pane(back, left, right, 0.04, 0.95), shaded(colour, 0.92), layer=2, group=group))
        bar = pane(back, left + 0.2, left + 0.22, 0.06, 0.92)
        shapes.append(Shape(bar, shaded(colour, 0.6), layer=3, group=group))
    return shapes


def _tipper(rear: float, front: float, height: float, colour: Colour) -> list[Shape]:
    ends = (rear + 0.6, front - 0.6)
    heap = tuple((x, height - 0.05, z) for x in (-HALF_WIDTH * 0.6, HALF_WIDTH * 0.6) for z in ends)
    shapes = [Shape(heap, (70, 95, 120), (0.3,) * 4, layer=2, group=REAR_GROUP)]
    for k in range(5):
        z = rear + (front - rear) * (k + 0.5) / 5
        shapes += Panels(HALF_WIDTH, REAR_GROUP).sides(
            (z - 0.05, z + 0.05), (LOAD_FLOOR, height), shaded(colour, 0.75), 3
        )
    return shapes


def _box(rear: float, front: float, height: float, colour: Colour) -> list[Shape]:
    panels, length, high = Panels(HALF_WIDTH, REAR_GROUP), front - rear, height - LOAD_FLOOR
    shapes = panels.sides((rear, front), (LOAD_FLOOR, LOAD_FLOOR + 0.12), shaded(colour, 0.62), 2)
    shapes += panels.sides((rear, front), (height - 0.1, height), shaded(colour, 0.8), 2)
    sign = (rear + 0.25 * length, rear + 0.75 * length), (LOAD_FLOOR + 0.45 * high, LOAD_FLOOR + 0.75 * high)
    shapes += panels.sides(*sign, shaded(colour, 0.72), 2)
    for k in range(1, 6):
        z = rear + length * k / 6
        shapes += panels.sides((z - 0.015, z + 0.015), (LOAD_FLOOR, height), shaded(colour, 0.86), 3)
    return shapes


def _chassis(rear: float, front: float, *, lamps: bool) -> list[Shape]:
    panels, group = Panels(HALF_WIDTH, REAR_GROUP), REAR_GROUP
    beam = [(rear, 0.5), (rear, LOAD_FLOOR), (front, LOAD_FLOOR), (front, 0.5)]
    shapes = extruded(beam, HALF_WIDTH * 0.9, HALF_WIDTH * 0.9, (52, 52, 54), layer=0, group=group)
    shapes.append(panels.rear(rear - 0.02, (-1, 1), (0.45, 0.6), (60, 60, 200), 2))
    for side in (-1, 1):
        colour = TAIL_LIGHT_LIT if lamps else TAIL_LIGHT
        shapes.append(panels.rear(rear - 0.02, (side * 0.62, side * 0.95), (0.66, 0.8), colour, 3, emissive=lamps))
    axles = (1.3, 2.3) if front - rear > 5.2 else (1.3,)
    return shapes + [shape for axle in axles for shape in wheel(HALF_WIDTH, WHEEL_RADIUS, rear + axle, group=group)]
