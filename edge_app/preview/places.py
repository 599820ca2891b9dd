"""Draws the zones and lines of a camera, so that people see where they are."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_app.analytics.ground import GroundConfig
from edge_app.analytics.lines import LineConfig
from edge_app.analytics.scene import SceneConfig
from edge_app.analytics.zones import ZoneConfig
from edge_app.core.events import SceneEvent

# BGR
ZONE, LINE, IGNORED, INK = (200, 160, 0), (0, 160, 255), (90, 90, 90), (255, 255, 255)
GROUND = (90, 200, 90)
TINT = 0.2  # how much of a zone's colour lies over the picture
FONT = cv2.FONT_HERSHEY_SIMPLEX
Points = NDArray[np.int32]


class PlacesPainter:
    """Draws what one camera's picture shows by its configuration: zones, lines, ignored areas, its ground."""

    def __init__(self, scene: SceneConfig) -> None:
        self._scene = scene
        self._crossed: dict[tuple[str, str], int] = {}  # since midnight, by line and direction

    def count(self, events: Iterable[SceneEvent]) -> None:
        """Remembers what lines have counted; any one thread may call it."""
        for event in events:
            if event.line and event.direction and event.count:
                self._crossed[event.line, event.direction] = event.count

    def draw(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A copy of the BGR picture, uint8 (height, width, 3), with them, and at each line what it has counted."""
        drawn = pixels.copy()
        for corners in self._scene.ignore:
            _area(drawn, corners, IGNORED)
            _write(drawn, "ignored", _pixels(drawn, corners).min(axis=0))
        if self._scene.ground is not None:
            self._ground(drawn, self._scene.ground)
        for name, zone in self._scene.zones.items():
            self._zone(drawn, name, zone)
        for name, line in self._scene.lines.items():
            self._line(drawn, f"{name} {self._counted(name)}".strip(), line)
        return drawn

    def _counted(self, line: str) -> str:
        """`in 3, out 4` once it was crossed."""
        counts = [(way, self._crossed[line, way]) for way in ("in", "out") if (line, way) in self._crossed]
        return ", ".join(f"{way} {count}" for way, count in counts)

    def _ground(self, drawn: NDArray[np.uint8], ground: GroundConfig) -> None:
        """The rectangle, and at its first two sides how long they are."""
        points = _pixels(drawn, ground.points)
        cv2.polylines(drawn, [points], True, GROUND, _thickness(drawn), cv2.LINE_AA)
        for side, length in enumerate(ground.size_m):
            middle: Points = (points[side] + points[side + 1]) // 2
            _write(drawn, f"{length:g} m", middle)

    def _zone(self, drawn: NDArray[np.uint8], text: str, zone: ZoneConfig) -> None:
        _area(drawn, zone.polygon, ZONE)
        _write(drawn, text, _pixels(drawn, zone.polygon).min(axis=0))

    def _line(self, drawn: NDArray[np.uint8], text: str, line: LineConfig) -> None:
        """The line, and across its middle an arrow the way that counts as `in`."""
        begin, end = _pixels(drawn, [line.begin, line.end])
        width = _thickness(drawn)
        cv2.line(drawn, tuple(begin.tolist()), tuple(end.tolist()), LINE, 2 * width, cv2.LINE_AA)
        cv2.circle(drawn, tuple(begin.tolist()), 3 * width, LINE, -1, cv2.LINE_AA)
        along = end - begin
        right = np.array([-along[1], along[0]]) / max(math.hypot(*along), 1) * 0.08 * min(drawn.shape[:2])
        middle = (begin + end) // 2
        tip: Points = np.rint(middle + right).astype(np.int32)
        cv2.arrowedLine(drawn, tuple(middle.tolist()), tuple(tip.tolist()), LINE, width, cv2.LINE_AA, tipLength=0.4)
        _write(drawn, "in", tip)
        _write(drawn, text, end)


def _pixels(picture: NDArray[np.uint8], corners: Sequence[Sequence[float]]) -> Points:
    """Where the corners, shares of the picture, are in it, shape (n, 2)."""
    height, width = picture.shape[:2]
    points: Points = np.rint(np.array(corners) * (width - 1, height - 1)).astype(np.int32)
    return points


def _area(drawn: NDArray[np.uint8], corners: Sequence[Sequence[float]], colour: tuple[int, int, int]) -> None:
    """An outline, with the colour laid over what is in it."""
    points = _pixels(drawn, corners)
    tinted = drawn.copy()
    cv2.fillPoly(tinted, [points], colour)
    cv2.addWeighted(tinted, TINT, drawn, 1 - TINT, 0, dst=drawn)
    cv2.polylines(drawn, [points], True, colour, _thickness(drawn), cv2.LINE_AA)


def _write(drawn: NDArray[np.uint8], text: str, at: Points) -> None:
    """The text with its lower left corner there, moved into the picture where it would leave it."""
    scale, width = max(0.4, min(drawn.shape[:2]) / 1000), _thickness(drawn)
    (across, up), _ = cv2.getTextSize(text, FONT, scale, width)
    x = min(max(int(at[0]), 0), max(drawn.shape[1] - across, 0))
    y = min(max(int(at[1]), up), drawn.shape[0] - 2)
    cv2.putText(drawn, text, (x, y), FONT, scale, (0, 0, 0), 3 * width, cv2.LINE_AA)
    cv2.putText(drawn, text, (x, y), FONT, scale, INK, width, cv2.LINE_AA)


def _thickness(picture: NDArray[np.uint8]) -> int:
    return max(1, int(min(picture.shape[:2])) // 500)
