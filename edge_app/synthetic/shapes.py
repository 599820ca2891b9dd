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
        matte: Of one even tone; else a round thing is darker at its rim.
        line: Half the width of a closed line through the points [m], which then is all there is.
        group: Groups are drawn the farthest first.
        layer: Within a group, higher layers are drawn later; within a layer, nearer shapes are.
        glows: Its colour does not depend on the light.
        casts: It has a part in the shadow.
    """

    points: tuple[Point, ...]
    colour: Colour
    radii: tuple[float, ...] = ()
    matte: bool = False
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
        counts: How many points each shape has, int64 (k,).
        following: For each point the next one of its shape, int64 (n,).
        colours: Of the shapes, float64 (k, 3).
        glows: Whether they do, bool (k,).
        flat: Whether they are faces, bool (k,).
        layers: int64 (k,).
        groups: From 0 without gaps, int64 (k,).
    """

    shapes: tuple[Shape, ...]
    points: Floats
    radii: Floats
    starts: NDArray[np.int64]
    counts: NDArray[np.int64]
    following: NDArray[np.int64]
    colours: Floats
    glows: NDArray[np.bool_]
    flat: NDArray[np.bool_]
    layers: NDArray[np.int64]
    groups: NDArray[np.int64]

    @classmethod
    def of(cls, shapes: list[Shape]) -> Model:
        """The model made of these shapes."""
        counts = np.array([len(shape.points) for shape in shapes], dtype=np.int64)
        starts = np.cumsum(counts) - counts
        following = np.arange(1, counts.sum() + 1)
        following[starts + counts - 1] = starts
        radii = [shape.radii or (shape.line,) * len(shape.points) for shape in shapes]
        _, groups = np.unique([shape.group for shape in shapes], return_inverse=True)
        return cls(
            shapes=tuple(shapes),
            points=np.array([point for shape in shapes for point in shape.points], dtype=np.float64),
            radii=np.array([radius for some in radii for radius in some], dtype=np.float64),
            starts=starts,
            counts=counts,
            following=following,
            colours=np.array([shape.colour for shape in shapes], dtype=np.float64),
            glows=np.array([shape.glows for shape in shapes]),
            flat=np.array([not shape.radii and not shape.line for shape in shapes]),
            layers=np.array([shape.layer for shape in shapes], dtype=np.int64),
            groups=np.asarray(groups, dtype=np.int64).reshape(-1),
        )
