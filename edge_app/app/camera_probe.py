"""Looks at a camera that is not in the configuration yet."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import cv2

from edge_app.app.camera_edit import NewCamera
from edge_app.capture import open_source, probe_source
from edge_app.core.colour import to_bgr
from edge_app.core.frames import Picture

PROBE_S = 10.0
WIDEST_PX, QUALITY = 640, 80


def look_at(said: Mapping[str, Any]) -> dict[str, Any]:
    """What the camera sends, and its first picture as a `data:` URL; `said` is what `NewCamera` is made of.

    Raises:
        ConfigError: Of what was said something is wrong.
        StreamError: It sends nothing.
    """
    pictures: list[str] = []
    found = probe_source(
        open_source(NewCamera.of(said).section), PROBE_S, lambda picture: pictures.append(_url(picture))
    )
    return {
        "width": found.width,
        "height": found.height,
        "fps": found.fps,
        "codec": found.codec,
        "first_picture_s": round(found.first_picture_s, 2),
        "picture": pictures[0],
    }


def _url(picture: Picture) -> str:
    pixels = to_bgr(picture)
    height, width = pixels.shape[:2]
    size = min(width, WIDEST_PX), max(1, height * min(width, WIDEST_PX) // width)
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    coded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
    return f"data:image/jpeg;base64,{b64encode(coded).decode()}"
