"""Who is where at a given time: a pure function of it, for any time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from edge_app.synthetic.dice import Dice, scramble
from edge_app.synthetic.layout import Plan
from edge_app.synthetic.ways import CAR, PERSON, Way

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


@dataclass(frozen=True, slots=True)
class Journey:
    """One traveller of a way, all of its time.

    Attributes:
        class_id: Index into `CLASSES`.
        look: Seed of its looks.
        passes: When it is at the gate of the way [s].
        speed: [m/s].
        aside: To the right of the path [m].
    """

    class_id: int
    look: int
    passes: float
    speed: float
    aside: float

    @classmethod
    def of(cls, way: Way, number: int, traveller: int, seed: int) -> Journey | None:
        """What chance gives to this slot of the way, if anything."""
        dice = Dice(seed, 5, number, traveller)
        if not dice.happens(way.busy):
            return None
        turn, slot = divmod(traveller, way.slots)
        passes = way.period * turn + way.opens + way.green * (slot + 0.35 * dice.unit()) / way.slots
        speed, aside, throw = dice.between(*way.speed), dice.between(-way.aside, way.aside), dice.unit()
        class_id = way.kinds[0][0] if throw < way.kinds[0][1] else way.kinds[-1][0]
        return cls(class_id, scramble(seed, number, traveller), passes, speed, aside)


class Traffic:
    """All who travel the ways of a street."""

    def __init__(self, ways: list[Way], seed: int) -> None:
        self._ways = [(number, way, way.path.length) for number, way in enumerate(ways)]
        self._journey = lru_cache(maxsize=512)(
            lambda number, traveller: Journey.of(ways[number], number, traveller, seed)
        )

    def at(self, time: float) -> Iterator[Actor]:
        """Those on their way at this time [s]."""
        for number, way, length in self._ways:
            slowest, since = way.speed[0], time - way.opens
            first = math.floor((since - way.green - (length - way.gate) / slowest) / way.period)
            last = math.ceil((since + way.gate / slowest) / way.period)
            for traveller in range(first * way.slots, (last + 1) * way.slots):
                journey = self._journey(number, traveller)
                if journey is None:
                    continue
                gone = way.gate + journey.speed * (time - journey.passes)
                if 0 <= gone <= length:
                    x, z, heading = way.path.at(gone, journey.aside)
                    track_id = ((number + 1) << _WAY_SHIFT) + traveller + _FIRST
                    yield Actor(track_id, journey.class_id, journey.look, x, z, heading, gone)


def standing(plan: Plan, seed: int, nearest: float) -> list[Actor]:
    """Parked cars, and people who wait or talk; they never move."""
    dice = Dice(seed, 6)
    left, right = plan.kerbs
    found = []
    for number in range(dice.whole(0, 3)):
        side = 1 if dice.happens(0.5) else -1
        z = (
            nearest + 3.0 + 7.0 * number
            if not plan.goes_on or number % 2 == 0
            else plan.far + 6.0 + 9.0 * number
        )
        if plan.near - 8.0 < z < plan.far + 3.0:
            continue
        # With two wheels on the pavement, so that bicycles can pass.
        x = right + 0.95 if side > 0 else left - 0.95
        heading = 0.0 if (side > 0) == plan.drive_right else math.pi
        found.append(Actor(number + 1, CAR, scramble(seed, 7, number), x, z, heading, None))
    for number in range(dice.whole(0, 4)):
        x = (
            dice.between(right + 1.2, right + 3.0)
            if dice.happens(0.5)
            else dice.between(left - 3.0, left - 1.2)
        )
        z = (
            dice.between(nearest + 1.0, plan.near - 0.8)
            if dice.happens(0.6)
            else plan.far + dice.between(0.7, 18.0 if plan.goes_on else 2.4)
        )
        found.append(
            Actor(100 + number, PERSON, scramble(seed, 8, number), x, z, dice.between(0, math.tau), None)
        )
    return found
