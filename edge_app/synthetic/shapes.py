"""Solid objects made of simple shapes, in metres, and the meshes that the rasteriser draws."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edge_app.synthetic.arrays import Floats
from edge_app.synthetic.palette import Colour

Indices = NDArray[np.int64]
Point = tuple[float, float, float]

# A ball is drawn as at most DISCS discs, each a polygon with enough corners for a head to look round.
DISCS, CORNERS = 3, 12


@dataclass(frozen=True, slots=True)
class Shape:
    """A flat face, the convex hull of a few balls, or a closed line.

    Attributes:
        points: Corners or centres of balls: right, up, ahead of the object's foot [m].
        colour: BGR.
        radii: Of the balls [m]; empty for a face, whose corners run clockwise as seen from outside, and for a line.
        matte: Balls have one even colour; else they are darker at the rim.
        line_radius: Half the width of a closed line through the points [m]; 0 for a face and for balls.
        group: Groups are drawn farthest first; numbered without gaps.
        layer: Within a group, higher layers are drawn later; within a layer, nearer shapes.
        emissive: Its colour does not depend on the light.
        casts_shadow: Whether it is part of the object's shadow.
    """

    points: tuple[Point, ...]
    colour: Colour
    radii: tuple[float, ...] = ()
    matte: bool = False
    line_radius: float = 0.0
    group: int = 0
    layer: int = 0
    emissive: bool = False
    casts_shadow: bool = True


def mirrored(shape: Shape) -> Shape:
    """The same shape on the other side of the object."""
    points = tuple((-side, up, ahead) for side, up, ahead in shape.points)
    return replace(shape, points=points if shape.radii else points[::-1])


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """Shapes, packed into arrays so that one NumPy operation transforms them all.

    Each colour has a label, 1 to 255: a face, a line or a matte shape has one, other balls have `DISCS`.

    Attributes:
        shapes: k shapes.
        points: Those of all shapes, concatenated: right, up, ahead [m], float64 (3, n).
        radii: Of all points [m], 0 for the corners of faces, float64 (n,).
        starts: Index of each shape's first point, int64 (k,).
        counts: Number of points of each shape, int64 (k,).
        next_point: Index of the next point of the same shape, cyclic, int64 (n,).
        point_spans: Each shape's slice of the points.
        balls: Indices of the points that are centres of balls, int64 (m,).
        ring_spans: Each shape's slice of the corners of the discs of all balls.
        labels: First label of each shape.
        faces: Indices of the shapes that are faces, int64 (f,).
        face_labels: Labels of the faces, int64 (f,).
        disc_labels: Labels of the shapes of balls that are not matte, int64 (r, `DISCS`).
        colours: Colour of each label, BGR, float64 (l, 3).
        emissive: Whether each label is, bool (l, 1).
        layers: Of each shape, int64 (k,).
        groups: Of each shape, from 0, int64 (k,).
    """

    shapes: tuple[Shape, ...]
    points: Floats
    radii: Floats
    starts: Indices
    counts: Indices
    next_point: Indices
    point_spans: list[slice]
    balls: Indices
    ring_spans: list[slice]
    labels: list[int]
    faces: Indices
    face_labels: Indices
    disc_labels: Indices
    colours: Floats
    emissive: NDArray[np.bool_]
    layers: Indices
    groups: Indices

    @classmethod
    def from_shapes(cls, shapes: list[Shape]) -> Mesh:
        """Packs these shapes."""
        counts = np.array([len(shape.points) for shape in shapes])
        starts = np.cumsum(counts) - counts
        next_point = np.arange(1, counts.sum() + 1)
        next_point[starts + counts - 1] = starts
        rounds = np.array([len(shape.radii) for shape in shapes])
        radii = [shape.radii or (shape.line_radius,) * len(shape.points) for shape in shapes]
        discs = np.array([DISCS if shape.radii and not shape.matte else 1 for shape in shapes])
        labels = 1 + np.cumsum(discs) - discs
        faces = np.flatnonzero([not shape.radii and not shape.line_radius for shape in shapes])
        groups = np.array([shape.group for shape in shapes])
        return cls(
            shapes=tuple(shapes),
            points=np.array([point for shape in shapes for point in shape.points]).T.copy(),
            radii=np.array([radius for some in radii for radius in some]),
            starts=starts,
            counts=counts,
            next_point=next_point,
            point_spans=_slices(counts),
            balls=np.flatnonzero(np.repeat(rounds, counts)),
            ring_spans=_slices(rounds * CORNERS),
            labels=labels.tolist(),
            faces=faces,
            face_labels=labels[faces],
            disc_labels=labels[discs > 1][:, None] + np.arange(DISCS),
            colours=np.repeat(np.array([shape.colour for shape in shapes], dtype=np.float64), discs, axis=0),
            emissive=np.repeat([shape.emissive for shape in shapes], discs)[:, None],
            layers=np.array([shape.layer for shape in shapes]),
            groups=groups - groups.min(),
        )


def _slices(counts: Indices) -> list[slice]:
    """Consecutive slices of these lengths."""
    ends = np.cumsum(counts)
    return [slice(start, end) for start, end in zip((ends - counts).tolist(), ends.tolist(), strict=True)]
