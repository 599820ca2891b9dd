"""Where the houses of a street stand, and how they look from the camera."""

from __future__ import annotations

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


@dataclass(frozen=True, slots=True)
class House:
    """A block with upright walls: from x0 to x1 and z0 to z1, so high [m]."""

    x0: float
    x1: float
    z0: float
    z1: float
    height: float
    seed: int


def houses(plan: Plan, seed: int, camera: Camera) -> list[House]:
    """All houses of the plan, the farthest first."""
    dice = Dice(seed, 81)
    left, right = plan.kerbs
    found: list[House] = []

    def row_ahead(wall: float, side: int, z: float, end: float) -> None:
        while z < end:
            deep, height = dice.between(8, 16), dice.between(7, 19)
            x0, x1 = sorted((wall, wall + side * 12))
            found.append(House(x0, x1, z, min(z + deep, end + 4), height, dice.whole(0, 2**31)))
            z += deep + (dice.between(1, 6) if dice.happens(0.2) else 0)

    def row_across(z: float, start: float, end: float) -> None:
        x = start
        while abs(x - start) < abs(end - start):
            wide, height = dice.between(8, 17), dice.between(7, 19)
            x0, x1 = sorted((x, x + wide * (1 if end > start else -1)))
            found.append(House(x0, x1, z, z + 12, height, dice.whole(0, 2**31)))
            x = x1 if end > start else x0

    back = plan.far + KERB_TO_WALL
    reach = 1.6 * back
    if plan.goes_on:
        row_across(back, left - KERB_TO_WALL, -reach)
        row_across(back, right + KERB_TO_WALL, reach)
        row_ahead(left - KERB_TO_WALL, -1, back + 12, plan.end + 40)
        row_ahead(right + KERB_TO_WALL, 1, back + 12, plan.end + 40)
    else:
        row_across(back, -reach, reach)
    for side, wall, garden in ((-1, left - KERB_TO_WALL, plan.gardens[0]), (1, right + KERB_TO_WALL, plan.gardens[1])):
        # Nothing may stand on or before the camera's pole.
        if not garden and side * wall > 1.5:
            row_ahead(wall + side * 0.6, side, camera.nearest * 0.45, plan.near - KERB_TO_WALL - 12)
    return sorted(found, key=lambda house: -(house.z0 + abs(house.x0 + house.x1) / 4))


def build(picture: Picture, lights: Picture, camera: Camera, light: Light, found: list[House]) -> None:
    """Draws the houses into the colours and the lights of the scene, both float32 (rows, width, 3)."""
    for house in found:
        dice = Dice(house.seed)
        style = Style.of(dice)
        inner = house.x1 if house.x1 + house.x0 < 0 else house.x0
        walls = [((inner, house.z1), (inner, house.z0), 0.86), ((house.x0, house.z0), (house.x1, house.z0), 1.0)]
        if inner == house.x0:
            walls[0] = ((inner, house.z0), (inner, house.z1), 0.94)
        for a, b, bright in walls:
            _wall(picture, lights, camera, light, (a, b), (house.height, bright), style, dice)


def _wall(
    picture: Picture,
    lights: Picture,
    camera: Camera,
    light: Light,
    ends: tuple[tuple[float, float], tuple[float, float]],
    measures: tuple[float, float],
    style: Style,
    dice: Dice,
) -> None:
    """One wall from its left to its right end; `measures` are its height [m] and brightness."""
    (ax, az), (bx, bz) = ends
    tall, bright = measures
    corners = np.array([(ax, tall, az), (bx, tall, bz), (bx, 0, bz), (ax, 0, az)], dtype=np.float64)
    seen = camera.turn(corners)
    if seen[:, 2].min() < 1.5:
        return
    flat = camera.project(seen)
    if flat[:, 0].max() < 0 or flat[:, 0].min() > camera.width or flat[1, 0] - flat[0, 0] < 2:
        return
    nearest, wide = float(seen[:, 2].min()), float(np.hypot(bx - ax, bz - az))
    px = min(26.0, max(3.0, round(camera.focal / nearest)))
    front = Front(style, (wide, tall), px, dice, light.lit_windows)
    height, width = front.colours.shape[:2]
    source = np.array([(0, 0), (width, 0), (width, height), (0, height)], dtype=np.float32)
    bend = cv2.getPerspectiveTransform(source, np.round(flat, 2).astype(np.float32))
    haze = np.float32(min(0.75, light.haze * nearest / 100))
    colours = front.colours * np.float32(bright * (1 - haze)) + np.float32(light.low_sky) * haze / np.float32(light.ambient)
    _lay(picture, colours, bend, flat)
    if light.lit_windows:
        _lay(lights, front.lights * np.float32(1 - haze), bend, flat)


def _lay(target: Picture, texture: Picture, bend: NDArray[np.float64], flat: NDArray[np.float64]) -> None:
    """Lays a texture on the quadrangle `flat` (4, 2) of the target."""
    rows, width = target.shape[:2]
    x0, y0 = max(0, int(flat[:, 0].min()) - 1), max(0, int(flat[:, 1].min()) - 1)
    x1, y1 = min(width, int(flat[:, 0].max()) + 2), min(rows, int(flat[:, 1].max()) + 2)
    if x1 <= x0 or y1 <= y0:
        return
    shift = np.array([(1, 0, -x0), (0, 1, -y0), (0, 0, 1)], dtype=np.float64)
    warped = cv2.warpPerspective(texture, shift @ bend, (x1 - x0, y1 - y0), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    mask = np.zeros((y1 - y0, x1 - x0), dtype=np.uint8)
    cv2.fillConvexPoly(mask, np.rint((flat - (x0, y0)) * 16).astype(np.int32), 255, cv2.LINE_AA, 4)
    part = mask.astype(np.float32)[..., None] / np.float32(255)
    area = target[y0:y1, x0:x1]
    area += (np.asarray(warped, dtype=np.float32) - area) * part
