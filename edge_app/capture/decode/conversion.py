"""Converts decoded frames to pictures: their own planes for a kernel that reads those, else BGR on the host."""

from __future__ import annotations

import threading
from functools import partial

import numpy as np
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from edge_app.capture.decode.orientation import UPRIGHT, upright
from edge_app.capture.decode.picture_budget import LARGE_PX
from edge_app.capture.decode.video_decoder import LIBAV_ERRORS
from edge_app.core.errors import Reason, StreamError
from edge_app.core.frames import Matrix, Picture, PixelFormat, Plane

# libav's formats, and whether they have full range whatever the stream says.
FORMATS: dict[str, tuple[PixelFormat, bool]] = {
    "nv12": ("nv12", False),
    "yuv420p": ("i420", False),
    "yuvj420p": ("i420", True),
}
# By libav's numbers; 2 is unspecified, which libav's scaler takes for BT.601.
MATRICES: dict[int, Matrix] = {1: "bt709", 2: "bt601", 5: "bt601", 6: "bt601"}
FULL_RANGE = 2
SAMPLES = {"nv12": (1, 2), "i420": (1, 1, 1)}  # that are interleaved in each plane


class Converter:
    """Makes the pictures of an attempt, from any thread; raises what libav raises."""

    def __init__(self, *, planes: bool) -> None:
        """Takes whether pictures may be YUV and on the GPU; BGR is made by one scaler, as creating one is expensive."""
        self._planes = planes
        self._reformatter = VideoReformatter()
        self._lock = threading.Lock()

    def __call__(self, frame: VideoFrame, orientation: int = UPRIGHT) -> Picture:
        """The frame's own planes; in BGR the same as its own `to_ndarray(format="bgr24")`, turned upright."""
        if self._planes and orientation == UPRIGHT and (picture := self._own_planes(frame)):
            return picture
        return Picture.from_bgr(upright(pixels(self._reformat(frame, "bgr24")), orientation))

    def _own_planes(self, frame: VideoFrame) -> Picture | None:
        """The frame's own planes; None if the kernel does not read that format."""
        surface = frame.format.name == "cuda"
        decoded = frame.sw_format if surface else frame.format
        if decoded is None or decoded.name not in FORMATS or frame.colorspace not in MATRICES:
            return None
        form, full_range = FORMATS[decoded.name]
        return Picture(
            frame.width,
            frame.height,
            form,
            tuple(map(on_device, frame.planes) if surface else map(on_host, frame.planes, SAMPLES[form])),
            MATRICES[frame.colorspace],
            full_range or frame.color_range == FULL_RANGE,
            "device" if surface else "host",
            owner=frame,
            fetch=partial(self._fetch, frame) if surface else None,
        )

    def _fetch(self, frame: VideoFrame) -> Picture:
        """The planes of a surface, copied to the host; raises StreamError, as whoever asks knows nothing of libav."""
        try:
            return self(self._reformat(frame, "nv12"))
        except LIBAV_ERRORS as error:
            text = f"a picture cannot be copied from the GPU ({type(error).__name__})"
            raise StreamError(Reason.DECODE_ERRORS, text) from None

    def _reformat(self, frame: VideoFrame, to: str) -> VideoFrame:
        """The frame in another format, by the thread that asks: by default each scaler has threads for all cores."""
        with self._lock:
            return self._reformatter.reformat(frame, format=to, threads=1)


def on_device(plane: VideoPlane) -> Plane:
    """A plane on the GPU: its address."""
    return Plane(plane.buffer_ptr, plane.line_size)


def on_host(plane: VideoPlane, samples: int) -> Plane:
    """A plane on the host: its own memory."""
    return Plane(rows(plane, samples), plane.line_size)


def rows(plane: VideoPlane, samples: int) -> NDArray[np.uint8]:
    """The memory of a plane without the padding of its rows, uint8 (height, bytes of a row)."""
    padded = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
    return padded[:, : plane.width * samples]


def pixels(frame: VideoFrame) -> NDArray[np.uint8]:
    """The pixels of a bgr24 frame, uint8 (height, width, 3), C-contiguous: its own memory if rows are not padded.

    Rows of a large one are moved together in its own memory, which ends its use as a frame.
    """
    plane = frame.planes[0]
    row, memory = 3 * frame.width, np.frombuffer(memoryview(plane), np.uint8)
    if plane.line_size != row:
        if frame.width * frame.height <= LARGE_PX:
            return np.asarray(frame.to_ndarray(), np.uint8)
        for index in range(1, frame.height):
            at = index * plane.line_size
            memory[index * row : (index + 1) * row] = memory[at : at + row]
    return memory[: row * frame.height].reshape(frame.height, frame.width, 3)
