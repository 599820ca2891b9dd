"""The ways through a street, and how often cars, bicycles and people take them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edge_app.synthetic.dice import Dice
from edge_app.synthetic.layout import KERB_TO_WALKERS, KERB_TO_WALL, LANE, Ground, Path, Plan


@dataclass(frozen=True, slots=True)
class Way:
    """A path with the traffic on it.

    Those who travel it pass the point `gate` in time with the traffic lights: `slots` of them in each
    `period`, within the `green` seconds that begin at `opens`.

    Attributes:
        path: Where it goes.
        kinds: Class and part of those who travel it, one or two.
        speed: Slowest and fastest [m/s]; equal where nobody can overtake.
        aside: Largest distance from the path [m].
        gate: How far along the path [m].
        period: [s].
        opens: [s].
        green: [s].
        slots: In each period.
        busy: Part of the slots that are taken.
    """

    path: Path
    kinds: tuple[tuple[int, float], ...]
    speed: tuple[float, float]
    aside: float
    gate: float
    period: float
    opens: float
    green: float
    slots: int
    busy: float


PERSON, CAR, TRUCK, BICYCLE = range(4)
MOTORS = ((CAR, 0.65), (TRUCK, 0.35))
CYCLISTS = ((BICYCLE, 1.0),)
WALKERS = ((PERSON, 1.0),)
NOWHERE = Path(((0.0, 0.0), (0.0, 1.0)))


def ways(plan: Plan, seed: int, nearest: float) -> list[Way]:
    """All ways of a street: for cars, bicycles and people."""
    dice = Dice(seed, 4)
    period = dice.between(17.0, 21.0)
    roads = [*_road_ahead(plan, dice, period, nearest), *_road_across(plan, dice, period)]
    return [*roads, *_pavements(plan, dice, nearest), *_zebra(plan, dice, period)]


def _lanes(dice: Dice, period: float) -> list[tuple[float, Way]]:
    """For each direction the lane of cars and that of bicycles: distance from the middle, and the way."""
    lanes = []
    for kinds, off, pace, slots in (
        (MOTORS, LANE / 2, (7.0, 10.0), 2),
        (CYCLISTS, LANE + 0.15, (4.0, 5.5), 1),
    ):
        speed, busy = dice.between(*pace), dice.between(0.4, 0.75)
        way = Way(NOWHERE, kinds, (speed, speed), 0.0, 0.0, period, 0.0, 0.3 * period, slots, busy)
        lanes.append((off, way))
    return lanes


def _road_ahead(plan: Plan, dice: Dice, period: float, nearest: float) -> list[Way]:
    hand = 1 if plan.drive_right else -1
    start, middle = nearest * 0.55, (plan.near + plan.far) / 2
    found = []
    for direction in (1, -1):
        for off, way in _lanes(dice, period):
            x = plan.middle + off * hand * direction
            path = Path(((x, start), (x, plan.end))[::direction])
            gate = middle - start if direction > 0 else plan.end - middle
            found.append(replace(way, path=path, gate=gate))
    return found


def _road_across(plan: Plan, dice: Dice, period: float) -> list[Way]:
    hand = 1 if plan.drive_right else -1
    reach, middle = 14.0 + 0.75 * plan.far, (plan.near + plan.far) / 2
    found = []
    for direction in (1, -1):
        for off, way in _lanes(dice, period):
            z = middle - off * hand * direction
            path = Path(((-reach, z), (reach, z))[::direction])
            # Green when the road ahead is red; nobody is in the crossing in between.
            gate = reach + plan.middle * direction
            found.append(replace(way, path=path, gate=gate, opens=period / 2))
    return found


def _pavements(plan: Plan, dice: Dice, nearest: float) -> list[Way]:
    """Around the four corners, both ways, at any time: nobody on them crosses a road."""
    left, right = plan.kerbs
    reach, start, mid = 12.0 + 0.7 * plan.near, nearest * 0.75, KERB_TO_WALKERS
    near, far, end = plan.near - mid, plan.far + mid, plan.far + 45.0
    corners: list[tuple[Ground, ...]] = [
        ((left - mid, start), (left - mid, near), (-reach, near)),
        ((right + mid, start), (right + mid, near), (reach, near)),
    ]
    if plan.goes_on:
        corners.append(((-reach, far), (left - mid, far), (left - mid, end)))
        corners.append(((reach, far), (right + mid, far), (right + mid, end)))
    else:
        corners.append(((-reach, far), (reach, far)))
    found = []
    for corner in corners:
        for direction in (1, -1):
            wait, busy = dice.between(18.0, 45.0), dice.between(0.4, 0.8)
            path = Path(corner[::direction])
            found.append(Way(path, WALKERS, (0.95, 1.65), 0.75, 0.0, wait, 0.0, wait, 1, busy))
    return found


def _zebra(plan: Plan, dice: Dice, period: float) -> list[Way]:
    """Over the road ahead, while it is red and the road across has green."""
    left, right = plan.kerbs
    reach, z = 12.0 + 0.7 * plan.near, plan.near - KERB_TO_WALL / 2
    found = []
    for direction in (1, -1):
        path = Path(((-reach, z), (reach, z))[::direction])
        kerb = reach + (left if direction > 0 else -right)
        opens, green, busy = 0.44 * period, 0.22 * period, dice.between(0.25, 0.6)
        found.append(Way(path, WALKERS, (1.35, 1.7), 1.0, kerb, period, opens, green, 2, busy))
    return found
