"""The ground: lawns, pavements, roads and their markings."""

from __future__ import annotations

import cv2
import numpy as np

from edge_app.synthetic.arrays import FloatImage
from edge_app.synthetic.camera import PinholeCamera
from edge_app.synthetic.palette import Colour, shaded, varied
from edge_app.synthetic.rng import KeyedRng
from edge_app.synthetic.sky import noise
from edge_app.synthetic.street_plan import CYCLE_STRIP, KERB_TO_WALL, StreetPlan

GRASS: Colour = (72, 128, 108)
PAVING: Colour = (150, 158, 164)
ASPHALT: Colour = (98, 96, 95)
KERB: Colour = (182, 186, 190)
WHITE: Colour = (222, 226, 226)
CYCLE_RED: Colour = (88, 92, 132)
HORIZON = 2500.0  # m, where the ground meets the horizon
CROSS_ROAD_REACH = 95.0  # m, length of the cross road to each side


class Ground:
    """Paints the ground of a plan into a picture, in its daylight colours, float32 (rows, width, 3)."""

    def __init__(self, picture: FloatImage, camera: PinholeCamera, plan: StreetPlan, seed: int) -> None:
        self._picture, self._camera, self._plan = picture, camera, plan
        self._rng = KeyedRng(seed, 61)
        self._asphalt = shaded(varied(ASPHALT, self._rng, 0.05), self._rng.uniform(0.85, 1.2))
        self._paving = varied(PAVING, self._rng, 0.08)
        self._picture[max(0, int(camera.horizon) + 1) :] = varied(GRASS, self._rng, 0.12)
        self._pavements()
        self._roads()
        self._markings()
        self._texture(seed)

    def _fill(self, x: tuple[float, float], z: tuple[float, float], colour: Colour) -> None:
        corners = [(x[0], 0, z[0]), (x[1], 0, z[0]), (x[1], 0, z[1]), (x[0], 0, z[1])]
        outline = self._camera.project_polygon(np.array(corners, dtype=np.float64))
        if outline is not None:
            cv2.fillPoly(self._picture, [outline], colour, cv2.LINE_AA, 4)

    def _pavements(self) -> None:
        plan, width = self._plan, KERB_TO_WALL
        left, right = plan.kerbs
        beyond = HORIZON if plan.goes_on else plan.far
        for x in ((left - width, left), (right, right + width)):
            self._fill(x, (0, plan.near), self._paving)
            self._fill(x, (plan.far, beyond), self._paving)
        for z in ((plan.near - width, plan.near), (plan.far, plan.far + width)):
            self._fill((-CROSS_ROAD_REACH, CROSS_ROAD_REACH), z, self._paving)
        self._paving_joints(shaded(self._paving, 0.86))

    def _paving_joints(self, seam: Colour) -> None:
        plan, width = self._plan, KERB_TO_WALL
        left, right = plan.kerbs
        for edge in (left - width, right):
            for k in range(1, int(plan.near / 1.2)):
                self._fill((edge, edge + width), (k * 1.2, k * 1.2 + 0.04), seam)
            for k in (1, 2):
                self._fill((edge + k * width / 3 - 0.02, edge + k * width / 3 + 0.02), (0, plan.near), seam)
        for k in range(-24, 25):
            self._fill((k * 1.2, k * 1.2 + 0.04), (plan.near - width, plan.near), seam)

    def _roads(self) -> None:
        plan, stone = self._plan, 0.22
        left, right = plan.kerbs
        end = HORIZON if plan.goes_on else plan.far - 0.5
        self._fill((left - stone, right + stone), (0, end), KERB)
        self._fill((-CROSS_ROAD_REACH, CROSS_ROAD_REACH), (plan.near - stone, plan.far + stone), KERB)
        gutter = shaded(self._asphalt, 0.72)
        self._fill((left, right), (0, end), gutter)
        self._fill((-CROSS_ROAD_REACH, CROSS_ROAD_REACH), (plan.near, plan.far), gutter)
        self._fill((left + 0.14, right - 0.14), (0, end), self._asphalt)
        self._fill((-CROSS_ROAD_REACH, CROSS_ROAD_REACH), (plan.near + 0.14, plan.far - 0.14), self._asphalt)
        for _ in range(5):
            x, z = self._rng.uniform(left, right - 2), self._rng.uniform(6, 60)
            tone = shaded(self._asphalt, self._rng.uniform(0.82, 1.1))
            self._fill((x, x + self._rng.uniform(0.8, 2)), (z, z + self._rng.uniform(1, 4)), tone)
        for offset in (-2.4, -0.9, 0.9, 2.4):
            self._fill(
                (plan.middle + offset - 0.2, plan.middle + offset + 0.2),
                (0, plan.near - 4),
                shaded(self._asphalt, 0.95),
            )

    def _markings(self) -> None:
        plan = self._plan
        left, right = plan.kerbs
        self._lane_markings()
        stripes = int((right - left) / 1.0)
        for k in range(stripes):
            x = left + (k + 0.28) * (right - left) / stripes
            self._fill((x, x + 0.5), (plan.near - KERB_TO_WALL + 0.2, plan.near - 0.3), WHITE)
        stop = plan.near - KERB_TO_WALL - 1.0
        halves = (plan.middle, right - 0.2) if plan.drive_right else (left + 0.2, plan.middle)
        self._fill(halves, (stop, stop + 0.35), WHITE)
        for _ in range(3):
            self._manhole(self._rng.uniform(left + 1, right - 1), self._rng.uniform(7, plan.near - 5))

    def _lane_markings(self) -> None:
        plan = self._plan
        left, right = plan.kerbs
        middle = (plan.near + plan.far) / 2
        if self._rng.chance(0.4):
            for x in (left + 0.15, right - CYCLE_STRIP + 0.1):
                self._fill((x, x + CYCLE_STRIP - 0.25), (0, plan.near - KERB_TO_WALL - 1), CYCLE_RED)
        for k in range(40 if plan.goes_on else int(plan.near / 3)):
            z = 0.5 + 3.0 * k
            if not plan.near - KERB_TO_WALL - 2.5 < z < plan.far + 1:
                self._fill((plan.middle - 0.07, plan.middle + 0.07), (z, z + 1.6), WHITE)
        for k in range(-20, 20):
            if not left - 2 < 3.0 * k < right:
                self._fill((3.0 * k, 3.0 * k + 1.6), (middle - 0.06, middle + 0.06), WHITE)

    def _manhole(self, x: float, z: float) -> None:
        turns = np.arange(16) * (np.pi / 8)
        for size, tone in ((0.42, 0.6), (0.35, 0.8)):
            ring = np.stack([x + size * np.cos(turns), 0 * turns, z + size * np.sin(turns)], axis=1)
            outline = self._camera.project_polygon(ring)
            if outline is not None:
                cv2.fillPoly(self._picture, [outline], shaded(self._asphalt, tone), cv2.LINE_AA, 4)

    def _texture(self, seed: int) -> None:
        """Adds blotches in perspective, and grain that is stronger near the camera."""
        camera = self._camera
        top = max(0, int(camera.horizon) + 1)
        rows, width = camera.rows - top, camera.width
        tile = noise(seed + 62, 256, 256, (8, 32, 96))
        forward = camera.focal * camera.height / (np.arange(top, camera.rows) + 0.7 - camera.horizon)
        right = (np.arange(width) - camera.centre_x)[None, :] * forward[:, None] / camera.focal
        x = (right + camera.yaw * forward[:, None]) * 12.0
        z = np.broadcast_to(forward[:, None] * 12.0, x.shape)
        maps = (np.round(x % 256, 2).astype(np.float32), np.round(z % 256, 2).astype(np.float32))
        blotches = np.asarray(cv2.remap(tile, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP), dtype=np.float32)
        near = np.clip(1.3 - forward / 60, 0.15, 1).astype(np.float32)[:, None]
        grain = np.random.RandomState((seed + 63) % 2**32).randint(-100, 101, (rows, width)).astype(np.float32)
        factor = 1 + near * (np.float32(0.16) * blotches + np.float32(0.00045) * grain)
        self._picture[top:] *= factor[..., None]
