"""Solid things made of simple shapes, in metres: the models that the easel draws."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edge_app.synthetic.palette import Colour

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Point = tuple[float, float, float]

# A ball is drawn as up to so many discs, each with enough corners that a head is round.
DISCS, CORNERS = 3, 12


@dataclass(frozen=True, slots=True)
class Shape:
    """A flat face, the skin around a few balls, or a line.

    Attributes:
        points: Corners or centres: to the side, up, ahead [m], from the foot of the object.
        colour: BGR.
        radii: Of the balls [m]; none for a face, whose corners run clockwise as seen from outside.
        matte: Of one even tone; else a round thing is darker at its rim.
        line: Half the width of a closed line through the points [m], which then is all there is.
        group: Groups are drawn the farthest first; numbered without gaps.
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

    Every tone has a label, from 1 up and below 256: a face, a line and a matte thing have one, a round thing `DISCS`.

    Attributes:
        shapes: k of them.
        points: To the side, up, ahead [m]: of all shapes, one after the other, float64 (3, n).
        radii: Of all points, 0 for corners [m], float64 (n,).
        starts: Where each shape's points begin, int64 (k,).
        counts: How many points each shape has, int64 (k,).
        following: For each point the next one of its shape, int64 (n,).
        spans: The points of each shape.
        balls: Which points are centres of balls, int64 (m,).
        skins: The corners of the discs of each shape, among those of all balls.
        labels: The first of each shape.
        faces: Which shapes are faces, int64 (f,).
        face_labels: Theirs, int64 (f,).
        disc_labels: Of what is round and not matte, int64 (r, `DISCS`).
        colours: Of the labels, float64 (l, 3).
        glows: Whether they do, bool (l, 1).
        layers: int64 (k,).
        groups: From 0, int64 (k,).
    """

    shapes: tuple[Shape, ...]
    points: Floats
    radii: Floats
    starts: Indices
    counts: Indices
    following: Indices
    spans: list[slice]
    balls: Indices
    skins: list[slice]
    labels: list[int]
    faces: Indices
    face_labels: Indices
    disc_labels: Indices
    colours: Floats
    glows: NDArray[np.bool_]
    layers: Indices
    groups: Indices

    @classmethod
    def of(cls, shapes: list[Shape]) -> Model:
        """The model made of these shapes."""
        counts = np.array([len(shape.points) for shape in shapes])
        starts = np.cumsum(counts) - counts
        following = np.arange(1, counts.sum() + 1)
        following[starts + counts - 1] = starts
        rounds = np.array([len(shape.radii) for shape in shapes])
        radii = [shape.radii or (shape.line,) * len(shape.points) for shape in shapes]
        discs = np.array([DISCS if shape.radii and not shape.matte else 1 for shape in shapes])
        labels = 1 + np.cumsum(discs) - discs
        faces = np.flatnonzero([not shape.radii and not shape.line for shape in shapes])
        groups = np.array([shape.group for shape in shapes])
        return cls(
            shapes=tuple(shapes),
            points=np.array([point for shape in shapes for point in shape.points]).T.copy(),
            radii=np.array([radius for some in radii for radius in some]),
            starts=starts,
            counts=counts,
            following=following,
            spans=_slices(counts),
            balls=np.flatnonzero(np.repeat(rounds, counts)),
            skins=_slices(rounds * CORNERS),
            labels=labels.tolist(),
            faces=faces,
            face_labels=labels[faces],
            disc_labels=labels[discs > 1][:, None] + np.arange(DISCS),
            colours=np.repeat(np.array([shape.colour for shape in shapes], dtype=np.float64), discs, axis=0),
            glows=np.repeat([shape.glows for shape in shapes], discs)[:, None],
            layers=np.array([shape.layer for shape in shapes]),
            groups=groups - groups.min(),
        )


def _slices(counts: Indices) -> list[slice]:
    """Stretches of so many, one after the other."""
    ends = np.cumsum(counts)
    return [slice(start, end) for start, end in zip((ends - counts).tolist(), ends.tolist(), strict=True)]
