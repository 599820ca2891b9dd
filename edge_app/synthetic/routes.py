"""The routes through a street, and how often cars, bicycles and people take them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edge_app.synthetic.rng import KeyedRng
from edge_app.synthetic.street_plan import KERB_TO_WALKERS, KERB_TO_WALL, LANE, GroundPoint, Polyline, StreetPlan


@dataclass(frozen=True, slots=True)
class Route:
    """A path and the traffic on it.

    Travellers pass the point `gate` in time with the traffic lights: at most `slots` of them in each
    `period`, within `green` seconds from `green_starts`.

    Attributes:
        path: Where it goes.
        class_shares: One or two classes, and each one's share of the travellers.
        speed: Lowest and highest [m/s]; equal if nobody can overtake.
        max_offset: Largest distance of a traveller from the path [m].
        gate: Distance along the path [m].
        period: Of the traffic lights [s].
        green_starts: Within a period [s].
        green: Length of the green phase [s].
        slots: Of travellers, in each period.
        occupancy: Probability that a slot is taken.
    """

    path: Polyline
    class_shares: tuple[tuple[int, float], ...]
    speed: tuple[float, float]
    max_offset: float
    gate: float
    period: float
    green_starts: float
    green: float
    slots: int
    occupancy: float


PERSON, CAR, TRUCK, BICYCLE = range(4)
MOTOR_TRAFFIC = ((CAR, 0.65), (TRUCK, 0.35))
CYCLISTS = ((BICYCLE, 1.0),)
WALKERS = ((PERSON, 1.0),)
NOWHERE = Polyline(((0.0, 0.0), (0.0, 1.0)))


def plan_routes(plan: StreetPlan, seed: int, nearest: float) -> list[Route]:
    """All routes of a street: for cars, bicycles and people."""
    rng = KeyedRng(seed, 4)
    period = rng.uniform(17.0, 21.0)
    roads = [*_main_road(plan, rng, period, nearest), *_cross_road(plan, rng, period)]
    return [*roads, *_pavements(plan, rng, nearest), *_crossing(plan, rng, period)]


def _lanes(rng: KeyedRng, period: float) -> list[tuple[float, Route]]:
    """The car lane and the bicycle lane of one direction: distance from the middle of the road, and route."""
    lanes = []
    for class_shares, offset, speeds, slots in (
        (MOTOR_TRAFFIC, LANE / 2, (7.0, 10.0), 2),
        (CYCLISTS, LANE + 0.15, (4.0, 5.5), 1),
    ):
        speed, occupancy = rng.uniform(*speeds), rng.uniform(0.4, 0.75)
        route = Route(NOWHERE, class_shares, (speed, speed), 0.0, 0.0, period, 0.0, 0.3 * period, slots, occupancy)
        lanes.append((offset, route))
    return lanes


def _main_road(plan: StreetPlan, rng: KeyedRng, period: float, nearest: float) -> list[Route]:
    side = 1 if plan.drive_right else -1
    start, middle = nearest * 0.55, (plan.near + plan.far) / 2
    routes = []
    for direction in (1, -1):
        for offset, route in _lanes(rng, period):
            x = plan.middle + offset * side * direction
            path = Polyline(((x, start), (x, plan.end))[::direction])
            gate = middle - start if direction > 0 else plan.end - middle
            routes.append(replace(route, path=path, gate=gate))
    return routes


def _cross_road(plan: StreetPlan, rng: KeyedRng, period: float) -> list[Route]:
    side = 1 if plan.drive_right else -1
    reach, middle = 14.0 + 0.75 * plan.far, (plan.near + plan.far) / 2
    routes = []
    for direction in (1, -1):
        for offset, route in _lanes(rng, period):
            z = middle - offset * side * direction
            path = Polyline(((-reach, z), (reach, z))[::direction])
            # Green while the main road is red; the crossing is empty in between.
            gate = reach + plan.middle * direction
            routes.append(replace(route, path=path, gate=gate, green_starts=period / 2))
    return routes


def _pavements(plan: StreetPlan, rng: KeyedRng, nearest: float) -> list[Route]:
    """Around the four corners, in both directions, at any time: these routes cross no road."""
    left, right = plan.kerbs
    reach, start, mid = 12.0 + 0.7 * plan.near, nearest * 0.75, KERB_TO_WALKERS
    near, far, end = plan.near - mid, plan.far + mid, plan.far + 45.0
    corners: list[tuple[GroundPoint, ...]] = [
        ((left - mid, start), (left - mid, near), (-reach, near)),
        ((right + mid, start), (right + mid, near), (reach, near)),
    ]
    if plan.goes_on:
        corners.append(((-reach, far), (left - mid, far), (left - mid, end)))
        corners.append(((reach, far), (right + mid, far), (right + mid, end)))
    else:
        corners.append(((-reach, far), (reach, far)))
    routes = []
    for corner in corners:
        for direction in (1, -1):
            period, occupancy = rng.uniform(18.0, 45.0), rng.uniform(0.4, 0.8)
            path = Polyline(corner[::direction])
            routes.append(Route(path, WALKERS, (0.95, 1.65), 0.75, 0.0, period, 0.0, period, 1, occupancy))
    return routes


def _crossing(plan: StreetPlan, rng: KeyedRng, period: float) -> list[Route]:
    """Over the main road, while it is red and the cross road has green."""
    left, right = plan.kerbs
    reach, z = 12.0 + 0.7 * plan.near, plan.near - KERB_TO_WALL / 2
    routes = []
    for direction in (1, -1):
        path = Polyline(((-reach, z), (reach, z))[::direction])
        kerb = reach + (left if direction > 0 else -right)
        green_starts, green, occupancy = 0.44 * period, 0.22 * period, rng.uniform(0.25, 0.6)
        routes.append(Route(path, WALKERS, (1.35, 1.7), 1.0, kerb, period, green_starts, green, 2, occupancy))
    return routes
