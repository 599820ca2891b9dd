"""The picture of the empty street, lit and wet, drawn once."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_app.synthetic.camera import Camera
from edge_app.synthetic.ground import Ground
from edge_app.synthetic.houses import House, build, covered
from edge_app.synthetic.layout import Ground as OnGround
from edge_app.synthetic.layout import Plan
from edge_app.synthetic.palette import WARM, Light
from edge_app.synthetic.sky import noise, sky

Picture = NDArray[np.float32]

LAMP_REACH = 6.5  # m, where a lamp's light on the ground has lost three quarters


def backdrop(
    camera: Camera,
    plan: Plan,
    light: Light,
    lamps: list[OnGround],
    found: list[House],
    seed: int,
    *,
    rain: bool,
) -> NDArray[np.uint8]:
    """The street without its objects, BGR, uint8 (rows, width, 3) with the camera's margins."""
    # The sky shines by itself: divided by the light that everything is multiplied with later.
    picture = sky(camera, light, seed)
    picture /= np.array(light.ambient, dtype=np.float32)
    lights = np.zeros_like(picture)
    Ground(picture, camera, plan, seed)
    _ground_haze(picture, camera, light)
    _house_shadows(picture, camera, light, found)
    build(picture, lights, camera, light, found)
    picture *= _illumination(camera, light, lamps)
    picture += lights
    if rain:
        _wet(picture, camera, covered(found, camera), seed)
    return np.asarray(np.clip(np.rint(picture), 0, 255), dtype=np.uint8)


def lamplight(lamps: list[OnGround], x: float, z: float) -> float:
    """What lamps over those places give at another, x and z [m]; 0 to about 1."""
    return sum(1 / (1 + ((lamp_x - x) ** 2 + (lamp_z - z) ** 2) / LAMP_REACH**2) ** 2 for lamp_x, lamp_z in lamps)


def _forward(camera: Camera) -> tuple[int, Picture]:
    """The first row of ground, and the distance of each row of ground [m]."""
    top = max(0, int(camera.horizon) + 1)
    rows = np.arange(top, camera.rows) + 0.7 - camera.horizon
    return top, np.asarray(camera.focal * camera.height / rows, dtype=np.float32)


def _ground_haze(picture: Picture, camera: Camera, light: Light) -> None:
    top, forward = _forward(camera)
    part = np.minimum(np.float32(0.85), np.float32(light.haze) * forward / 110)[:, None, None]
    picture[top:] += (light.unlit(light.low_sky) - picture[top:]) * part


def _house_shadows(picture: Picture, camera: Camera, light: Light, found: list[House]) -> None:
    """Shade at the foot of the walls, longer where the sun stands behind them."""
    mask = np.zeros(picture.shape[:2], dtype=np.float32)
    for house in found:
        for wide, dark in (
            (0.4, 0.3),
            (1.0, 0.15),
            (min(4.5, 0.45 * house.height * light.shadow_reach), light.shadow * 0.75),
        ):
            x1 = house.x1 + wide
            corners = [
                (house.x0 - 0.3, 0, house.z0 - 0.5 * wide),
                (x1, 0, house.z0 - 0.5 * wide),
                (x1, 0, house.z1),
                (house.x0, 0, house.z1),
            ]
            outline = camera.outline(np.array(corners, dtype=np.float64))
            if outline is not None:
                layer = np.zeros_like(mask)
                cv2.fillPoly(layer, [outline], dark, cv2.LINE_AA, 4)
                np.maximum(mask, layer, out=mask)
    soft = max(1, camera.width // 200) * 2 + 1
    picture *= 1 - np.asarray(cv2.blur(mask, (soft, soft)))[..., None]


def _illumination(camera: Camera, light: Light, lamps: list[OnGround]) -> Picture:
    """Factor on every colour, float32 (rows, width, 3) or broadcast to it: the sky's light and the lamps'."""
    total: Picture = np.full((1, 1, 3), light.ambient, dtype=np.float32)
    if not light.lamp:
        return total
    u, v = (
        np.arange(camera.width, dtype=np.float32)[None, :],
        np.arange(camera.rows, dtype=np.float32)[:, None],
    )
    glow = np.zeros((camera.rows, camera.width), dtype=np.float32)
    for lamp_x, lamp_z in lamps:
        seen = camera.turn(np.array([(lamp_x, 0.0, lamp_z)], dtype=np.float64))
        if seen[0, 2] < 2:
            continue
        (x, y), scale = np.round(camera.project(seen)[0], 2).tolist(), camera.focal / float(seen[0, 2])
        reach = LAMP_REACH * scale
        below, above = reach * camera.height / float(seen[0, 2]), 3.2 * scale
        down = (v - np.float32(y)) / np.where(v > y, np.float32(below), np.float32(above))
        across = (u - np.float32(x)) / np.float32(reach)
        glow += 1 / (1 + down * down + across * across) ** 2
    warm = np.array(WARM, dtype=np.float32) * np.float32(0.75 * light.lamp)
    return np.asarray(np.add(total, warm * np.minimum(glow, np.float32(1.3))[..., None]), dtype=np.float32)


def _wet(picture: Picture, camera: Camera, walls: NDArray[np.uint8], seed: int) -> None:
    """Darkens the ground and mirrors what stands on it, blurred downwards, most in the puddles."""
    top, _ = _forward(camera)
    rows = camera.rows - top
    above = picture[: max(2, top)][::-1]
    mirror = cv2.resize(above, (camera.width, rows), interpolation=cv2.INTER_LINEAR)
    mirror = np.asarray(cv2.blur(mirror, (3, max(3, rows // 8))), dtype=np.float32)
    puddles = np.clip(noise(seed + 64, rows, camera.width, (7, 15, 40)) + np.float32(0.1), 0, 1)[..., None]
    part = np.clip(np.float32(0.16) + np.float32(0.55) * puddles, 0, np.float32(0.6)) * np.float32(0.7)
    wet = picture[top:] * (np.float32(0.72) - np.float32(0.25) * puddles) + mirror * part
    np.copyto(picture[top:], wet, where=(walls[top:] == 0)[..., None])


def sun_throw(light: Light, seed: int) -> tuple[float, float]:
    """Where the shadow of a metre of height falls: to the right, forward [m]; always from the left."""
    return light.shadow_reach * (0.75 + 0.3 * ((seed * 618) % 1000) / 1000), -0.3 * light.shadow_reach
