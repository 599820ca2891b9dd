"""One MP4 of pictures with their times, which is readable up to where it ends, however that comes."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

CLOCK = Fraction(1, 1000)  # [s]
LONGEST_STEP_S = 10.0  # from one picture to the next; the pictures of a folder may be years apart
OPTIONS = {"preset": "veryfast", "crf": "23", "bf": "0"}
# A fragment every two seconds, each readable by itself.
WHOLE_UP_TO_A_CUT = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "frag_duration": "2000000"}
FAILURES = (av.FFmpegError, cv2.error, OSError, ValueError)  # of the disk, the encoder and odd pictures


class Mp4Writer:
    """One file; each picture lasts until the next was taken. A power cut costs its last seconds only."""

    def __init__(self, path: Path, width: int, height: int) -> None:
        """Begins the file for pictures of that size [px]; raises OSError."""
        self._wh = max(2, width // 2 * 2), max(2, height // 2 * 2)  # the chroma planes have half of it
        self._path = path
        self._file = path.open("wb")  # of a file of its own libav does not tell what fails when it is closed
        self._container = av.open(self._file, "w", format="mp4", options=WHOLE_UP_TO_A_CUT)
        self._stream = self._container.add_stream("libx264", rate=30, options=OPTIONS)
        self._stream.width, self._stream.height = self._wh
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.time_base = CLOCK
        self._before: float | None = None
        self._at_s = 0.0
        self._last = -1

    def add(self, pixels: NDArray[np.uint8], captured_at: float) -> None:
        """Appends a BGR picture that was taken then [s]; one of another size is scaled."""
        if (pixels.shape[1], pixels.shape[0]) != self._wh:
            pixels = np.asarray(cv2.resize(pixels, self._wh, interpolation=cv2.INTER_AREA), np.uint8)
        step = captured_at - self._before if self._before is not None else 0.0
        self._before = captured_at
        self._at_s += min(max(0.0, step), LONGEST_STEP_S)
        self._last = max(self._last + 1, round(self._at_s / CLOCK))
        picture = av.VideoFrame.from_ndarray(pixels, format="bgr24")
        picture.pts, picture.time_base = self._last, CLOCK
        self._container.mux(self._stream.encode(picture))
        self._file.flush()

    def close(self) -> None:
        """Ends the file; raises what `FAILURES` lists where its end could not be written."""
        with ExitStack() as stack:
            stack.callback(self._file.close)
            stack.callback(self._container.close)
            self._container.mux(self._stream.encode())

    def break_off(self) -> None:
        """Ends the file where a failure left it, without the fragment that is torn."""
        for close in (self._container.close, self._file.close, self._cut):
            with suppress(*FAILURES):
                close()

    def _cut(self) -> None:
        if self._path.is_file():
            os.truncate(self._path, whole(self._path))


def whole(path: Path) -> int:
    """How much of an MP4 there is without what is torn at its end [bytes].

    Its boxes are a size [4 bytes], a name [4 bytes] and the rest; a fragment is a `moof` and the `mdat` after it.
    """
    size, at, end = path.stat().st_size, 0, 0
    with path.open("rb") as file:
        while 8 <= (length := int.from_bytes((head := file.read(8))[:4], "big")) <= size - at:
            at += length
            end = end if head[4:] == b"moof" else at
            file.seek(at)
    return end
