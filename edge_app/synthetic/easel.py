"""Draws models as sprites in true perspective: anti-aliased, shaded, each with its shadow."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_app.synthetic.palette import Colour
from edge_app.synthetic.shapes import Floats, Model

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int32]
Foot = tuple[float, float]

# Around a unit circle: enough corners that a head is round.
CORNERS = 12
# How a round thing is shaded: discs of (part of the radius, shift to the light, brightness less contrast).
DISCS = ((1.0, 0.0, 0.86, 0.40), (0.76, 0.2, 0.95, 0.0), (0.42, 0.36, 1.08, 0.0))
SMALLEST_FACE = 0.35  # px², below it a detail is left out


@dataclass(frozen=True, slots=True)
class View:
    """How an object stands before the camera.

    Attributes:
        aside: To the right of the axis, over the distance.
        distance: Forward from the camera [m].
        height: Of the camera [m].
        scale: Pixels to the metre at that distance.
        heading: Where the object faces: 0 is away from the camera, a quarter turn is right [rad].
    """

    aside: float
    distance: float
    height: float
    scale: float
    heading: float

    def turned(self, points: Floats) -> Floats:
        """Points (n, 3) of the object as seen from the camera: right, up, forward [m]."""
        sin, cos = math.sin(self.heading), math.cos(self.heading)
        side, up, ahead = points[:, 0], points[:, 1], points[:, 2]
        right = self.aside * self.distance + ahead * sin + side * cos
        return np.stack([right, up, self.distance + ahead * cos - side * sin], axis=1)

    def flat(self, seen: Floats) -> Floats:
        """Turned points (n, 3) as (n, 3): right and down from the object's foot [px], pixels to the metre."""
        zoom = self.scale * self.distance / np.maximum(seen[:, 2], 0.25 * self.distance)
        right = zoom * seen[:, 0] - self.scale * self.aside * self.distance
        down = zoom * (self.height - seen[:, 1]) - self.scale * self.height
        return np.stack([right, down, zoom], axis=1)


@dataclass(frozen=True, slots=True)
class Sun:
    """Light on objects.

    Attributes:
        tint: Factor on every colour, per channel (BGR).
        contrast: How much a face turned to the sun is brighter than one turned away, 0 to 1.
        shadow: Darkness of the shadow, 0 to 1.
        throw: Where the shadow of a metre of height falls: to the right, forward [m].
    """

    tint: Colour
    contrast: float
    shadow: float
    throw: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Sprite:
    """A drawn object.

    Attributes:
        body: BGR and alpha, the colours multiplied by it; uint8 (height, width, 4).
        foot: Where the object stands in `body` [px]; may lie outside.
        shade: Its shadow's alpha, uint8 (height, width); nothing to see when 1 px wide.
        shade_foot: Where the object stands in `shade` [px].
    """

    body: Bytes
    foot: Foot
    shade: Bytes
    shade_foot: Foot


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


def _brightness(model: Model, seen: Floats, sun: Sun) -> list[float]:
    """Of each shape, as a face lit by the sky above and by the sun from the side away from the shadows."""
    first = seen[model.starts]
    second = seen[model.following[model.starts]]
    third = seen[model.following[model.following[model.starts]]]
    normal = np.cross(second - first, third - second)
    normal /= np.maximum(1e-9, np.sqrt((normal * normal).sum(axis=1)))[:, None]
    sunny = normal[:, 0] * (1 if sun.throw[0] > 0 else -1)
    facing = np.abs(normal[:, 1]) * 0.75 + np.maximum(0, sunny) * 0.5
    return [float(value) for value in np.round(1.05 + sun.contrast * (facing - 0.75), 2)]


