"""From the picture to the ground: how fast tracks are."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field

from edge_app.analytics.facts import TrackedFrame
from edge_app.analytics.places import Anchors
from edge_app.analytics.polygons import TOLERANCE, XY, PicturePoint, turn
from edge_app.config.section import Section, wrong

WINDOW_S = 1.0  # a speed is that of the last second
LEAST_S = 0.5  # and of less than this it would be noise
HORIZON = 0.01  # what is about a hundred times as far away as the rectangle: a pixel is many metres there


def _corners(points: tuple[XY, ...]) -> tuple[XY, ...]:
    if len(points) != 4:
        raise wrong(f"want the four corners of the rectangle, got {len(points)}")
    a, b, c, d = points
    turns = [turn(a, b, c), turn(b, c, d), turn(c, d, a), turn(d, a, b)]
    if min(turns) <= TOLERANCE and max(turns) >= -TOLERANCE:
        raise wrong("want the corners in their order around the rectangle, no three on one line")
    return points


def _sides(sides: tuple[float, ...]) -> tuple[float, ...]:
    if len(sides) != 2:
        raise wrong("want two lengths, as [12.0, 6.0]")
    return sides


class GroundConfig(Section):
    """A rectangle on the ground, whose size is known."""

    points: Annotated[tuple[PicturePoint, ...], AfterValidator(_corners)]
    """Its four corners in the picture, in their order around it, each as [x, y], 0 to 1 from the upper left corner."""
    size_m: Annotated[tuple[Annotated[float, Field(gt=0)], ...], AfterValidator(_sides)]
    """Its sides [m]: from the first to the second corner, and from the second to the third."""


class GroundPlane:
    """The plane on which objects stand, in metres from the rectangle's first corner along its first two sides."""

    def __init__(self, config: GroundConfig) -> None:
        to_ground = np.linalg.inv(_homography(config.size_m, config.points))
        # What is divided by is then 1 amid the rectangle, less the farther away, and 0 on the horizon.
        self._to_ground = to_ground / (to_ground[2] @ [*np.mean(config.points, axis=0), 1])

    def positions(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where the points of the picture (n, 2) are [m], shape (n, 2); NaN near the horizon and above it."""
        x, y, w = self._to_ground @ np.vstack([points.T, np.ones(len(points))])
        return np.stack([x, y]).T / np.where(w > HORIZON, w, np.nan)[:, np.newaxis]


def _homography(size: Sequence[float], corners: Sequence[XY]) -> NDArray[np.float64]:
    """The matrix, shape (3, 3), that takes the rectangle on the ground to its corners in the picture.

    Each corner gives two equations in eight unknowns, with the ninth set to 1: R. Hartley and A. Zisserman, "Multiple
    View Geometry in Computer Vision", 2nd ed., 4.1.2, inhomogeneous solution. It is that of the way to the picture,
    since the ninth is what the first corner is divided by, and cannot be 0 there.
    """
    width, depth = size
    rows, values = [], []
    for (x, y), (u, v) in zip([(0.0, 0.0), (width, 0.0), (width, depth), (0.0, depth)], corners, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -x * u, -y * u], [0, 0, 0, x, y, 1, -x * v, -y * v]]
        values += [u, v]
    return np.append(np.linalg.solve(rows, values), 1.0).reshape(3, 3)


class Speeds:
    """How fast the tracks of one camera are, by where their boxes touch the ground."""

    def __init__(self, ground: GroundConfig) -> None:
        self._ground = GroundPlane(ground)
        self._feet = Anchors(["bottom_center"])
        self._paths: dict[int, deque[tuple[float, float, float]]] = {}

    def update(self, frame: TrackedFrame) -> None:
        """Remembers where the tracks of the next analysed frame are."""
        now = frame.meta.timeline_s
        positions = self._ground.positions(np.hstack(self._feet.of(frame.boxes)))
        for track_id, (x, y) in zip(frame.track_id.tolist(), positions.tolist(), strict=True):
            if math.isnan(x):
                self._paths.pop(track_id, None)  # what it was before is not its last second
            elif track_id > 0:
                path = self._paths.setdefault(track_id, deque())
                if path and now < path[-1][0]:
                    path.clear()  # a picture whose file is older
                path.append((now, x, y))
                while now - path[0][0] > WINDOW_S:
                    path.popleft()

    def speed_mps(self, track_id: int) -> float | None:
        """How fast the track was over its last second [m/s]; None until half of one is known.

        The slope of the straight line with the least squares of distances, so that one box that jumps does not decide.
        """
        path = self._paths.get(track_id)
        if not path or path[-1][0] - path[0][0] < LEAST_S:
            return None
        times, x, y = np.array(path).T
        times -= times.mean()
        return float(math.hypot(times @ x, times @ y) / (times @ times))

    def end(self, track_ids: Iterable[int]) -> None:
        """These tracks have ended."""
        for track_id in track_ids:
            self._paths.pop(track_id, None)
