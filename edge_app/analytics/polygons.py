"""Polygons in a picture: how the file gives them, and which points are inside."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from typing import Annotated, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, BeforeValidator, Field

from edge_app.config.section import wrong

MOST_POINTS = 100  # each costs time in every frame
TOLERANCE = 1e-9  # what is not farther from an edge is on it [share of the picture]: far below a pixel, above rounding


def _share(value: float) -> float:
    if not 0 <= value <= 1:
        raise wrong("want 0 to 1, a share of the picture's width or height, no pixels")
    return value


def _pair(value: Any) -> Any:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise wrong("want a point as [x, y]")
    return value


Share = Annotated[float, AfterValidator(_share), Field(json_schema_extra={"minimum": 0, "maximum": 1})]
"""A place across or down the upright picture, 0 to 1."""

PicturePoint = Annotated[
    tuple[Share, ...], BeforeValidator(_pair), Field(json_schema_extra={"minItems": 2, "maxItems": 2})
]
"""A point as [x, y], from the upper left corner."""

XY: TypeAlias = "tuple[float, ...]"
Edge: TypeAlias = "tuple[XY, XY]"


def turn(a: XY, b: XY, c: XY) -> float:
    """Above 0 where the way from `a` over `b` to `c` turns right in the picture, below 0 where it turns left."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _parts(edge: Edge, other: Edge) -> bool:
    """Whether the other edge's ends are on both sides of the line through an edge, neither on it."""
    turns = [turn(*edge, end) for end in other]
    return min(turns) < -TOLERANCE and max(turns) > TOLERANCE


def _simple(points: tuple[XY, ...]) -> tuple[XY, ...]:
    if not 3 <= len(points) <= MOST_POINTS:
        raise wrong(f"want 3 to {MOST_POINTS} points, got {len(points)}")
    farthest = max(points, key=lambda point: math.dist(points[0], point))
    if all(abs(turn(points[0], farthest, point)) <= TOLERANCE for point in points):
        raise wrong("want an area; these points are on one line")
    edges = list(zip(points, (*points[1:], points[0]), strict=True))
    for (i, a), (j, b) in combinations(enumerate(edges, 1), 2):
        if _parts(a, b) and _parts(b, a):  # edges that only touch do not cross
            last = len(points)
            raise wrong(
                f"the edge from point {i} to {i % last + 1} crosses that from {j} to {j % last + 1}; "
                "give the points in their order around the area"
            )
    return points


def holds_no_lists(value: Any) -> bool:
    """Whether a list of the file has something in it, and no lists."""
    return isinstance(value, list | tuple) and bool(value) and not any(isinstance(each, list | tuple) for each in value)


def _nested(value: Any) -> Any:
    if holds_no_lists(value):
        raise wrong("want corners, each as [x, y]: [[0.1, 0.2], [0.5, 0.2], [0.5, 0.9]]")
    return value


Polygon = Annotated[
    tuple[PicturePoint, ...],
    BeforeValidator(_nested),
    AfterValidator(_simple),
    Field(json_schema_extra={"minItems": 3, "maxItems": MOST_POINTS}),
]
"""The corners of an area in their order around it; the last is joined to the first."""


class Polygons:
    """Areas of a picture, all of whose edges are looked at together."""

    def __init__(self, polygons: Sequence[Sequence[XY]]) -> None:
        """At least one polygon, corners as shares of the picture."""
        corners = [np.array(polygon, np.float64) for polygon in polygons]
        begin = np.concatenate(corners)
        end = np.concatenate([np.roll(each, -1, axis=0) for each in corners])
        counts = np.array([len(each) for each in corners])
        self._of_edge = np.repeat(np.arange(len(corners)), counts)
        self._first = np.concatenate([[0], np.cumsum(counts)[:-1]])
        self._x, self._y, self._end_y = begin[:, 0], begin[:, 1], end[:, 1]
        self._dx, self._dy = (end - begin).T
        self._middle_x, self._middle_y = ((begin + end) / 2).T
        self._reach_x, self._reach_y = (np.abs(end - begin) / 2 + TOLERANCE).T

    def contain(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether each point is inside; an edge belongs to the inside.

        By the even-odd rule: M. Shimrat, "Algorithm 112: Position of point relative to polygon", Communications of the
        ACM 5 (1962) 434, with R. Hacker's correction, ibid. 606. A ray from the point rightwards crosses an edge if its
        ends are on both sides of the ray, and the point is to the left of it.

        Args:
            x: Across, shape (n, number of polygons): a column of points for each polygon.
            y: Down, of the same shape.

        Returns:
            Of the same shape.
        """
        x, y = x[:, self._of_edge], y[:, self._of_edge]
        side = self._dx * (y - self._y) - self._dy * (x - self._x)
        crosses = ((self._y > y) != (self._end_y > y)) & ((side > 0) == (self._dy > 0))
        on = np.abs(side) <= TOLERANCE
        on &= np.abs(x - self._middle_x) <= self._reach_x
        on &= np.abs(y - self._middle_y) <= self._reach_y
        odd = np.logical_xor.reduceat(crosses, self._first, axis=1)
        inside: NDArray[np.bool_] = odd | np.logical_or.reduceat(on, self._first, axis=1)
        return inside
