"""YUV to BGR: one set of constants for the CPU and the GPU, whose pictures are therefore equal."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_app.core.frames import Matrix, Picture

SHIFT = 20  # the coefficients are in 2^-20
ROUND = 1 << (SHIFT - 1)
LUMA_WEIGHTS = {"bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722)}  # of red and blue: Rec. ITU-R BT.601 and BT.709


class Coefficients(NamedTuple):
    """What YUV is multiplied with, in 2^-20; chroma is taken from 128.

    Attributes:
        black: Y of black.
        luma: Of Y.
        red_v, green_u, green_v, blue_u: Of chroma.
    """

    black: int
    luma: int
    red_v: int
    green_u: int
    green_v: int
    blue_u: int


# cv2.COLOR_YUV2BGR_NV12 has three digits of each; a camera that says nothing is taken as OpenCV takes it.
OPENCV = Coefficients(black=16, luma=1220542, red_v=1673527, green_u=-409993, green_v=-852492, blue_u=2116026)


@cache
def coefficients(matrix: Matrix, full_range: bool) -> Coefficients:
    """Those of the standard, or OpenCV's where the stream is BT.601 in limited range."""
    if matrix == "bt601" and not full_range:
        return OPENCV
    red, blue = LUMA_WEIGHTS[matrix]
    green = 1 - red - blue
    luma, chroma = (1.0, 1.0) if full_range else (255 / 219, 255 / 224)

    def whole(value: float) -> int:
        return round(value * (1 << SHIFT))

    return Coefficients(
        black=0 if full_range else 16,
        luma=whole(luma),
        red_v=whole(2 * (1 - red) * chroma),
        green_u=whole(-2 * (1 - blue) * blue / green * chroma),
        green_v=whole(-2 * (1 - red) * red / green * chroma),
        blue_u=whole(2 * (1 - blue) * chroma),
    )


def to_bgr(picture: Picture) -> NDArray[np.uint8]:
    """The pixels of a picture of any format in BGR, uint8, shape (height, width, 3); one on a device is fetched.

    A pixel takes the chroma of the block of 2 by 2 that it is in.

    Raises:
        ValueError: The planes are on a device and cannot be fetched.
    """
    picture = picture.on_host()
    if picture.format == "bgr":
        return picture.bgr
    y, u, v = _planes(picture)
    c = coefficients(picture.matrix, picture.full_range)
    if c is OPENCV and not (picture.width % 2 or picture.height % 2):  # the same pixels, in a tenth of the time
        return np.asarray(cv2.cvtColorTwoPlane(y, cv2.merge([u, v]), cv2.COLOR_YUV2BGR_NV12), np.uint8)
    luma = np.maximum(y.astype(np.int32) - c.black, 0) * c.luma + ROUND
    u, v = u.astype(np.int32) - 128, v.astype(np.int32) - 128
    chroma = (c.blue_u * u, c.green_u * u + c.green_v * v, c.red_v * v)
    height, width = y.shape
    channels = [
        np.clip((luma + part.repeat(2, 0).repeat(2, 1)[:height, :width]) >> SHIFT, 0, 255).astype(np.uint8)
        for part in chroma
    ]
    return np.asarray(cv2.merge(channels), np.uint8)


def _planes(picture: Picture) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Y, U and V of a host picture, in whatever format."""
    arrays = [plane.data for plane in picture.planes]
    if picture.memory == "device" or not all(isinstance(array, np.ndarray) for array in arrays):
        raise ValueError(f"{picture.format} on the {picture.memory}: want planes on the host")
    if picture.format == "nv12":
        y, uv = arrays
        return y, uv[:, 0::2], uv[:, 1::2]  # type: ignore[return-value, index]
    y, u, v = arrays
    return y, u, v  # type: ignore[return-value]
