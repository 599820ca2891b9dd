"""Rasterises meshes into sprites in true perspective: anti-aliased, shaded, each with its shadow.

Each mesh is drawn twice, as body and as shadow. One array holds the points of both, since NumPy's cost is per call.
"""

from __future__ import annotations

import math
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_app.synthetic.arrays import ByteImage, Floats
from edge_app.synthetic.shading import colourise, label_colours
from edge_app.synthetic.shapes import CORNERS, DISCS, Mesh
from edge_app.synthetic.view import Sprite, Sun, View

Ints = NDArray[np.int32]

# The discs that shade a ball: their sizes and their shifts towards the light, as fractions of its radius.
DISC_SIZES, DISC_SHIFTS = (1.0, 0.76, 0.42), (0.0, 0.2, 0.36)
SHADOW_SQUASH = 0.35  # height over width of a ball's shadow on the ground
SMALLEST_FACE = 0.35  # px²; smaller faces are not drawn
SMALLEST_SHADOW = 0.4  # px; balls of a smaller radius cast no shadow
BODY, SHADOW = 0, 1


def rasterise(mesh: Mesh, view: View, sun: Sun) -> Sprite:
    """The mesh as a sprite, seen and lit like this."""
    points = view.to_camera(mesh.points)
    xy, px_per_m = view.project(_with_shadow(points, sun))
    radii = px_per_m * mesh.radii
    blur = max(1, round(0.05 * view.scale)) * 2 + 1
    corner, ((width, height), shadow_size) = _bounds(xy, radii, blur)
    supersampling, discs = 2 if height > 90 else 3, _disc_count(height)
    xy -= corner[:, None]
    xy[BODY] *= supersampling
    radii[BODY] *= supersampling
    rings = _ball_rings(xy[:, mesh.balls], radii[:, mesh.balls], discs)
    xy[SHADOW, :, 0] += radii[SHADOW]  # shadows of faces and lines begin at the edge of the ball
    corners = np.rint(xy * 16).astype(np.int32)
    labels = np.zeros((height * supersampling, width * supersampling), dtype=np.uint8)
    order = _draw_order(mesh, points[2], xy[BODY], supersampling)
    _draw_labels(labels, mesh, order, (corners[BODY], rings[:discs]), radii[BODY])
    shadow = np.zeros(shadow_size[::-1], dtype=np.uint8)
    _draw_shadow(shadow, mesh, round(255 * sun.shadow_darkness), (corners[SHADOW], rings[discs]), radii[SHADOW])
    body_foot, shadow_foot = map(tuple, (-corner).tolist())
    body = colourise(labels, label_colours(mesh, points, sun, single=discs == 1), supersampling)
    return Sprite(body, body_foot, np.asarray(cv2.blur(shadow, (blur, blur)), dtype=np.uint8), shadow_foot)


def _bounds(xy: Floats, radii: Floats, blur: int) -> tuple[Floats, list[list[int]]]:
    """Upper left corners (2, 2) and sizes of the body's and the shadow's images [px].

    They hold all points (2, n, 2) with their radii (2, n).
    """
    pad, radii = np.array(((1.5,), (blur,))), radii[..., None]
    corner = np.floor((xy - radii).min(axis=1) - pad)
    size_wh = np.ceil((xy + radii).max(axis=1) + pad) - corner
    return corner, size_wh.astype(int).tolist()


def _with_shadow(points: Floats, sun: Sun) -> Floats:
    """Points (3, n) and their shadows on the ground; (3, 2, n)."""
    right, up, forward = points
    both = np.zeros((3, 2, points.shape[1]))
    both[:, BODY] = points
    both[0, SHADOW] = right + sun.shadow_offset[0] * up
    both[2, SHADOW] = forward + sun.shadow_offset[1] * up
    return both


def _disc_count(height: int) -> int:
    """How many discs shade a ball; fewer for a sprite of less height [px]."""
    return 1 if height < 20 else 2 if height <= 60 else DISCS


