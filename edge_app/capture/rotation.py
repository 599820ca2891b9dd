"""A frame's picture, turned as the camera hangs: `rotate` of its configuration."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from edge_app.core.colour import to_bgr
from edge_app.core.errors import Reason, StreamError, forget, on_one_line
from edge_app.core.frames import Picture

ROTATIONS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


def converted(convert: Callable[[], Picture], degrees: int) -> Picture:
    """The picture, turned clockwise by 0, 90, 180 or 270 degrees; raises StreamError, also where memory is short."""
    try:
        picture = convert()
        if not degrees:
            return picture
        return Picture.from_bgr(np.asarray(cv2.rotate(to_bgr(picture), ROTATIONS[degrees]), np.uint8))
    except (MemoryError, cv2.error) as error:
        failure = StreamError(Reason.FAILED, f"a picture cannot be converted ({on_one_line(error)})")
        forget(error)
    raise failure
