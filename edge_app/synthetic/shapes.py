"""Solid things made of simple shapes, in metres: the models that the easel draws."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edge_app.synthetic.palette import Colour

Floats = NDArray[np.float64]
Point = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Shape:
    """A flat face, the skin around a few balls, or a line.

    Attributes:
        points: Corners or centres: to the side, up, ahead [m], from the foot of the object.
        colour: BGR.
        radii: Of the balls [m]; none for a face, whose corners run clockwise as seen from outside.
        line: Half the width of a closed line through the points [m], which then is all there is.
        group: Groups are drawn the farthest first.
        layer: Within a group, higher layers are drawn later; within a layer, nearer shapes are.
        glows: Its colour does not depend on the light.
        casts: It has a part in the shadow.
    """

    points: tuple[Point, ...]
    colour: Colour
    radii: tuple[float, ...] = ()
    line: float = 0.0
    group: int = 0
    layer: int = 0
    glows: bool = False
    casts: bool = True


def mirrored(shape: Shape) -> Shape:
    """The same shape on the object's other side."""
    points = tuple((-side, up, ahead) for side, up, ahead in shape.points)
    return replace(shape, points=points if shape.radii else points[::-1])


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """Shapes, packed so that one sum of NumPy moves them all.

    Attributes:
        shapes: k of them.
        points: Of all shapes, one after the other, float64 (n, 3).
        radii: Of all points, 0 for corners [m], float64 (n,).
        starts: Where each shape's points begin, int64 (k,).
        following: For each point the next one of its shape, int64 (n,).
    """

    shapes: tuple[Shape, ...]
    points: Floats
    radii: Floats
    starts: NDArray[np.int64]
    following: NDArray[np.int64]

    @classmethod
    def of(cls, shapes: list[Shape]) -> Model:
        """The model made of these shapes."""
        radii: list[float] = []
        starts: list[int] = []
        following: list[int] = []
        for shape in shapes:
            start, count = len(radii), len(shape.points)
            starts.append(start)
            radii += shape.radii or (shape.line,) * count
            following += [*range(start + 1, start + count), start]
        points = np.array([point for shape in shapes for point in shape.points], dtype=np.float64)
        return cls(tuple(shapes), points, np.array(radii), np.array(starts), np.array(following))
