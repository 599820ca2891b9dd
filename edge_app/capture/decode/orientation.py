"""Turns pictures upright that were stored turned or mirrored, as a phone's video and a camera's JPEG may be.

Orientations have Exif's numbers: 1 is upright, 2 to 8 what `TURNS` undoes.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from av.sidedata.sidedata import SideDataContainer
from av.video.frame import VideoFrame
from numpy.typing import NDArray

UPRIGHT = 1
TURNS: dict[int, Callable[[Any], Any]] = {
    2: lambda pixels: cv2.flip(pixels, 1),
    3: lambda pixels: cv2.rotate(pixels, cv2.ROTATE_180),
    4: lambda pixels: cv2.flip(pixels, 0),
    5: cv2.transpose,
    6: lambda pixels: cv2.rotate(pixels, cv2.ROTATE_90_CLOCKWISE),
    7: lambda pixels: cv2.flip(cv2.transpose(pixels), -1),
    8: lambda pixels: cv2.rotate(pixels, cv2.ROTATE_90_COUNTERCLOCKWISE),
}
# By the signs of a, b, c and d of a display matrix, which puts the pixel (x, y) at (ax + cy, bx + dy).
BY_MATRIX = {
    (1, 0, 0, 1): 1,
    (-1, 0, 0, 1): 2,
    (-1, 0, 0, -1): 3,
    (1, 0, 0, -1): 4,
    (0, 1, 1, 0): 5,
    (0, 1, -1, 0): 6,
    (0, -1, -1, 0): 7,
    (0, -1, 1, 0): 8,
}
BY_QUARTERS = {0: 1, 1: 8, 2: 3, 3: 6}  # counterclockwise


def upright(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """The picture turned upright, uint8 (height, width, 3), C-contiguous."""
    turn = TURNS.get(orientation)
    return pixels if turn is None else np.asarray(turn(pixels), np.uint8)


def of_matrix(matrix: bytes) -> int:
    """The orientation that a display matrix (nine int32 in libav's layout) comes closest to."""
    a, b, _, c, d = struct.unpack_from("5i", matrix)
    straight = abs(a) + abs(d) >= abs(b) + abs(c)
    kept = (a, 0, 0, d) if straight else (0, b, c, 0)
    return BY_MATRIX.get(tuple((value > 0) - (value < 0) for value in kept), UPRIGHT)  # type: ignore[arg-type]


class FrameOrientation:
    """The orientation of each frame of a stream, from its container's matrix or a message in the stream."""

    def __init__(self) -> None:
        self._rotation: int | None = None
        self._orientation = UPRIGHT

    def of(self, frame: VideoFrame) -> int:
        """The frame's orientation; asked for in the order of the frames, as the message may come with key frames only.

        The matrix is read only where the rotation, which costs nothing, changes.
        """
        rotation, first = frame.rotation, self._rotation is None
        # Upside down in a mirror is a rotation by nothing.
        changed = rotation != self._rotation or (not rotation and self._orientation != UPRIGHT)
        if changed and (rotation or frame.key_frame or first):
            self._rotation, self._orientation = rotation, _read(frame)
        return self._orientation


def _read(frame: VideoFrame) -> int:
    try:
        # Not the frame's own `side_data`, which makes a reference cycle of the two.
        return of_matrix(bytes(SideDataContainer(frame)["DISPLAYMATRIX"]))  # type: ignore[call-arg]
    except (KeyError, ValueError):  # there is none; or PyAV does not know other data of the frame
        return BY_QUARTERS[round(frame.rotation / 90) % 4]
