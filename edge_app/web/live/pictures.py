"""Frames as JPEG, for whoever looks at them."""

from __future__ import annotations

import cv2
import numpy as np

from edge_app.core.colour import to_bgr
from edge_app.core.frames import Frame, FrameMeta
from edge_app.core.rate_limiter import RateLimiter
from edge_app.evidence.privacy import Pixels
from edge_app.web.program_view import ShownCamera

MOST_PER_S = 10.0
MOST_WIDTH = 1280  # [px] of a live picture
QUALITY = 75


class Pace:
    """Lets so many frames of a camera pass as people look at; for the analysis thread."""

    def __init__(self) -> None:
        self._limiter = RateLimiter(MOST_PER_S)
        self._index, self._passes = -1, False

    def passes(self, meta: FrameMeta) -> bool:
        """Whether that frame does; it may be asked twice."""
        if meta.index != self._index:
            self._index, self._passes = meta.index, self._limiter.keeps(meta.timeline_s)
        return self._passes


def live_jpeg(camera: ShownCamera, frame: Frame) -> bytes:
    """The picture as it may be shown, no wider than needed; takes milliseconds, away from the loop."""
    pixels = narrowed(camera.hide(to_bgr(frame.picture)), MOST_WIDTH)
    return bytes(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1])


def narrowed(pixels: Pixels, most: int) -> Pixels:
    """The picture, BGR, uint8 (height, width, 3), so many columns wide at most [px]."""
    height, width = pixels.shape[:2]
    if width <= most:
        return pixels
    size_wh = most, max(1, round(height * most / width))
    return np.asarray(cv2.resize(pixels, size_wh, interpolation=cv2.INTER_AREA), np.uint8)
