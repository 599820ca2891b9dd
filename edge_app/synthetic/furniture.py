"""What stands in a street and never moves: trees, lamp posts, bins and benches."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from edge_app.synthetic.dice import Dice, scramble
from edge_app.synthetic.layout import KERB_TO_WALL, Plan
from edge_app.synthetic.palette import LEAVES, Colour, shaded, varied
from edge_app.synthetic.shapes import Point, Shape

LAMP_HEIGHT = 5.6  # m
LAMP_ARM = 1.2  # m
METAL: Colour = (88, 88, 84)


@dataclass(frozen=True, slots=True)
class Fixture:
    """Something that stands at a place.

    Attributes:
        make: "tree", "lamp", "bin" or "bench".
        x: To the right [m].
        z: Ahead [m].
        heading: [rad].
        look: Seed of its looks.
    """

    make: str
    x: float
    z: float
    heading: float
    look: int

    @property
    def head(self) -> tuple[float, float]:
        """The x and z of what hangs over the road [m]."""
        return self.x + LAMP_ARM * math.sin(self.heading), self.z + LAMP_ARM * math.cos(self.heading)


def fixtures(plan: Plan, seed: int, nearest: float) -> list[Fixture]:
    """All that stands along the kerbs and in the gardens."""
    dice = Dice(seed, 91)
    left, right = plan.kerbs
    found: list[Fixture] = []

    def put(make: str, x: float, z: float, heading: float) -> None:
        found.append(Fixture(make, x, z, heading, scramble(seed, 92, len(found))))

    for side, kerb in ((-1, left), (1, right)):
        facing = -side * math.pi / 2
        put("lamp", kerb + side * 0.45, plan.near - 4.2 if side < 0 else plan.far + 4.0, facing)
        if side > 0 and plan.near - 10.5 > nearest:
            put("lamp", kerb + 0.45, plan.near - 10.5, facing)
        if plan.goes_on:
            put("lamp", kerb + side * 0.45, plan.far + 22.0 + 4 * side, facing)
            for k in range(dice.whole(0, 3)):
                put("tree", kerb + side * 0.8, plan.far + 11.0 + 9.0 * k, 0.0)
        garden = plan.gardens[(side + 1) // 2]
        for _ in range(dice.whole(1, 3) if garden else 0):
            x = kerb + side * (KERB_TO_WALL + dice.between(1.2, 8.0))
            put("tree", x, dice.between(nearest + 2.0, plan.near - KERB_TO_WALL - 1.0), 0.0)
        if dice.happens(0.6):
            z = dice.between(nearest + 1.5, plan.near - 5.0)
            put(dice.pick(("bin", "bench")), kerb + side * (KERB_TO_WALL - 0.35), z, facing)
    return found


def shapes(fixture: Fixture, *, lamps: bool) -> list[Shape]:
    """What a fixture looks like; lamps may be lit."""
    makers: dict[str, Callable[[], list[Shape]]] = {
        "tree": lambda: tree(fixture.look),
        "lamp": lambda: lamp_post(lit=lamps),
        "bin": litter_bin,
        "bench": bench,
    }
    return makers[fixture.make]()


def tree(seed: int) -> list[Shape]:
    """A tree: trunk, boughs and many small clouds of leaves, the lower ones in the shade."""
    dice = Dice(seed, 93)
    leaf = varied(dice.pick(LEAVES), dice, 0.15)
    tall, wide = dice.between(4.2, 6.8), dice.between(1.2, 1.9)
    bark: Colour = (52, 66, 82)
    trunk = 0.45 * tall
    found = [Shape(((0.0, 0.0, 0.0), (0.0, trunk, 0.0)), bark, (0.17, 0.11))]
    for turn in (0.3, 2.2, 4.4):
        tip: Point = (0.6 * wide * math.cos(turn), 0.68 * tall, 0.6 * wide * math.sin(turn))
        found.append(Shape(((0.0, 0.9 * trunk, 0.0), tip), bark, (0.1, 0.05)))
    for _ in range(150):
        turn, out, up = dice.between(0, math.tau), math.sqrt(dice.unit()), dice.between(-1, 1)
        reach = wide * out * math.sqrt(max(0.05, 1 - up * up))
        centre: Point = (reach * math.cos(turn), tall * (0.72 + 0.26 * up), reach * math.sin(turn))
        bright = 0.78 + 0.26 * up - 0.14 * centre[0] / wide + dice.between(-0.16, 0.16)
        found.append(Shape((centre,), shaded(leaf, bright), (dice.between(0.16, 0.36),), matte=True))
    return found


def lamp_post(*, lit: bool) -> list[Shape]:
    """A post with an arm over the road."""
    top, out = LAMP_HEIGHT, LAMP_ARM
    head: Colour = (190, 235, 255) if lit else (190, 195, 195)
    return [
        Shape(((0.0, 0.0, 0.0), (0.0, 0.9, 0.0)), METAL, (0.09, 0.08)),
        Shape(((0.0, 0.9, 0.0), (0.0, top - 0.2, 0.0)), METAL, (0.055, 0.04)),
        Shape(((0.0, top - 0.2, 0.0), (0.0, top, 0.3), (0.0, top - 0.05, 0.3)), METAL, (0.04, 0.04, 0.04)),
        Shape(((0.0, top, 0.3), (0.0, top + 0.05, out)), METAL, (0.04, 0.05)),
        Shape(
            ((0.0, top + 0.02, out - 0.15), (0.0, top + 0.02, out + 0.3)),
            head,
            (0.08, 0.09),
            layer=1,
            glows=lit,
        ),
    ]


def litter_bin() -> list[Shape]:
    """A round bin with a lid."""
    body: Colour = (62, 82, 58)
    return [
        Shape(((-0.1, 0.2, 0.0), (0.1, 0.2, 0.0), (-0.1, 0.75, 0.0), (0.1, 0.75, 0.0)), body, (0.18,) * 4),
        Shape(((-0.1, 0.92, 0.0), (0.1, 0.92, 0.0)), (45, 45, 45), (0.16, 0.16), layer=1),
    ]


def bench() -> list[Shape]:
    """A wooden bench on two feet."""
    wood: Colour = (80, 115, 150)
    found = []
    for side in (-0.7, 0.7):
        found.append(Shape(((side, 0.0, 0.0), (side, 0.45, 0.0)), METAL, (0.04, 0.04)))
        found.append(Shape(((side, 0.45, -0.2), (side, 0.85, -0.3)), METAL, (0.035, 0.035)))
    for up, ahead in ((0.46, 0.15), (0.46, -0.02), (0.62, -0.24), (0.8, -0.29)):
        found.append(Shape(((-0.85, up, ahead), (0.85, up, ahead)), wood, (0.055, 0.055), layer=1))
    return found
