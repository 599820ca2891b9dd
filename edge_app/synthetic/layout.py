"""The plan of a street: its roads, pavements and blocks, and paths on it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from edge_app.synthetic.dice import Dice

Ground = tuple[float, float]  # x to the right, z ahead [m]

LANE = 3.3  # m, width of a lane for cars
CYCLE_STRIP = 1.1  # m, at each edge of the road
KERB_TO_WALL = 3.4  # m, width of a pavement
KERB_TO_WALKERS = 2.3  # m, where most people walk on it
KERB_TO_PARKED = 0.55  # m, middle of a parked car: two wheels are on the pavement


@dataclass(frozen=True, slots=True)
class Plan:
    """A road ahead and a road across it.

    Attributes:
        middle: x of the middle of the road ahead [m].
        half: Half the width of a road [m].
        near: z of the near kerb of the road across [m].
        far: z of its far kerb [m].
        goes_on: The road ahead continues beyond the road across.
        gardens: Whether the near blocks (left, right) are lawns with trees instead of houses.
        drive_right: Traffic keeps to the right.
    """

    middle: float
    half: float
    near: float
    far: float
    goes_on: bool
    gardens: tuple[bool, bool]
    drive_right: bool

    @classmethod
    def of(cls, seed: int, nearest: float) -> Plan:
        """The plan of this seed; `nearest` is where the ground enters the picture [m]."""
        dice = Dice(seed, 3)
        half = LANE + CYCLE_STRIP
        near = nearest + dice.between(7.0, 15.0)
        return cls(
            middle=dice.between(2.0, 6.0) * (1 if dice.happens(0.5) else -1),
            half=half,
            near=near,
            far=near + 2 * half,
            goes_on=dice.happens(0.75),
            gardens=(dice.happens(0.5), dice.happens(0.5)),
            drive_right=dice.happens(0.75),
        )

    @property
    def end(self) -> float:
        """The z where the road ahead ends for those who travel it [m]."""
        return self.far + 75.0 if self.goes_on else self.far - 1.0

    @property
    def kerbs(self) -> tuple[float, float]:
        """The x of the left and right kerb of the road ahead [m]."""
        return self.middle - self.half, self.middle + self.half


@dataclass(frozen=True, slots=True)
class Path:
    """A way on the ground, straight from corner to corner.

    Attributes:
        corners: At least two [m].
    """

    corners: tuple[Ground, ...]

    @property
    def length(self) -> float:
        """From end to end [m]."""
        return sum(math.dist(a, b) for a, b in zip(self.corners[:-1], self.corners[1:], strict=True))

    def at(self, gone: float, aside: float) -> tuple[float, float, float]:
        """x, z [m] and heading [rad, 0 is ahead, a quarter turn right] so far along, `aside` to the right."""
        for a, b in zip(self.corners[:-1], self.corners[1:], strict=True):
            span = math.dist(a, b)
            if gone <= span or b is self.corners[-1]:
                right, ahead = (b[0] - a[0]) / span, (b[1] - a[1]) / span
                return (
                    a[0] + right * gone + ahead * aside,
                    a[1] + ahead * gone - right * aside,
                    math.atan2(right, ahead),
                )
            gone -= span
        raise AssertionError("a path has at least two corners")
