"""Video files made on the spot, coded as cameras code: one slice a picture, mostly neither B-frames nor fields."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

LEVEL = 10
FIELD_STEP = 4
CODECS = {
    "h264": ("libx264", {"preset": "veryfast", "bf": "0", "x264-params": "sliced-threads=0:bframes=0:scenecut=0"}),
    "h264 with B-frames": (
        "libx264",
        {
            "preset": "veryfast",
            "bf": "2",
            "x264-params": "sliced-threads=0:bframes=2:b-adapt=0:b-pyramid=none:scenecut=0",
        },
    ),
    "h264 interlaced": (
        "libx264",
        {"preset": "veryfast", "bf": "0", "x264-params": "sliced-threads=0:bframes=0:interlaced=1:tff=1"},
    ),
    "h265 with B-frames": (
        "libx265",
        {"preset": "ultrafast", "x265-params": "bframes=2:b-adapt=0:scenecut=0:log-level=none"},
    ),
    "h265": ("libx265", {"preset": "ultrafast", "x265-params": "bframes=0:scenecut=0:log-level=none"}),
}


def stripes(size_wh: tuple[int, int], frames: int) -> Iterable[NDArray[np.uint8]]:
    """Moving pictures that cost nothing: BGR, uint8, (height, width, 3)."""
    width, height = size_wh
    ramp = np.add.outer(np.arange(height), np.arange(width))
    for index in range(frames):
        yield np.stack([ramp + 3 * index, ramp, ramp - 5 * index], axis=2).astype(np.uint8)


def levels(size_wh: tuple[int, int], frames: int) -> Iterable[NDArray[np.uint8]]:
    """Plain pictures, each `LEVEL` lighter than the one before, so that a picture says which one it is."""
    width, height = size_wh
    for index in range(frames):
        yield np.full((height, width, 3), LEVEL * index, np.uint8)


def fields(size_wh: tuple[int, int], frames: int) -> Iterable[NDArray[np.uint8]]:
    """A light bar that moves `FIELD_STEP` pixels to the right from field to field; a frame's lower one is first."""
    width, height = size_wh
    for index in range(frames):
        picture = np.full((height, width, 3), 40, np.uint8)
        for field, first_row in enumerate((1, 0)):
            left = FIELD_STEP * (2 * index + field)
            picture[first_row::2, left : left + 40] = 220
        yield picture


def write_clip(
    path: Path, pictures: Iterable[NDArray[np.uint8]], *, codec: str = "h264", fps: int = 25, gop_s: int = 1
) -> Path:
    """Writes BGR pictures as a video with a key frame every `gop_s` seconds."""
    (encoder, options), gop = CODECS[codec], gop_s * fps
    if encoder == "libx265":
        options = {**options, "x265-params": f"{options['x265-params']}:keyint={gop}:min-keyint={gop}"}
    with av.open(str(path), "w") as out:
        stream = out.add_stream(encoder, rate=fps, options={**options, "g": str(gop)})
        stream.pix_fmt, stream.time_base = "yuv420p", Fraction(1, fps)
        for index, picture in enumerate(pictures):
            if index == 0:
                stream.height, stream.width = picture.shape[:2]
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24").reformat(format="yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, fps)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path
