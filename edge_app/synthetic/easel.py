"""Draws models as sprites in true perspective: anti-aliased, shaded, each with its shadow."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_app.synthetic.shapes import Floats, Model
from edge_app.synthetic.view import Bytes, Foot, Sprite, Sun, View

Ints = NDArray[np.int32]
Tone = tuple[int, int, int, int]

# Around a unit circle: enough corners that a head is round.
CORNERS = 12
# How a round thing is shaded: discs of (part of the radius, shift to the light, brightness less contrast).
DISCS = ((1.0, 0.0, 0.9, 0.32), (0.76, 0.2, 0.95, 0.0), (0.42, 0.36, 1.08, 0.0))
SMALLEST_FACE = 0.35  # px², below it a detail is left out


def draw(model: Model, view: View, sun: Sun) -> Sprite:
    """The model as a sprite."""
    seen = view.turned(model.points)
    body, foot = _body(model, seen, view.flat(seen), sun)
    right, up, forward = seen[:, 0], seen[:, 1], seen[:, 2]
    fallen = np.stack([right + sun.throw[0] * up, 0 * up, forward + sun.throw[1] * up], axis=1)
    shade, shade_foot = _shade(model, view.flat(fallen), sun.shadow, view.scale)
    return Sprite(body, foot, shade, shade_foot)


def _window(flat: Floats, radii: Floats, pad: float) -> tuple[int, int, int, int]:
    """Left, top, width, height of a canvas for all points and their balls [px]."""
    reach = (flat[:, 2] * radii)[:, None]
    left, top = np.floor((flat[:, :2] - reach).min(axis=0) - pad)
    right, bottom = np.ceil((flat[:, :2] + reach).max(axis=0) + pad)
    return int(left), int(top), int(right - left), int(bottom - top)


def _circle(squash: float = 1.0) -> Floats:
    turns = np.arange(CORNERS) * (math.tau / CORNERS)
    return np.stack([np.cos(turns), squash * np.sin(turns)], axis=1)


def _fixed(points: Floats) -> Ints:
    """Pixels as the sixteenths that OpenCV draws at."""
    return np.asarray(np.rint(points * 16), dtype=np.int32)


def _brightness(model: Model, seen: Floats, sun: Sun) -> Floats:
    """Of each shape (k,): as a face, lit by the sky above and by the sun opposite to the shadows."""
    first = model.starts
    second = model.following[first]
    a, b = seen[second] - seen[first], seen[model.following[second]] - seen[second]
    x = a[:, 1] * b[:, 2] - a[:, 2] * b[:, 1]
    y = a[:, 2] * b[:, 0] - a[:, 0] * b[:, 2]
    z = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    size = np.maximum(1e-9, np.sqrt(x * x + y * y + z * z))
    sunny = x * (1 if sun.throw[0] > 0 else -1)
    facing = (np.abs(y) * 0.75 + np.maximum(0, sunny) * 0.5) / size
    return np.where(model.flat, np.round(1.05 + sun.contrast * (facing - 0.75), 2), 1.0)


def _tones(model: Model, factor: Floats | float, sun: Sun) -> list[Tone]:
    """Colours with alpha, in the light; of each shape."""
    lit = model.colours * np.asarray(sun.tint) * np.reshape(factor, (-1, 1))
    tones = np.minimum(255, np.rint(np.where(model.glows[:, None], model.colours, lit))).astype(int).tolist()
    return [(b, g, r, 255) for b, g, r in tones]


def _order(model: Model, seen: Floats) -> list[int]:
    """The shapes from the first to be drawn to the last."""
    depth = np.add.reduceat(seen[:, 2], model.starts) / model.counts
    total, size = np.bincount(model.groups, depth), np.bincount(model.groups)
    mean = np.round(total / size, 4)[model.groups]
    order: list[int] = np.lexsort((-np.round(depth, 4), model.layers, -mean)).tolist()
    return order


def _discs(height: int, contrast: float) -> list[tuple[float, float, float]]:
    """Size, lift and brightness of the discs that shade a round thing; the smaller the object, the fewer."""
    if height < 20:
        return [(1.0, 0.0, 0.93)]
    return [(size, lift, bright - fall * contrast) for size, lift, bright, fall in DISCS[: 3 if height > 60 else 2]]


def _body(model: Model, seen: Floats, flat: Floats, sun: Sun) -> tuple[Bytes, Foot]:
    left, top, width, height = _window(flat, model.radii, 1.5)
    fine = 2 if height > 90 else 3
    canvas = np.zeros((height * fine, width * fine, 4), dtype=np.uint8)
    corners = (flat[:, :2] - (left, top)) * fine
    x, y = corners[:, 0], corners[:, 1]
    area = np.add.reduceat(x * y[model.following] - y * x[model.following], model.starts) / (2 * fine * fine)
    hidden = (model.flat & (area < SMALLEST_FACE)).tolist()
    reach = flat[:, 2] * model.radii * fine
    discs = [
        (
            _fixed(corners[:, None] + reach[:, None, None] * (_circle() * size + (-0.6 * lift, -lift))),
            _tones(model, bright, sun),
        )
        for size, lift, bright in _discs(height, sun.contrast)
    ]
    fixed, tones = _fixed(corners), _tones(model, _brightness(model, seen, sun), sun)
    for i in _order(model, seen):
        if not hidden[i]:
            _fill(canvas, model, i, (fixed, tones[i]), discs, float(reach[model.starts[i]]))
    body = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(body, dtype=np.uint8), (-float(left), -float(top))


def _fill(
    canvas: Bytes,
    model: Model,
    number: int,
    face: tuple[Ints, Tone],
    discs: list[tuple[Ints, list[Tone]]],
    reach: float,
) -> None:
    """Draws one shape: from its corners and tone, or from the circles and tones of its discs."""
    shape, start = model.shapes[number], int(model.starts[number])
    span = slice(start, start + len(shape.points))
    corners, tone = face
    if shape.line:
        cv2.polylines(canvas, [corners[span]], True, tone, max(1, round(2 * reach)), cv2.LINE_8, 4)
    elif shape.radii:
        for skins, shades in discs[:1] if shape.matte else discs:
            hull = cv2.convexHull(skins[span].reshape(-1, 2))
            cv2.fillConvexPoly(canvas, hull, tone if shape.matte else shades[number], cv2.LINE_8, 4)
    else:
        cv2.fillPoly(canvas, [corners[span]], tone, cv2.LINE_8, 4)


def _shade(model: Model, flat: Floats, darkness: float, scale: float) -> tuple[Bytes, Foot]:
    soft = max(1, round(0.05 * scale)) * 2 + 1
    left, top, width, height = _window(flat, model.radii, soft)
    canvas = np.zeros((height, width), dtype=np.uint8)
    # On the ground a ball's shadow is as wide as the ball and much less deep.
    reach = (flat[:, 2] * model.radii)[:, None, None]
    skins = _fixed(flat[:, None, :2] - (left, top) + reach * _circle(0.35))
    tone, starts = round(255 * darkness), model.starts.tolist()
    for shape, start, count in zip(model.shapes, starts, model.counts.tolist(), strict=True):
        if not shape.casts or (shape.radii and float(reach[start, 0, 0]) < 0.4):
            continue
        if shape.line:
            ring = np.ascontiguousarray(skins[start : start + count, 0])
            cv2.polylines(canvas, [ring], True, tone, max(1, round(2 * float(reach[start, 0, 0]))), cv2.LINE_8, 4)
        else:
            corners = skins[start : start + count] if shape.radii else skins[start : start + count, :1]
            cv2.fillConvexPoly(
                canvas, cv2.convexHull(np.ascontiguousarray(corners.reshape(-1, 2))), tone, cv2.LINE_8, 4
            )
    return np.asarray(cv2.blur(canvas, (soft, soft)), dtype=np.uint8), (-float(left), -float(top))