@cache
def _unit_rings(discs: int) -> Floats:
    """Outlines of the discs of a ball of radius 1, and of its shadow; (discs + 1, 1, CORNERS, 2)."""
    angles = np.arange(CORNERS) * (math.tau / CORNERS)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    rings = [circle * size + (-0.6 * shift, -shift) for size, shift in zip(DISC_SIZES, DISC_SHIFTS, strict=True)]
    return np.array([*rings[:discs], circle * (1, SHADOW_SQUASH)])[:, None]


def _ball_rings(centres: Floats, radii: Floats, discs: int) -> Ints:
    """Outlines of the discs and shadows of balls (2, m) in 1/16 px; int32 (discs + 1, m * CORNERS, 2)."""
    targets = [BODY] * discs + [SHADOW]
    rings = centres[targets][:, :, None] + radii[targets][..., None, None] * _unit_rings(discs)
    return np.rint(rings * 16).astype(np.int32).reshape(discs + 1, -1, 2)


def _draw_order(mesh: Mesh, forward: Floats, corners: Floats, supersampling: int) -> list[int]:
    """Indices of the visible shapes, in the order in which they are drawn (painter's algorithm)."""
    depth = np.add.reduceat(forward, mesh.starts) / mesh.counts
    keys: tuple[NDArray[np.generic], ...] = (-depth.round(4), mesh.layers)
    if mesh.groups.any():
        total, size = np.bincount(mesh.groups, depth), np.bincount(mesh.groups)
        keys = (*keys, -(total / size).round(4)[mesh.groups])
    order: list[int] = np.lexsort(keys).tolist()
    if len(mesh.faces):
        x, y = corners[:, 0], corners[:, 1]
        cross = x * y[mesh.next_point] - y * x[mesh.next_point]
        area = np.add.reduceat(cross, mesh.starts) / (2 * supersampling * supersampling)
        hidden = set(mesh.faces[area[mesh.faces] < SMALLEST_FACE].tolist())
        return [index for index in order if index not in hidden]
    return order


def _draw_labels(labels: ByteImage, mesh: Mesh, order: list[int], points: tuple[Ints, Ints], radii: Floats) -> None:
    """Draws the labels of the shapes in this order: balls from their discs, all else from its corners."""
    corners, rings = points
    for index in order:
        shape, label = mesh.shapes[index], mesh.labels[index]
        if shape.radii:
            balls = mesh.ring_spans[index]
            for disc in rings[:1] if shape.matte else rings:
                cv2.fillConvexPoly(labels, cv2.convexHull(disc[balls]), label, cv2.LINE_8, 4)
                label += 1
        elif shape.line_radius:
            width = max(1, round(2 * float(radii[mesh.starts[index]])))
            cv2.polylines(labels, [corners[mesh.point_spans[index]]], True, label, width, cv2.LINE_8, 4)
        else:
            cv2.fillPoly(labels, [corners[mesh.point_spans[index]]], label, cv2.LINE_8, 4)


def _draw_shadow(mask: ByteImage, mesh: Mesh, alpha: int, points: tuple[Ints, Ints], radii: Floats) -> None:
    """Draws the shadows of all shapes."""
    corners, rings = points
    sizes = radii[mesh.starts].tolist()
    for index, shape in enumerate(mesh.shapes):
        if not shape.casts_shadow or (shape.radii and sizes[index] < SMALLEST_SHADOW):
            continue
        if shape.line_radius:
            outline = corners[mesh.point_spans[index]]
            cv2.polylines(mask, [outline], True, alpha, max(1, round(2 * sizes[index])), cv2.LINE_8, 4)
        else:
            outline = rings[mesh.ring_spans[index]] if shape.radii else corners[mesh.point_spans[index]]
            cv2.fillConvexPoly(mask, cv2.convexHull(outline), alpha, cv2.LINE_8, 4)
