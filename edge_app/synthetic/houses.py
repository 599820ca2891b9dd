"""Where the houses of a street stand, and what they look like to the camera."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from edge_app.synthetic.arrays import ByteImage, FloatImage, Floats
from edge_app.synthetic.camera import PinholeCamera
from edge_app.synthetic.facades import Facade, FacadeStyle
from edge_app.synthetic.palette import Light
from edge_app.synthetic.rng import KeyedRng
from edge_app.synthetic.street_plan import KERB_TO_WALL, StreetPlan


@dataclass(frozen=True, slots=True)
class House:
    """A block with vertical walls from x0 to x1 and z0 to z1, and its height [m].

    A near house stands between the camera and the cross road, and may hide the actors there.
    """

    x0: float
    x1: float
    z0: float
    z1: float
    height: float
    seed: int
    near: bool = False


def place_houses(plan: StreetPlan, seed: int, camera: PinholeCamera) -> list[House]:
    """All houses of the plan, farthest first."""
    rng = KeyedRng(seed, 81)
    left, right = plan.kerbs
    back = plan.far + KERB_TO_WALL
    houses: list[House] = []
    for side, wall, garden in (
        (-1, left - KERB_TO_WALL, plan.gardens[0]),
        (1, right + KERB_TO_WALL, plan.gardens[1]),
    ):
        start = wall if plan.goes_on else plan.middle
        houses += _cross_road_row(rng, back, start, side, 1.6 * back)
        if plan.goes_on:
            houses += _main_road_row(rng, wall, side, (back + 12, plan.end + 40), near=False)
        # Nothing may block the camera's view: the row begins outside the picture.
        if not garden and side * wall > 2.6:
            span = (0.8 * (side * wall + 0.6) * camera.focal / camera.width, plan.near - KERB_TO_WALL - 2)
            houses += _main_road_row(rng, wall + side * 0.6, side, span, near=True)
    return sorted(houses, key=lambda house: -(house.z0 + abs(house.x0 + house.x1) / 4))


def _main_road_row(rng: KeyedRng, wall: float, side: int, span: tuple[float, float], *, near: bool) -> Iterator[House]:
    """Houses along the main road, their facades at x = `wall`."""
    z, end = span
    x0, x1 = sorted((wall, wall + side * 12))
    while z < end:
        depth, height = rng.uniform(8, 16), rng.uniform(7, 19)
        yield House(x0, x1, z, min(z + depth, end), height, rng.randint(0, 2**31), near)
        z += depth


def _cross_road_row(rng: KeyedRng, z: float, start: float, side: int, length: float) -> Iterator[House]:
    """Houses along the cross road, their facades at `z`, from x = `start` to one side."""
    placed = 0.0
    while placed < length:
        width, height = rng.uniform(8, 17), rng.uniform(7, 19)
        x0, x1 = sorted((start + side * placed, start + side * (placed + width)))
        yield House(x0, x1, z, z + 12, height, rng.randint(0, 2**31))
        placed += width


@dataclass(frozen=True, slots=True, eq=False)
class Wall:
    """One wall as the camera sees it.

    Attributes:
        corners: Upper left, upper right, lower right, lower left [px], float64 (4, 2).
        width: [m].
        nearest: Distance of its nearest edge [m].
        brightness: Factor on its colours.
    """

    corners: Floats
    width: float
    nearest: float
    brightness: float


def visible_walls(house: House, camera: PinholeCamera) -> list[Wall]:
    """The walls of a house that face the camera and are in the picture, farthest first."""
    left_of_camera = house.x1 + house.x0 < 0
    side = house.x1 if left_of_camera else house.x0
    ends = [((side, house.z1), (side, house.z0), 0.86), ((house.x0, house.z0), (house.x1, house.z0), 1.0)]
    if left_of_camera:
        ends[0] = ((side, house.z0), (side, house.z1), 0.94)
    walls = []
    height = house.height
    for (ax, az), (bx, bz), brightness in ends:
        quad = [(ax, height, az), (bx, height, bz), (bx, 0, bz), (ax, 0, az)]
        points = camera.to_camera(np.array(quad, dtype=np.float64))
        nearest = float(points[:, 2].min())
        if nearest < 0.7 or (house.near and az == bz and az < camera.nearest):
            continue
        corners = camera.project(points)
        if corners[:, 0].max() > 0 and corners[:, 0].min() < camera.width and corners[1, 0] - corners[0, 0] > 2:
            walls.append(Wall(corners, abs(bx - ax) + abs(bz - az), nearest, brightness))
    return walls


def draw_houses(
    picture: FloatImage, emission: FloatImage, camera: PinholeCamera, light: Light, houses: list[House]
) -> None:
    """Draws the houses into the scene's colours and emission, both float32 (rows, width, 3)."""
    for house in houses:
        rng = KeyedRng(house.seed)
        style = FacadeStyle.random(rng)
        for wall in visible_walls(house, camera):
            px_per_m = min(26.0, max(3.0, round(camera.focal / wall.nearest)))
            facade = Facade(style, (wall.width, house.height), px_per_m, rng, light.lit_windows)
            haze = np.float32(min(0.75, light.haze * wall.nearest / 100))
            air = light.unlit(light.low_sky) * haze
            _warp_onto(picture, facade.colours * (np.float32(wall.brightness) * (1 - haze)) + air, wall.corners)
            if light.lit_windows:
                _warp_onto(emission, facade.emission * (1 - haze), wall.corners)


def wall_mask(houses: list[House], camera: PinholeCamera) -> ByteImage:
    """255 where there are walls, uint8 (rows, width)."""
    mask = np.zeros((camera.rows, camera.width), dtype=np.uint8)
    for house in houses:
        for wall in visible_walls(house, camera):
            cv2.fillConvexPoly(mask, np.rint(wall.corners * 16).astype(np.int32), 255, cv2.LINE_8, 4)
    return mask


def occluders(houses: list[House], camera: PinholeCamera) -> list[tuple[float, ByteImage]]:
    """Distances and masks of near houses: what is beyond [m] is hidden where the mask, uint8 (rows, width), is 255."""
    found = []
    for left in (True, False):
        row = [house for house in houses if house.near and (house.x0 + house.x1 < 0) == left]
        mask = wall_mask(row, camera)
        if mask.any():
            found.append((max(house.z1 for house in row), mask))
    return found


def _warp_onto(target: FloatImage, texture: FloatImage, corners: Floats) -> None:
    """Warps a texture onto the quadrilateral `corners` (4, 2) of the target [px]."""
    rows, width = target.shape[:2]
    x0, y0 = max(0, int(corners[:, 0].min()) - 1), max(0, int(corners[:, 1].min()) - 1)
    x1, y1 = min(width, int(corners[:, 0].max()) + 2), min(rows, int(corners[:, 1].max()) + 2)
    if x1 <= x0 or y1 <= y0:
        return
    height, width = texture.shape[:2]
    source = np.array([(0, 0), (width, 0), (width, height), (0, height)], dtype=np.float32)
    homography = cv2.getPerspectiveTransform(source, np.round(corners - (x0, y0), 2).astype(np.float32))
    size = (x1 - x0, y1 - y0)
    warped = cv2.warpPerspective(texture, homography, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    mask = np.zeros((y1 - y0, x1 - x0), dtype=np.uint8)
    cv2.fillConvexPoly(mask, np.rint((corners - (x0, y0)) * 16).astype(np.int32), 255, cv2.LINE_AA, 4)
    area = target[y0:y1, x0:x1]
    area += (np.asarray(warped, dtype=np.float32) - area) * (mask.astype(np.float32)[..., None] / np.float32(255))
