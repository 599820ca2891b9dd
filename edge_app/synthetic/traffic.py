"""Who is where at a given time: a pure function of it, for any time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from edge_app.synthetic.dice import Dice, scramble
from edge_app.synthetic.layout import CAR, PERSON, Plan, Way

# Track ids: the way above, the number of the traveller below; travellers of before frame 0 count too.
_WAY_SHIFT = 40
_FIRST = 1 << 20


@dataclass(frozen=True, slots=True)
class Actor:
    """One object in the street at one time.

    Attributes:
        track_id: The same object keeps it.
        class_id: Index into `CLASSES`.
        look: Seed of its looks.
        x: To the right [m].
        z: Ahead [m].
        heading: 0 is ahead, a quarter turn is right [rad].
        gone: Distance travelled, which moves legs and pedals [m]; standing still when None.
    """

    track_id: int
    class_id: int
    look: int
    x: float
    z: float
    heading: float
    gone: float | None


def moving(ways: list[Way], seed: int, time: float) -> Iterator[Actor]:
    """All who travel the ways at this time [s]."""
    for number, way in enumerate(ways):
        length = way.path.length
        slowest = way.speed[0]
        first = math.floor((time - way.opens - way.green - (length - way.gate) / slowest) / way.period)
        last = math.ceil((time - way.opens + way.gate / slowest) / way.period)
        for traveller in range(first * way.slots, (last + 1) * way.slots):
            actor = _travelling(way, number, traveller, seed, time, length)
            if actor is not None:
                yield actor


def _travelling(way: Way, number: int, traveller: int, seed: int, time: float, length: float) -> Actor | None:
    dice = Dice(seed, 5, number, traveller)
    if not dice.happens(way.busy):
        return None
    turn, slot = divmod(traveller, way.slots)
    passes = way.period * turn + way.opens + way.green * (slot + 0.35 * dice.unit()) / way.slots
    gone = way.gate + dice.between(*way.speed) * (time - passes)
    if not 0 <= gone <= length:
        return None
    x, z, heading = way.path.at(gone, dice.between(-way.aside, way.aside))
    kind, throw = way.kinds[-1][0], dice.unit()
    for class_id, weight in way.kinds:
        if throw < weight:
            kind = class_id
            break
        throw -= weight
    track_id = ((number + 1) << _WAY_SHIFT) + traveller + _FIRST
    return Actor(track_id, kind, scramble(seed, number, traveller), x, z, heading, gone)


def standing(plan: Plan, seed: int, nearest: float) -> list[Actor]:
    """Parked cars, and people who wait or talk; they never move."""
    dice = Dice(seed, 6)
    left, right = plan.kerbs
    found = []
    for number in range(dice.whole(0, 3)):
        side = 1 if dice.happens(0.5) else -1
        z = nearest + 3.0 + 7.0 * number if not plan.goes_on or number % 2 == 0 else plan.far + 6.0 + 9.0 * number
        if plan.near - 8.0 < z < plan.far + 3.0:
            continue
        # With two wheels on the pavement, so that bicycles can pass.
        x = right + 0.95 if side > 0 else left - 0.95
        heading = 0.0 if (side > 0) == plan.drive_right else math.pi
        found.append(Actor(number + 1, CAR, scramble(seed, 7, number), x, z, heading, None))
    for number in range(dice.whole(0, 4)):
        x = dice.between(right + 1.2, right + 3.0) if dice.happens(0.5) else dice.between(left - 3.0, left - 1.2)
        z = dice.between(nearest + 1.0, plan.near - 0.8) if dice.happens(0.6) else plan.far + dice.between(0.8, 20.0)
        found.append(Actor(100 + number, PERSON, scramble(seed, 8, number), x, z, dice.between(0, math.tau), None))
    return found
