"""Who is where in the street: a pure function of the time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from edge_app.synthetic.rng import KeyedRng, hash_keys
from edge_app.synthetic.routes import CAR, PERSON, Route
from edge_app.synthetic.street_plan import KERB_TO_PARKED, StreetPlan

# A track id has the route in its upper bits and the traveller's number below, offset by those before frame 0.
_ROUTE_SHIFT = 40
_FIRST_TRAVELLER = 1 << 20


@dataclass(frozen=True, slots=True)
class Actor:
    """One object in the street at one time.

    Attributes:
        track_id: Stays the same for the same object.
        class_id: Index into `CLASSES`.
        appearance_seed: Of its appearance.
        x: Position to the right [m].
        z: Position ahead [m].
        heading: 0 is ahead, a quarter turn is right [rad].
        travelled: Distance travelled, which animates legs and pedals [m]; None if it never moves.
    """

    track_id: int
    class_id: int
    appearance_seed: int
    x: float
    z: float
    heading: float
    travelled: float | None


@dataclass(frozen=True, slots=True)
class Journey:
    """One traveller on a route, from its start to its end.

    Attributes:
        class_id: Index into `CLASSES`.
        appearance_seed: Of its appearance.
        passes_gate_at: When it passes the gate of the route [s].
        speed: [m/s].
        offset: To the right of the path [m].
    """

    class_id: int
    appearance_seed: int
    passes_gate_at: float
    speed: float
    offset: float

    @classmethod
    def random(cls, route: Route, number: int, traveller: int, seed: int) -> Journey | None:
        """The traveller that takes this slot of the route; None if the slot is free."""
        rng = KeyedRng(seed, 5, number, traveller)
        if not rng.chance(route.occupancy):
            return None
        cycle, slot = divmod(traveller, route.slots)
        passes_gate_at = (
            route.period * cycle + route.green_starts + route.green * (slot + 0.35 * rng.random()) / route.slots
        )
        speed, offset, share = rng.uniform(*route.speed), rng.uniform(-route.max_offset, route.max_offset), rng.random()
        class_id = route.class_shares[0][0] if share < route.class_shares[0][1] else route.class_shares[-1][0]
        return cls(class_id, hash_keys(seed, number, traveller), passes_gate_at, speed, offset)


class Traffic:
    """All travellers on the routes of a street."""

    def __init__(self, routes: list[Route], seed: int) -> None:
        self._routes = [(number, route, route.path.length) for number, route in enumerate(routes)]
        self._journey = lru_cache(maxsize=512)(
            lambda number, traveller: Journey.random(routes[number], number, traveller, seed)
        )

    def at(self, time: float) -> Iterator[Actor]:
        """The travellers in the street at this time [s]."""
        for number, route, length in self._routes:
            slowest, since = route.speed[0], time - route.green_starts
            first = math.floor((since - route.green - (length - route.gate) / slowest) / route.period)
            last = math.ceil((since + route.gate / slowest) / route.period)
            for traveller in range(first * route.slots, (last + 1) * route.slots):
                journey = self._journey(number, traveller)
                if journey is None:
                    continue
                travelled = route.gate + journey.speed * (time - journey.passes_gate_at)
                if 0 <= travelled <= length:
                    x, z, heading = route.path.pose_at(travelled, journey.offset)
                    track_id = ((number + 1) << _ROUTE_SHIFT) + traveller + _FIRST_TRAVELLER
                    yield Actor(track_id, journey.class_id, journey.appearance_seed, x, z, heading, travelled)


def stationary_actors(plan: StreetPlan, seed: int, nearest: float) -> list[Actor]:
    """Parked cars, and people who stand; they never move."""
    return [*_parked(plan, seed, nearest), *_waiting(plan, seed, nearest)]


def _parked(plan: StreetPlan, seed: int, nearest: float) -> Iterator[Actor]:
    rng = KeyedRng(seed, 6)
    left, right = plan.kerbs
    for number in range(rng.randint(0, 3)):
        on_right, beyond = rng.chance(0.5), plan.goes_on and number % 2 == 1
        z = plan.far + 6.0 + 9.0 * number if beyond else nearest + 3.0 + 7.0 * number
        if plan.near - 14.0 < z < plan.far + 3.0:
            continue  # too near the crossing or the street lamp before it
        x = right + KERB_TO_PARKED if on_right else left - KERB_TO_PARKED
        heading = 0.0 if on_right == plan.drive_right else math.pi
        yield Actor(number + 1, CAR, hash_keys(seed, 7, number), x, z, heading, None)


def _waiting(plan: StreetPlan, seed: int, nearest: float) -> Iterator[Actor]:
    rng = KeyedRng(seed, 9)
    left, right = plan.kerbs
    for number in range(rng.randint(0, 3)):
        kerb_distance, on_right, near = rng.uniform(1.8, 3.1), rng.chance(0.5), rng.chance(0.6)
        x = right + kerb_distance if on_right else left - kerb_distance
        beyond = plan.far + rng.uniform(0.7, 18.0 if plan.goes_on else 2.4)
        z = rng.uniform(nearest + 1.0, plan.near - 0.8) if near else beyond
        yield Actor(100 + number, PERSON, hash_keys(seed, 8, number), x, z, rng.uniform(0, math.tau), None)
