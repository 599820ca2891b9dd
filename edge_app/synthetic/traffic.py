"""Who is where at a given time: a pure function of it, for any time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from edge_app.synthetic.dice import Dice, scramble
from edge_app.synthetic.layout import KERB_TO_PARKED, Plan
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
    return [*_parked(plan, seed, nearest), *_waiting(plan, seed, nearest)]


def _parked(plan: Plan, seed: int, nearest: float) -> Iterator[Actor]:
    dice = Dice(seed, 6)
    left, right = plan.kerbs
    for number in range(dice.whole(0, 3)):
        on_right, beyond = dice.happens(0.5), plan.goes_on and number % 2 == 1
        z = plan.far + 6.0 + 9.0 * number if beyond else nearest + 3.0 + 7.0 * number
        if plan.near - 14.0 < z < plan.far + 3.0:
            continue  # too near to the crossing, or to the lamp before it
        x = right + KERB_TO_PARKED if on_right else left - KERB_TO_PARKED
        heading = 0.0 if on_right == plan.drive_right else math.pi
        yield Actor(number + 1, CAR, scramble(seed, 7, number), x, z, heading, None)


def _waiting(plan: Plan, seed: int, nearest: float) -> Iterator[Actor]:
    dice = Dice(seed, 9)
    left, right = plan.kerbs
    for number in range(dice.whole(0, 3)):
        off, on_right, near = dice.between(1.8, 3.1), dice.happens(0.5), dice.happens(0.6)
        x = right + off if on_right else left - off
        beyond = plan.far + dice.between(0.7, 18.0 if plan.goes_on else 2.4)
        z = dice.between(nearest + 1.0, plan.near - 0.8) if near else beyond
        yield Actor(100 + number, PERSON, scramble(seed, 8, number), x, z, dice.between(0, math.tau), None)
