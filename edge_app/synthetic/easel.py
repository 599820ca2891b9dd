"""Draws models as sprites in true perspective: anti-aliased, shaded, each with its shadow.

The object and its shadow lie on two canvases, whose points are moved together: NumPy's cost is by the call.
"""

from __future__ import annotations

import math
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_app.synthetic.shapes import CORNERS, DISCS, Floats, Model
from edge_app.synthetic.tones import coloured, palette
from edge_app.synthetic.view import Bytes, Sprite, Sun, View

Ints = NDArray[np.int32]

# Of the discs that shade a round thing: part of the radius, and shift to the light.
DISC_SIZES, DISC_LIFTS = (1.0, 0.76, 0.42), (0.0, 0.2, 0.36)
SQUASH = 0.35  # on the ground a ball's shadow is as wide as the ball and much less deep
SMALLEST_FACE = 0.35  # px², below it a detail is left out
SMALLEST_CAST = 0.4  # px, radius below which a round thing casts no shadow
BODY, SHADE = 0, 1


def draw(model: Model, view: View, sun: Sun) -> Sprite:
    """The model as a sprite."""
    seen = view.turned(model.points)
    flat, zoom = view.flat(_with_shadow(seen, sun))
    reach = zoom * model.radii
    soft = max(1, round(0.05 * view.scale)) * 2 + 1
    corner, ((width, height), shade_size) = _windows(flat, reach, soft)
    fine, discs = 2 if height > 90 else 3, _discs(height)
    flat -= corner[:, None]
    flat[BODY] *= fine
    reach[BODY] *= fine
    skins = _skins(flat[:, model.balls], reach[:, model.balls], discs)
    flat[SHADE, :, 0] += reach[SHADE]  # of lines, where the shadow of a ball begins
    corners = np.rint(flat * 16).astype(np.int32)
    labels = np.zeros((height * fine, width * fine), dtype=np.uint8)
    order = _order(model, seen[2], flat[BODY], fine)
    _paint(labels, model, order, (corners[BODY], skins[:discs]), reach[BODY])
    shade = np.zeros(shade_size[::-1], dtype=np.uint8)
    _cast(shade, model, round(255 * sun.shadow), (corners[SHADE], skins[discs]), reach[SHADE])
    body_foot, shade_foot = map(tuple, (-corner).tolist())
    body = coloured(labels, palette(model, seen, sun, single=discs == 1), fine)
    return Sprite(body, body_foot, np.asarray(cv2.blur(shade, (soft, soft)), dtype=np.uint8), shade_foot)


def _windows(flat: Floats, reach: Floats, soft: int) -> tuple[Floats, list[list[int]]]:
    """Left upper corners (2, 2) and sizes [px] of two canvases for all points (2, n, 2) and their balls (2, n)."""
    pad, reach = np.array(((1.5,), (soft,))), reach[..., None]
    corner = np.floor((flat - reach).min(axis=1) - pad)
    size_wh = np.ceil((flat + reach).max(axis=1) + pad) - corner
    return corner, size_wh.astype(int).tolist()


def _with_shadow(seen: Floats, sun: Sun) -> Floats:
    """Points (3, n) and where the sun throws them on the ground; (3, 2, n)."""
    right, up, forward = seen
    both = np.zeros((3, 2, seen.shape[1]))
    both[:, BODY] = seen
    both[0, SHADE] = right + sun.throw[0] * up
    both[2, SHADE] = forward + sun.throw[1] * up
    return both


def _discs(height: int) -> int:
    """How many discs shade a round thing; the smaller the object, the fewer."""
    return 1 if height < 20 else 2 if height <= 60 else DISCS


@cache
def _rings(discs: int) -> Floats:
    """Around the discs of a ball of radius 1, and around its shadow; (discs + 1, 1, CORNERS, 2)."""
    turns = np.arange(CORNERS) * (math.tau / CORNERS)
    circle = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    found = [circle * size + (-0.6 * lift, -lift) for size, lift in zip(DISC_SIZES, DISC_LIFTS, strict=True)]
    return np.array([*found[:discs], circle * (1, SQUASH)])[:, None]


def _skins(centres: Floats, reach: Floats, discs: int) -> Ints:
    """The rings around balls (2, m), as sixteenths of pixels; int32 (discs + 1, m * CORNERS, 2)."""
    canvases = [BODY] * discs + [SHADE]
    around = centres[canvases][:, :, None] + reach[canvases][..., None, None] * _rings(discs)
    return np.rint(around * 16).astype(np.int32).reshape(discs + 1, -1, 2)


def _order(model: Model, forward: Floats, corners: Floats, fine: int) -> list[int]:
    """The shapes that are seen, from the first to be drawn to the last."""
    depth = np.add.reduceat(forward, model.starts) / model.counts
    keys: tuple[NDArray[np.generic], ...] = (-depth.round(4), model.layers)
    if model.groups.any():
        total, size = np.bincount(model.groups, depth), np.bincount(model.groups)
        keys = (*keys, -(total / size).round(4)[model.groups])
    order: list[int] = np.lexsort(keys).tolist()
    if len(model.faces):
        x, y = corners[:, 0], corners[:, 1]
        area = np.add.reduceat(x * y[model.following] - y * x[model.following], model.starts) / (2 * fine * fine)
        hidden = set(model.faces[area[model.faces] < SMALLEST_FACE].tolist())
        return [number for number in order if number not in hidden]
    return order


def _paint(labels: Bytes, model: Model, order: list[int], points: tuple[Ints, Ints], reach: Floats) -> None:
    """Draws the shapes in this order, each tone as its label: from their corners, or from their discs."""
    corners, skins = points
    for number in order:
        shape, label = model.shapes[number], model.labels[number]
        if shape.radii:
            balls = model.skins[number]
            for disc in skins[:1] if shape.matte else skins:
                cv2.fillConvexPoly(labels, cv2.convexHull(disc[balls]), label, cv2.LINE_8, 4)
                label += 1
        elif shape.line:
            wide = max(1, round(2 * float(reach[model.starts[number]])))
            cv2.polylines(labels, [corners[model.spans[number]]], True, label, wide, cv2.LINE_8, 4)
        else:
            cv2.fillPoly(labels, [corners[model.spans[number]]], label, cv2.LINE_8, 4)


def _cast(canvas: Bytes, model: Model, tone: int, points: tuple[Ints, Ints], reach: Floats) -> None:
    """Draws the shadow of all shapes."""
    corners, skins = points
    wide = reach[model.starts].tolist()
    for number, shape in enumerate(model.shapes):
        if not shape.casts or (shape.radii and wide[number] < SMALLEST_CAST):
            continue
        if shape.line:
            outline = corners[model.spans[number]]
            cv2.polylines(canvas, [outline], True, tone, max(1, round(2 * wide[number])), cv2.LINE_8, 4)
        else:
            found = skins[model.skins[number]] if shape.radii else corners[model.spans[number]]
            cv2.fillConvexPoly(canvas, cv2.convexHull(found), tone, cv2.LINE_8, 4)
