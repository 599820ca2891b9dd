"""Street furniture, which never moves: trees, lamp posts, bins and benches."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from edge_app.synthetic.palette import LEAVES, Colour, shaded, varied
from edge_app.synthetic.rng import KeyedRng, hash_keys
from edge_app.synthetic.shapes import Point, Shape
from edge_app.synthetic.street_plan import KERB_TO_WALL, StreetPlan

LAMP_HEIGHT = 5.6  # m
LAMP_ARM = 1.2  # m
METAL: Colour = (88, 88, 84)


@dataclass(frozen=True, slots=True)
class Fixture:
    """A piece of street furniture.

    Attributes:
        kind: "tree", "lamp", "bin" or "bench".
        x: Position to the right [m].
        z: Position ahead [m].
        heading: Direction it faces; 0 is ahead, a quarter turn is right [rad].
        seed: Of its appearance.
    """

    kind: str
    x: float
    z: float
    heading: float
    seed: int

    @property
    def lamp_xz(self) -> tuple[float, float]:
        """The x and z of a lamp post's lamp, which hangs over the road [m]."""
        return self.x + LAMP_ARM * math.sin(self.heading), self.z + LAMP_ARM * math.cos(self.heading)


def place_fixtures(plan: StreetPlan, seed: int, nearest: float) -> list[Fixture]:
    """The furniture along the kerbs and in the gardens."""
    rng = KeyedRng(seed, 91)
    left, right = plan.kerbs
    fixtures: list[Fixture] = []

    def place(kind: str, x: float, z: float, heading: float) -> None:
        fixtures.append(Fixture(kind, x, z, heading, hash_keys(seed, 92, len(fixtures))))

    for side, kerb in ((-1, left), (1, right)):
        facing = -side * math.pi / 2
        place("lamp", kerb + side * 0.45, plan.near - 4.2 if side < 0 else plan.far + 4.0, facing)
        if side > 0 and plan.near - 10.5 > nearest:
            place("lamp", kerb + 0.45, plan.near - 10.5, facing)
        if plan.goes_on:
            place("lamp", kerb + side * 0.45, plan.far + 22.0 + 4 * side, facing)
            for k in range(rng.randint(0, 3)):
                place("tree", kerb + side * 0.8, plan.far + 11.0 + 9.0 * k, 0.0)
        garden = plan.gardens[(side + 1) // 2]
        for _ in range(rng.randint(1, 3) if garden else 0):
            x = kerb + side * (KERB_TO_WALL + rng.uniform(1.2, 8.0))
            place("tree", x, rng.uniform(nearest + 2.0, plan.near - KERB_TO_WALL - 1.0), 0.0)
        if rng.chance(0.6):
            z = rng.uniform(nearest + 1.5, plan.near - 5.0)
            place(rng.choice(("bin", "bench")), kerb + side * (KERB_TO_WALL - 0.35), z, facing)
    return fixtures


def fixture_shapes(fixture: Fixture, *, lamps: bool) -> list[Shape]:
    """The shapes of a fixture, its lamp lit or not."""
    builders: dict[str, Callable[[], list[Shape]]] = {
        "tree": lambda: tree(fixture.seed),
        "lamp": lambda: lamp_post(lit=lamps),
        "bin": litter_bin,
        "bench": bench,
    }
    return builders[fixture.kind]()


def tree(seed: int) -> list[Shape]:
    """A tree: trunk, boughs and many small clumps of leaves, the lower ones darker."""
    rng = KeyedRng(seed, 93)
    leaf = varied(rng.choice(LEAVES), rng, 0.15)
    height, radius = rng.uniform(4.2, 6.8), rng.uniform(1.2, 1.9)
    bark: Colour = (52, 66, 82)
    trunk = 0.45 * height
    shapes = [Shape(((0.0, 0.0, 0.0), (0.0, trunk, 0.0)), bark, (0.17, 0.11))]
    for angle in (0.3, 2.2, 4.4):
        tip: Point = (0.6 * radius * math.cos(angle), 0.68 * height, 0.6 * radius * math.sin(angle))
        shapes.append(Shape(((0.0, 0.9 * trunk, 0.0), tip), bark, (0.1, 0.05)))
    for _ in range(150):
        angle, spread, up = rng.uniform(0, math.tau), math.sqrt(rng.random()), rng.uniform(-1, 1)
        reach = radius * spread * math.sqrt(max(0.05, 1 - up * up))
        centre: Point = (reach * math.cos(angle), height * (0.72 + 0.26 * up), reach * math.sin(angle))
        brightness = 0.78 + 0.26 * up - 0.14 * centre[0] / radius + rng.uniform(-0.16, 0.16)
        shapes.append(Shape((centre,), shaded(leaf, brightness), (rng.uniform(0.16, 0.36),), matte=True))
    return shapes


def lamp_post(*, lit: bool) -> list[Shape]:
    """A street lamp: a post with an arm over the road."""
    top, out = LAMP_HEIGHT, LAMP_ARM
    colour: Colour = (190, 235, 255) if lit else (190, 195, 195)
    return [
        Shape(((0.0, 0.0, 0.0), (0.0, 0.9, 0.0)), METAL, (0.09, 0.08)),
        Shape(((0.0, 0.9, 0.0), (0.0, top - 0.2, 0.0)), METAL, (0.055, 0.04)),
        Shape(((0.0, top - 0.2, 0.0), (0.0, top, 0.3), (0.0, top - 0.05, 0.3)), METAL, (0.04, 0.04, 0.04)),
        Shape(((0.0, top, 0.3), (0.0, top + 0.05, out)), METAL, (0.04, 0.05)),
        Shape(
            ((0.0, top + 0.02, out - 0.15), (0.0, top + 0.02, out + 0.3)),
            colour,
            (0.08, 0.09),
            layer=1,
            emissive=lit,
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
    shapes = []
    for side in (-0.7, 0.7):
        shapes.append(Shape(((side, 0.0, 0.0), (side, 0.45, 0.0)), METAL, (0.04, 0.04)))
        shapes.append(Shape(((side, 0.45, -0.2), (side, 0.85, -0.3)), METAL, (0.035, 0.035)))
    for up, ahead in ((0.46, 0.15), (0.46, -0.02), (0.62, -0.24), (0.8, -0.29)):
        shapes.append(Shape(((-0.85, up, ahead), (0.85, up, ahead)), wood, (0.055, 0.055), layer=1))
    return shapes
