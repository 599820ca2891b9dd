"""Sky, clouds and the skyline beyond the street."""

from __future__ import annotations

import cv2
import numpy as np

from edge_app.synthetic.arrays import FloatImage
from edge_app.synthetic.camera import PinholeCamera
from edge_app.synthetic.palette import Light
from edge_app.synthetic.rng import KeyedRng


def noise(seed: int, height: int, width: int, octaves: tuple[int, ...]) -> FloatImage:
    """Cloudy noise, -1 to 1 with a mean of about 0, float32 (height, width); `octaves` are numbers of cells across."""
    rng = np.random.RandomState(seed % 2**32)
    total = np.zeros((height, width), dtype=np.float32)
    weight = 0.5
    for cells in octaves:
        rows = max(2, cells * height // width)
        grain = rng.randint(-128, 128, (rows, cells)).astype(np.float32) / np.float32(128)
        total += np.float32(weight) * np.asarray(cv2.resize(grain, (width, height), interpolation=cv2.INTER_CUBIC))
        weight *= 0.6
    return total


def render_sky(camera: PinholeCamera, light: Light, seed: int) -> FloatImage:
    """The sky, down to a little below the horizon, in a picture of the camera's size, float32 (rows, width, 3)."""
    rows = np.arange(camera.rows, dtype=np.float32)
    descent = np.clip(rows / np.float32(max(1.0, camera.horizon)), 0, 1)[:, None, None]
    zenith, low = np.array(light.zenith, dtype=np.float32), np.array(light.low_sky, dtype=np.float32)
    picture = np.repeat(zenith + (low - zenith) * descent * descent, camera.width, axis=1)
    clouds = np.clip(noise(seed + 71, camera.rows, camera.width, (5, 9, 19, 37)) + np.float32(0.05), 0, 1)
    white = np.minimum(255, low * np.float32(1.12))
    picture += (white - picture) * (clouds[..., None] * np.float32(1.1) * (1 - 0.6 * descent))
    _skyline(picture, camera, light, seed)
    return picture


def _skyline(picture: FloatImage, camera: PinholeCamera, light: Light, seed: int) -> None:
    rng = KeyedRng(seed, 72)
    base = round(camera.horizon) + 1
    for depth in (0.35, 0.6):
        colour = tuple(low * (1 - depth * 0.45) * (1 - depth * 0.2) for low in light.low_sky)
        x = -20.0
        while x < camera.width:
            width = rng.uniform(0.02, 0.09) * camera.width
            height = rng.uniform(0.02, 0.12) * camera.rows * (1.3 - depth)
            cv2.rectangle(picture, (round(x), base - round(height)), (round(x + width), base), colour, -1)
            if light.lit_windows:
                for _ in range(6):
                    px, py = round(x + rng.random() * width), base - round(rng.random() * height)
                    if 0 <= py < camera.rows and 0 <= px < camera.width:
                        picture[py, px] += np.array((40, 80, 95), dtype=np.float32) * np.float32(
                            light.lit_windows * depth
                        )
            x += width * rng.uniform(0.7, 1.4)
