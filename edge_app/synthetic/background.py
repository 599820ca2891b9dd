"""The picture of the empty street, under its light and rain, drawn once."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_app.synthetic.arrays import FloatImage
from edge_app.synthetic.camera import PinholeCamera
from edge_app.synthetic.ground import Ground
from edge_app.synthetic.houses import House, draw_houses, wall_mask
from edge_app.synthetic.palette import WARM, Light
from edge_app.synthetic.sky import noise, render_sky
from edge_app.synthetic.street_plan import GroundPoint, StreetPlan

LAMP_REACH = 6.5  # m, the distance at which a lamp's light on the ground has fallen to a quarter


def render_background(
    camera: PinholeCamera,
    plan: StreetPlan,
    light: Light,
    lamps: list[GroundPoint],
    houses: list[House],
    seed: int,
    *,
    rain: bool,
) -> NDArray[np.uint8]:
    """The street without its actors, BGR, uint8 (rows, width, 3) with the camera's margins."""
    # The sky is a light source. Dividing it by the ambient light undoes the multiplication below.
    picture = render_sky(camera, light, seed)
    picture /= np.array(light.ambient, dtype=np.float32)
    emission = np.zeros_like(picture)
    Ground(picture, camera, plan, seed)
    _ground_haze(picture, camera, light)
    _house_shadows(picture, camera, light, houses)
    draw_houses(picture, emission, camera, light, houses)
    picture *= _illumination(camera, light, lamps)
    picture += emission
    if rain:
        _wet(picture, camera, wall_mask(houses, camera), seed)
    return np.asarray(np.clip(np.rint(picture), 0, 255), dtype=np.uint8)


def lamplight_at(lamps: list[GroundPoint], x: float, z: float) -> float:
    """How much light lamps over these points give at (x, z) [m]; 0 to about 1."""
    return sum(1 / (1 + ((lamp_x - x) ** 2 + (lamp_z - z) ** 2) / LAMP_REACH**2) ** 2 for lamp_x, lamp_z in lamps)


def _ground_rows(camera: PinholeCamera) -> tuple[int, FloatImage]:
    """The first row that shows ground, and the distance of each such row [m]."""
    top = max(0, int(camera.horizon) + 1)
    rows = np.arange(top, camera.rows) + 0.7 - camera.horizon
    return top, np.asarray(camera.focal * camera.height / rows, dtype=np.float32)


def _ground_haze(picture: FloatImage, camera: PinholeCamera, light: Light) -> None:
    top, forward = _ground_rows(camera)
    blend = np.minimum(np.float32(0.85), np.float32(light.haze) * forward / 110)[:, None, None]
    picture[top:] += (light.unlit(light.low_sky) - picture[top:]) * blend


def _house_shadows(picture: FloatImage, camera: PinholeCamera, light: Light, houses: list[House]) -> None:
    """Darkens the ground at the foot of the walls, farther out the longer the shadows are."""
    mask = np.zeros(picture.shape[:2], dtype=np.float32)
    for house in houses:
        for width, darkness in (
            (0.4, 0.3),
            (1.0, 0.15),
            (min(4.5, 0.45 * house.height * light.shadow_length), light.shadow_darkness * 0.75),
        ):
            x1 = house.x1 + width
            corners = [
                (house.x0 - 0.3, 0, house.z0 - 0.5 * width),
                (x1, 0, house.z0 - 0.5 * width),
                (x1, 0, house.z1),
                (house.x0, 0, house.z1),
            ]
            outline = camera.project_polygon(np.array(corners, dtype=np.float64))
            if outline is not None:
                layer = np.zeros_like(mask)
                cv2.fillPoly(layer, [outline], darkness, cv2.LINE_AA, 4)
                np.maximum(mask, layer, out=mask)
    kernel = max(1, camera.width // 200) * 2 + 1
    picture *= 1 - np.asarray(cv2.blur(mask, (kernel, kernel)))[..., None]


def _illumination(camera: PinholeCamera, light: Light, lamps: list[GroundPoint]) -> FloatImage:
    """Factor on every colour, from sky and lamps: float32 (rows, width, 3), or (1, 1, 3) without lamps."""
    total: FloatImage = np.full((1, 1, 3), light.ambient, dtype=np.float32)
    if not light.lamp:
        return total
    u, v = (
        np.arange(camera.width, dtype=np.float32)[None, :],
        np.arange(camera.rows, dtype=np.float32)[:, None],
    )
    glow = np.zeros((camera.rows, camera.width), dtype=np.float32)
    for lamp_x, lamp_z in lamps:
        points = camera.to_camera(np.array([(lamp_x, 0.0, lamp_z)], dtype=np.float64))
        if points[0, 2] < 2:
            continue
        (x, y), scale = np.round(camera.project(points)[0], 2).tolist(), camera.focal / float(points[0, 2])
        reach = LAMP_REACH * scale
        below, above = reach * camera.height / float(points[0, 2]), 3.2 * scale
        down = (v - np.float32(y)) / np.where(v > y, np.float32(below), np.float32(above))
        across = (u - np.float32(x)) / np.float32(reach)
        glow += 1 / (1 + down * down + across * across) ** 2
    warm = np.array(WARM, dtype=np.float32) * np.float32(0.75 * light.lamp)
    return np.asarray(np.add(total, warm * np.minimum(glow, np.float32(1.3))[..., None]), dtype=np.float32)


def _wet(picture: FloatImage, camera: PinholeCamera, walls: NDArray[np.uint8], seed: int) -> None:
    """Darkens the ground and adds a blurred reflection of what stands above it, strongest in puddles."""
    top, _ = _ground_rows(camera)
    rows = camera.rows - top
    above = picture[: max(2, top)][::-1]
    mirror = cv2.resize(above, (camera.width, rows), interpolation=cv2.INTER_LINEAR)
    mirror = np.asarray(cv2.blur(mirror, (3, max(3, rows // 8))), dtype=np.float32)
    puddles = np.clip(noise(seed + 64, rows, camera.width, (7, 15, 40)) + np.float32(0.1), 0, 1)[..., None]
    blend = np.clip(np.float32(0.16) + np.float32(0.55) * puddles, 0, np.float32(0.6)) * np.float32(0.7)
    wet = picture[top:] * (np.float32(0.72) - np.float32(0.25) * puddles) + mirror * blend
    np.copyto(picture[top:], wet, where=(walls[top:] == 0)[..., None])


def shadow_offset(light: Light, seed: int) -> tuple[float, float]:
    """Offset of the shadow of a point one metre up: to the right, forward [m]; the sun is always on the left."""
    return light.shadow_length * (0.75 + 0.3 * ((seed * 618) % 1000) / 1000), -0.3 * light.shadow_length
