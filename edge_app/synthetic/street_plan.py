"""The plan of a street: its roads, pavements and blocks, and paths on it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from edge_app.synthetic.rng import KeyedRng

GroundPoint = tuple[float, float]  # x to the right, z ahead [m]

LANE = 3.3  # m, width of a lane for cars
CYCLE_STRIP = 1.1  # m, at each edge of the road
KERB_TO_WALL = 3.4  # m, width of a pavement
KERB_TO_WALKERS = 2.3  # m, where most people walk
KERB_TO_PARKED = 0.55  # m, to the middle of a parked car: it has two wheels on the pavement


@dataclass(frozen=True, slots=True)
class StreetPlan:
    """A main road, which leads ahead from the camera, and a cross road.

    Attributes:
        middle: x of the middle of the main road [m].
        half_width: Of both roads [m].
        near: z of the near kerb of the cross road [m].
        far: z of its far kerb [m].
        goes_on: Whether the main road continues beyond the cross road.
        gardens: Whether the near blocks (left, right) are lawns with trees instead of houses.
        drive_right: Whether traffic keeps to the right.
    """

    middle: float
    half_width: float
    near: float
    far: float
    goes_on: bool
    gardens: tuple[bool, bool]
    drive_right: bool

    @classmethod
    def from_seed(cls, seed: int, nearest: float) -> StreetPlan:
        """The plan of this seed; `nearest` is where the ground enters the picture [m]."""
        rng = KeyedRng(seed, 3)
        half_width = LANE + CYCLE_STRIP
        near = nearest + rng.uniform(7.0, 15.0)
        return cls(
            middle=rng.uniform(2.0, 6.0) * (1 if rng.chance(0.5) else -1),
            half_width=half_width,
            near=near,
            far=near + 2 * half_width,
            goes_on=rng.chance(0.75),
            gardens=(rng.chance(0.5), rng.chance(0.5)),
            drive_right=rng.chance(0.75),
        )

    @property
    def end(self) -> float:
        """The z where routes on the main road end [m]."""
        return self.far + 75.0 if self.goes_on else self.far - 1.0

    @property
    def kerbs(self) -> tuple[float, float]:
        """The x of the left and right kerb of the main road [m]."""
        return self.middle - self.half_width, self.middle + self.half_width


@dataclass(frozen=True, slots=True)
class Polyline:
    """A path on the ground, straight from corner to corner.

    Attributes:
        corners: At least two [m].
    """

    corners: tuple[GroundPoint, ...]

    @property
    def length(self) -> float:
        """From end to end [m]."""
        return sum(math.dist(a, b) for a, b in zip(self.corners[:-1], self.corners[1:], strict=True))

    def pose_at(self, distance: float, offset: float) -> tuple[float, float, float]:
        """x, z [m] and heading [rad] at this distance along the path [m], `offset` to its right [m].

        A heading of 0 is ahead, a quarter turn is right.
        """
        for a, b in zip(self.corners[:-1], self.corners[1:], strict=True):
            length = math.dist(a, b)
            if distance <= length or b is self.corners[-1]:
                right, ahead = (b[0] - a[0]) / length, (b[1] - a[1]) / length
                return (
                    a[0] + right * distance + ahead * offset,
                    a[1] + ahead * distance - right * offset,
                    math.atan2(right, ahead),
                )
            distance -= length
        raise AssertionError("a path has at least two corners")
