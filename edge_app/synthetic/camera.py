"""The pinhole camera on its pole: it projects metres in the street to pixels, and sways."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_app.synthetic.arrays import Floats
from edge_app.synthetic.rng import KeyedRng
from edge_app.synthetic.settings import Settings

# Polygons are clipped at this fraction of the distance at which the ground enters the picture.
NEAR_PLANE = 0.35


@dataclass(frozen=True, slots=True)
class PinholeCamera:
    """A pinhole camera with a shifted lens: it looks down, yet vertical lines stay vertical.

    The street's axes are x to the right, y up and z ahead [m]; the foot of the pole is the origin. Pictures are
    drawn with a margin on all sides, which camera shake moves into view.

    Attributes:
        focal: Focal length [px].
        centre_x: Column of the optical axis [px].
        horizon: Row of the horizon [px].
        height: Of the lens above the ground [m].
        yaw: Rotation to the right of the street's z axis [rad].
        width: Width of the picture with its margins [px].
        rows: Height of the picture with its margins [px].
        margin: Width of each margin [px].
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
    def from_settings(cls, settings: Settings) -> PinholeCamera:
        """The camera of these settings' seed, for their size of picture."""
        rng = KeyedRng(settings.seed, 1)
        margin = math.ceil(settings.shake * settings.width) + 1 if settings.shake else 0
        width_16_9 = max(settings.width, settings.height * 16 / 9)
        return cls(
            focal=rng.uniform(0.78, 1.0) * width_16_9,
            centre_x=rng.uniform(0.36, 0.64) * settings.width + margin,
            horizon=rng.uniform(0.13, 0.27) * settings.height + margin,
            height=rng.uniform(4.4, 6.6),
            yaw=math.radians(rng.uniform(-9, 9)),
            width=settings.width + 2 * margin,
            rows=settings.height + 2 * margin,
            margin=margin,
        )

    @property
    def nearest(self) -> float:
        """Distance of the nearest visible ground, at the lower edge of the picture [m]."""
        return self.focal * self.height / (self.rows - self.margin - self.horizon)

    def to_camera(self, xyz: Floats) -> Floats:
        """Points (n, 3) of the street in camera axes: right, up from the ground, forward [m]."""
        sin, cos = math.sin(self.yaw), math.cos(self.yaw)
        x, y, z = xyz[:, 0], xyz[:, 1], xyz[:, 2]
        return np.stack([x * cos - z * sin, y, x * sin + z * cos], axis=1)

    def project(self, points: Floats) -> Floats:
        """Points (n, 3) in camera axes to pixels (n, 2); they must lie beyond the near plane."""
        u = self.centre_x + self.focal * points[:, 0] / points[:, 2]
        v = self.horizon + self.focal * (self.height - points[:, 1]) / points[:, 2]
        return np.stack([u, v], axis=1)

    def project_polygon(self, xyz: Floats) -> NDArray[np.int32] | None:
        """A polygon (n, 3) of the street in 1/16 px, int32 (m, 2); None if it is behind the near plane."""
        points = clip_near(self.to_camera(xyz), self.nearest * NEAR_PLANE)
        if len(points) < 3:
            return None
        return np.rint(np.clip(self.project(points), -3e4, 3e4) * 16).astype(np.int32)


def clip_near(points: Floats, near: float) -> Floats:
    """Clips a polygon (n, 3) in camera axes to what lies at `near` [m] or beyond; (m, 3)."""
    clipped: list[Floats] = []
    for here, there in zip(points, np.roll(points, -1, axis=0), strict=True):
        if here[2] >= near:
            clipped.append(here)
        if (here[2] >= near) != (there[2] >= near):
            clipped.append(here + (there - here) * (near - here[2]) / (there[2] - here[2]))
    return np.array(clipped).reshape(-1, 3)


@dataclass(frozen=True, slots=True)
class CameraShake:
    """Sway of the pole: three sine waves in each direction.

    Attributes:
        largest: Upper bound of the displacement [px].
        phases: Of the six sine waves [rad].
    """

    largest: float
    phases: tuple[float, ...]

    @classmethod
    def from_settings(cls, settings: Settings) -> CameraShake:
        rng = KeyedRng(settings.seed, 2)
        return cls(settings.shake * settings.width, tuple(rng.uniform(0, math.tau) for _ in range(6)))

    def at(self, time: float) -> tuple[int, int]:
        """Displacement of the picture at this time [s]: right and down [px]."""
        a, b, c, d, e, f = self.phases
        right = 0.5 * math.sin(2.9 * time + a) + 0.3 * math.sin(7.7 * time + b) + 0.2 * math.sin(31 * time + c)
        down = 0.5 * math.sin(3.7 * time + d) + 0.3 * math.sin(9.1 * time + e) + 0.2 * math.sin(37 * time + f)
        return round(self.largest * right), round(0.6 * self.largest * down)
