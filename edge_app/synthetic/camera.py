"""The camera on its pole: from metres in the street to pixels, and how it sways."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_app.synthetic.dice import Dice
from edge_app.synthetic.settings import Settings

Floats = NDArray[np.float64]

# No polygon is drawn nearer than this part of the distance at which the ground enters the picture.
NEAR_PLANE = 0.35


@dataclass(frozen=True, slots=True)
class Camera:
    """A pinhole camera with a shifted lens: it looks down, yet vertical lines stay vertical.

    The street's axes are x to the right, y up, z ahead [m], the pole's foot at the origin. Pictures are
    drawn with a margin on all sides, of which shaking shows one part or another.

    Attributes:
        focal: Focal length [px].
        centre_x: Where the axis of the lens meets the picture [px].
        horizon: Row of the horizon [px].
        height: Of the lens above the ground [m].
        yaw: To the right of the street's axis [rad].
        width: Of the picture with its margins [px].
        rows: Height of the picture with its margins [px].
        margin: [px].
    """

    focal: float
    centre_x: float
    horizon: float
    height: float
    yaw: float
    width: int
    rows: int
    margin: int

    @classmethod
    def of(cls, settings: Settings) -> Camera:
        """The camera of this seed, for this size of picture."""
        dice = Dice(settings.seed, 1)
        margin = math.ceil(settings.shake * settings.width) + 1 if settings.shake else 0
        wide = max(settings.width, settings.height * 16 / 9)
        return cls(
            focal=dice.between(0.78, 1.0) * wide,
            centre_x=dice.between(0.36, 0.64) * settings.width + margin,
            horizon=dice.between(0.13, 0.27) * settings.height + margin,
            height=dice.between(4.4, 6.6),
            yaw=math.radians(dice.between(-9, 9)),
            width=settings.width + 2 * margin,
            rows=settings.height + 2 * margin,
            margin=margin,
        )

    @property
    def nearest(self) -> float:
        """Distance at which the ground enters the picture at its lower edge [m]."""
        return self.focal * self.height / (self.rows - self.margin - self.horizon)

    def turn(self, xyz: Floats) -> Floats:
        """Points (n, 3) of the street, as seen from the camera: right, up from the ground, forward [m]."""
        sin, cos = math.sin(self.yaw), math.cos(self.yaw)
        x, y, z = xyz[:, 0], xyz[:, 1], xyz[:, 2]
        return np.stack([x * cos - z * sin, y, x * sin + z * cos], axis=1)

    def project(self, seen: Floats) -> Floats:
        """Turned points (n, 3) to pixels (n, 2); they must lie before the near plane."""
        u = self.centre_x + self.focal * seen[:, 0] / seen[:, 2]
        v = self.horizon + self.focal * (self.height - seen[:, 1]) / seen[:, 2]
        return np.stack([u, v], axis=1)

    def outline(self, xyz: Floats) -> NDArray[np.int32] | None:
        """A polygon (n, 3) of the street as sixteenths of pixels (m, 2), if any is before the camera."""
        seen = cut(self.turn(xyz), self.nearest * NEAR_PLANE)
        if len(seen) < 3:
            return None
        return np.rint(np.clip(self.project(seen), -3e4, 3e4) * 16).astype(np.int32)


def cut(seen: Floats, near: float) -> Floats:
    """The part of a polygon (n, 3) that lies at `near` or beyond, as (m, 3)."""
    kept: list[Floats] = []
    for here, there in zip(seen, np.roll(seen, -1, axis=0), strict=True):
        if here[2] >= near:
            kept.append(here)
        if (here[2] >= near) != (there[2] >= near):
            kept.append(here + (there - here) * (near - here[2]) / (there[2] - here[2]))
    return np.array(kept).reshape(-1, 3)


@dataclass(frozen=True, slots=True)
class Shake:
    """The swaying pole: two slow swings and a tremble in each direction.

    Attributes:
        largest: Displacement never exceeded [px].
        phases: Of the six oscillations [rad].
    """

    largest: float
    phases: tuple[float, ...]

    @classmethod
    def of(cls, settings: Settings) -> Shake:
        dice = Dice(settings.seed, 2)
        return cls(settings.shake * settings.width, tuple(dice.between(0, math.tau) for _ in range(6)))

    def at(self, time: float) -> tuple[int, int]:
        """Displacement of the picture at this time [s]: to the right and down [px]."""
        a, b, c, d, e, f = self.phases
        right = 0.5 * math.sin(2.9 * time + a) + 0.3 * math.sin(7.7 * time + b) + 0.2 * math.sin(31 * time + c)
        down = 0.5 * math.sin(3.7 * time + d) + 0.3 * math.sin(9.1 * time + e) + 0.2 * math.sin(37 * time + f)
        return round(self.largest * right), round(0.6 * self.largest * down)
