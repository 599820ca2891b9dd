"""The ways through a street, and how often cars, bicycles and people take them."""

from __future__ import annotations

from dataclasses import dataclass

from edge_app.synthetic.dice import Dice
from edge_app.synthetic.layout import KERB_TO_WALL, LANE, Ground, Path, Plan


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
MOTORS = ((CAR, 0.76), (TRUCK, 0.24))


def ways(plan: Plan, seed: int, nearest: float) -> list[Way]:
    """All ways of a street: for cars, bicycles and people."""
    dice = Dice(seed, 4)
    period = dice.between(17.0, 21.0)
    return [*_roads(plan, dice, period, nearest), *_pavements(plan, dice, period, nearest)]


def _roads(plan: Plan, dice: Dice, period: float, nearest: float) -> list[Way]:
    hand = 1 if plan.drive_right else -1
    start = nearest * 0.55
    middle = (plan.near + plan.far) / 2
    reach = 14.0 + 0.75 * plan.far
    found = []
    # Green for the road ahead first, then for the road across; nobody is in the crossing in between.
    for direction in (1, -1):
        for across, opens in ((False, 0.0), (True, period / 2)):
            for kinds, off, pace, slots in (
                (MOTORS, LANE / 2, (7.0, 10.0), 2),
                (((BICYCLE, 1.0),), LANE + 0.35, (4.0, 5.5), 1),
            ):
                off *= hand * direction
                if across:
                    ends = ((-reach, middle - off), (reach, middle - off))
                    gate = reach + plan.middle * direction
                else:
                    ends = ((plan.middle + off, start), (plan.middle + off, plan.end))
                    gate = middle - start if direction > 0 else plan.end - middle
                speed = dice.between(*pace)
                path = Path(ends[::direction])
                busy = dice.between(0.3, 0.6) if kinds is MOTORS else dice.between(0.25, 0.5)
                found.append(
                    Way(path, kinds, (speed, speed), 0.0, gate, period, opens, 0.3 * period, slots, busy)
                )
    return found


def _pavements(plan: Plan, dice: Dice, period: float, nearest: float) -> list[Way]:
    left, right = plan.kerbs
    reach = 12.0 + 0.7 * plan.near
    start, mid = nearest * 0.75, KERB_TO_WALL / 2
    zebra = plan.near - mid
    corners: list[tuple[Ground, ...]] = [
        ((left - mid, start), (left - mid, zebra), (-reach, zebra)),
        ((right + mid, start), (right + mid, zebra), (reach, zebra)),
        ((-reach, plan.far + mid), (left - mid, plan.far + mid), (left - mid, plan.far + 45)),
        ((reach, plan.far + mid), (right + mid, plan.far + mid), (right + mid, plan.far + 45)),
    ]
    if not plan.goes_on:
        corners[2:] = [((-reach, plan.far + mid), (reach, plan.far + mid))]
    found = []
    for way in corners:
        for direction in (1, -1):
            wait = dice.between(16.0, 40.0)
            found.append(
                Way(
                    Path(way[::direction]),
                    ((PERSON, 1.0),),
                    (0.95, 1.65),
                    1.1,
                    0.0,
                    wait,
                    0.0,
                    wait,
                    1,
                    dice.between(0.5, 0.9),
                )
            )
    for direction in (1, -1):
        path = Path(((-reach, zebra), (reach, zebra))[::direction])
        kerb = reach + (left if direction > 0 else -right)
        # The road ahead is red while the road across has green: time enough to get over it.
        found.append(
            Way(
                path,
                ((PERSON, 1.0),),
                (1.35, 1.7),
                1.0,
                kerb,
                period,
                0.44 * period,
                0.22 * period,
                2,
                dice.between(0.25, 0.6),
            )
        )
    return found
