"""Where the houses of a street stand, and how they look from the camera."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_app.synthetic.camera import Camera
from edge_app.synthetic.dice import Dice
from edge_app.synthetic.facades import Front, Style
from edge_app.synthetic.layout import KERB_TO_WALL, Plan
from edge_app.synthetic.palette import Light

Picture = NDArray[np.float32]
Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class House:
    """A block with upright walls: from x0 to x1 and z0 to z1, so high [m].

    A near one stands between the camera and the road across, and may hide who travels there.
    """

    x0: float
    x1: float
    z0: float
    z1: float
    height: float
    seed: int
    near: bool = False


def houses(plan: Plan, seed: int, camera: Camera) -> list[House]:
    """All houses of the plan, the farthest first."""
    dice = Dice(seed, 81)
    left, right = plan.kerbs
    back = plan.far + KERB_TO_WALL
    found: list[House] = []
    for side, wall, garden in (
        (-1, left - KERB_TO_WALL, plan.gardens[0]),
        (1, right + KERB_TO_WALL, plan.gardens[1]),
    ):
        across = wall if plan.goes_on else plan.middle
        found += _row_across(dice, back, across, side, 1.6 * back)
        if plan.goes_on:
            found += _row_ahead(dice, wall, side, (back + 12, plan.end + 40), near=False)
        # Nothing may stand in the way of the camera; the row begins where it is out of the picture.
        if not garden and side * wall > 2.6:
            span = (0.8 * (side * wall + 0.6) * camera.focal / camera.width, plan.near - KERB_TO_WALL - 2)
            found += _row_ahead(dice, wall + side * 0.6, side, span, near=True)
    return sorted(found, key=lambda house: -(house.z0 + abs(house.x0 + house.x1) / 4))


def _row_ahead(dice: Dice, wall: float, side: int, span: tuple[float, float], *, near: bool) -> Iterator[House]:
    """Houses along the road ahead, their fronts at x = `wall`."""
    z, end = span
    x0, x1 = sorted((wall, wall + side * 12))
    while z < end:
        deep, height = dice.between(8, 16), dice.between(7, 19)
        yield House(x0, x1, z, min(z + deep, end), height, dice.whole(0, 2**31), near)
        z += deep


def _row_across(dice: Dice, z: float, start: float, side: int, reach: float) -> Iterator[House]:
    """Houses along the road across, their fronts at `z`, from x = `start` to one side."""
    gone = 0.0
    while gone < reach:
        wide, height = dice.between(8, 17), dice.between(7, 19)
        x0, x1 = sorted((start + side * gone, start + side * (gone + wide)))
        yield House(x0, x1, z, z + 12, height, dice.whole(0, 2**31))
        gone += wide


@dataclass(frozen=True, slots=True, eq=False)
class Wall:
    """One wall as the camera sees it.

    Attributes:
        corners: Upper left, upper right, lower right, lower left [px], float64 (4, 2).
        width: [m].
        nearest: Distance of its nearest edge [m].
        bright: Factor on its colours.
    """

    corners: Floats
    width: float
    nearest: float
    bright: float


def walls(house: House, camera: Camera) -> list[Wall]:
    """The walls of a house that are seen, the farther first."""
    left_of_camera = house.x1 + house.x0 < 0
    side = house.x1 if left_of_camera else house.x0
    ends = [((side, house.z1), (side, house.z0), 0.86), ((house.x0, house.z0), (house.x1, house.z0), 1.0)]
    if left_of_camera:
        ends[0] = ((side, house.z0), (side, house.z1), 0.94)
    found = []
    for (ax, az), (bx, bz), bright in ends:
        tall = house.height
        seen = camera.turn(np.array([(ax, tall, az), (bx, tall, bz), (bx, 0, bz), (ax, 0, az)], dtype=np.float64))
        nearest = float(seen[:, 2].min())
        if nearest < 0.7 or (house.near and az == bz and az < camera.nearest):
            continue
        flat = camera.project(seen)
        if flat[:, 0].max() > 0 and flat[:, 0].min() < camera.width and flat[1, 0] - flat[0, 0] > 2:
            found.append(Wall(flat, abs(bx - ax) + abs(bz - az), nearest, bright))
    return found


def build(picture: Picture, lights: Picture, camera: Camera, light: Light, found: list[House]) -> None:
    """Draws the houses into the colours and the lights of the scene, both float32 (rows, width, 3)."""
    for house in found:
        dice = Dice(house.seed)
        style = Style.of(dice)
        for wall in walls(house, camera):
            px = min(26.0, max(3.0, round(camera.focal / wall.nearest)))
            front = Front(style, (wall.width, house.height), px, dice, light.lit_windows)
            haze = np.float32(min(0.75, light.haze * wall.nearest / 100))
            air = light.unlit(light.low_sky) * haze
            _lay(picture, front.colours * (np.float32(wall.bright) * (1 - haze)) + air, wall.corners)
            if light.lit_windows:
                _lay(lights, front.lights * (1 - haze), wall.corners)


def covered(found: list[House], camera: Camera) -> Bytes:
    """255 where there are walls, uint8 (rows, width)."""
    mask = np.zeros((camera.rows, camera.width), dtype=np.uint8)
    for house in found:
        for wall in walls(house, camera):
            cv2.fillConvexPoly(mask, np.rint(wall.corners * 16).astype(np.int32), 255, cv2.LINE_8, 4)
    return mask


def screens(found: list[House], camera: Camera) -> list[tuple[float, Bytes]]:
    """What near houses hide: all beyond a distance [m], where a mask is 255, uint8 (rows, width)."""
    hiding = []
    for left in (True, False):
        row = [house for house in found if house.near and (house.x0 + house.x1 < 0) == left]
        mask = covered(row, camera)
        if mask.any():
            hiding.append((max(house.z1 for house in row), mask))
    return hiding


def _lay(target: Picture, texture: Picture, flat: Floats) -> None:
    """Lays a texture on the quadrangle `flat` (4, 2) of the target [px]."""
    rows, width = target.shape[:2]
    x0, y0 = max(0, int(flat[:, 0].min()) - 1), max(0, int(flat[:, 1].min()) - 1)
    x1, y1 = min(width, int(flat[:, 0].max()) + 2), min(rows, int(flat[:, 1].max()) + 2)
    if x1 <= x0 or y1 <= y0:
        return
    high, wide = texture.shape[:2]
    source = np.array([(0, 0), (wide, 0), (wide, high), (0, high)], dtype=np.float32)
    bend = cv2.getPerspectiveTransform(source, np.round(flat - (x0, y0), 2).astype(np.float32))
    size = (x1 - x0, y1 - y0)
    warped = cv2.warpPerspective(texture, bend, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    mask = np.zeros((y1 - y0, x1 - x0), dtype=np.uint8)
    cv2.fillConvexPoly(mask, np.rint((flat - (x0, y0)) * 16).astype(np.int32), 255, cv2.LINE_AA, 4)
    area = target[y0:y1, x0:x1]
    area += (np.asarray(warped, dtype=np.float32) - area) * (mask.astype(np.float32)[..., None] / np.float32(255))
