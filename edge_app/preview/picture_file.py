"""Writes one picture to a file."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_app.core import files
from edge_app.core.errors import AccessError


def write_picture(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Writes a picture in the format that the file's name asks for; one that is there is replaced, a link too.

    Args:
        path: The file, whose suffix OpenCV knows.
        pixels: BGR, uint8 (height, width, 3).

    Raises:
        AccessError: The file cannot be written.
    """
    coded = cv2.imencode(path.suffix, pixels)[1]
    try:
        files.write(path, coded.tobytes(), mode=files.PRIVATE)
    except OSError as error:
        raise AccessError(f"{path}: {error.strerror}") from error