def _order(model: Model, seen: Floats) -> list[int]:
    """The shapes from the first to be drawn to the last."""
    counts = np.diff(np.append(model.starts, len(seen)))
    depth = np.round(np.add.reduceat(seen[:, 2], model.starts) / counts, 4)
    groups: dict[int, list[float]] = {}
    for shape, far in zip(model.shapes, depth, strict=True):
        groups.setdefault(shape.group, []).append(float(far))
    mean = {group: round(sum(depths) / len(depths), 4) for group, depths in groups.items()}
    shapes = model.shapes
    return sorted(range(len(shapes)), key=lambda i: (-mean[shapes[i].group], shapes[i].layer, -depth[i]))


def _body(model: Model, seen: Floats, flat: Floats, sun: Sun) -> tuple[Bytes, Foot]:
    left, top, width, height = _window(flat, model.radii, 1.5)
    fine = 2 if height > 110 else 3
    canvas = np.zeros((height * fine, width * fine, 4), dtype=np.uint8)
    corners = (flat[:, :2] - (left, top)) * fine
    reach = flat[:, 2] * model.radii * fine
    x, y = corners[:, 0], corners[:, 1]
    area = np.add.reduceat(x * y[model.following] - y * x[model.following], model.starts) / (2 * fine * fine)
    factors = _brightness(model, seen, sun)
    discs = [
        (_fixed(corners[:, None] + reach[:, None, None] * (_circle() * size + (-0.6 * lift, -lift))), bright, fall)
        for size, lift, bright, fall in DISCS[: 3 if height > 24 else 2]
    ]
    fixed = _fixed(corners)
    ends = [*model.starts[1:], len(flat)]
    for i in _order(model, seen):
        shape, span = model.shapes[i], slice(int(model.starts[i]), int(ends[i]))
        if shape.line:
            thick = max(1, round(2 * float(reach[span.start])))
            cv2.polylines(canvas, [fixed[span]], True, _tinted(shape.colour, 1.0, sun, shape.glows), thick, cv2.LINE_8, 4)
        elif shape.radii:
            for skins, bright, fall in discs:
                colour = _tinted(shape.colour, bright - fall * sun.contrast, sun, shape.glows)
                cv2.fillConvexPoly(canvas, cv2.convexHull(skins[span].reshape(-1, 2)), colour, cv2.LINE_8, 4)
        elif area[i] > SMALLEST_FACE:
            cv2.fillPoly(canvas, [fixed[span]], _tinted(shape.colour, factors[i], sun, shape.glows), cv2.LINE_8, 4)
    body = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(body, dtype=np.uint8), (-float(left), -float(top))


def _tinted(colour: Colour, factor: float, sun: Sun, glows: bool) -> tuple[float, float, float, float]:
    if glows:
        return (*colour, 255.0)
    b, g, r = (min(255, round(channel * factor * tint)) for channel, tint in zip(colour, sun.tint, strict=True))
    return (b, g, r, 255.0)


def _shade(model: Model, flat: Floats, darkness: float, scale: float) -> tuple[Bytes, Foot]:
    soft = max(1, round(0.05 * scale)) * 2 + 1
    left, top, width, height = _window(flat, model.radii, soft)
    canvas = np.zeros((height, width), dtype=np.uint8)
    # On the ground a ball's shadow is as wide as the ball and much less deep.
    reach = (flat[:, 2] * model.radii)[:, None, None]
    skins = _fixed(flat[:, None, :2] - (left, top) + reach * _circle(0.35))
    for shape, start, end in zip(model.shapes, model.starts, [*model.starts[1:], len(flat)], strict=True):
        if shape.casts and shape.line:
            thick = max(1, round(2 * float(reach[start, 0, 0])))
            cv2.polylines(canvas, [np.ascontiguousarray(skins[start:end, 0])], True, round(255 * darkness), thick, cv2.LINE_8, 4)
        elif shape.casts:
            corners = skins[start:end, 0] if not shape.radii else skins[start:end].reshape(-1, 2)
            cv2.fillConvexPoly(canvas, cv2.convexHull(np.ascontiguousarray(corners)), round(255 * darkness), cv2.LINE_8, 4)
    return np.asarray(cv2.blur(canvas, (soft, soft)), dtype=np.uint8), (-float(left), -float(top))
