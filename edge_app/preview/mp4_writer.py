"""Writes timed pictures to an MP4 that stays readable if writing is cut off."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from edge_app.core.files import open_to_write

TIME_BASE = Fraction(1, 1000)  # [s]
LONGEST_STEP_S = 10.0  # between two pictures; those of a folder may be years apart
ENCODER_OPTIONS = {"preset": "veryfast", "crf": "23", "bf": "0"}
# A fragment every two seconds, each readable by itself.
FRAGMENTED = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "frag_duration": "2000000"}
FAILURES = (av.FFmpegError, cv2.error, OSError, ValueError)  # from the disk, the encoder and odd pictures


class Mp4Writer:
    """Writes one file; each picture lasts until the next one was captured. A power cut costs only the last seconds."""

    def __init__(self, path: Path, width: int, height: int) -> None:
        """Opens the file for pictures of that size [px]; raises OSError."""
        self._wh = max(2, width // 2 * 2), max(2, height // 2 * 2)  # even, as the chroma planes have half the size
        # Ours, because libav does not report failures when it closes a file that it opened itself.
        self._file = os.fdopen(open_to_write(path, os.O_RDWR | os.O_TRUNC), "w+b")
        self._container = av.open(self._file, "w", format="mp4", options=FRAGMENTED)
        self._stream = self._container.add_stream("libx264", rate=30, options=ENCODER_OPTIONS)
        self._stream.width, self._stream.height = self._wh
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.time_base = TIME_BASE
        self._previous_at: float | None = None
        self._elapsed_s = 0.0
        self._last_pts = -1

    def add(self, pixels: NDArray[np.uint8], captured_at: float) -> None:
        """Appends a BGR picture, uint8 (height, width, 3), captured then [s]; one of another size is scaled."""
        if (pixels.shape[1], pixels.shape[0]) != self._wh:
            pixels = np.asarray(cv2.resize(pixels, self._wh, interpolation=cv2.INTER_AREA), np.uint8)
        step = captured_at - self._previous_at if self._previous_at is not None else 0.0
        self._previous_at = captured_at
        self._elapsed_s += min(max(0.0, step), LONGEST_STEP_S)
        self._last_pts = max(self._last_pts + 1, round(self._elapsed_s / TIME_BASE))
        frame = av.VideoFrame.from_ndarray(pixels, format="bgr24")
        frame.pts, frame.time_base = self._last_pts, TIME_BASE
        self._container.mux(self._stream.encode(frame))
        self._file.flush()

    def close(self) -> None:
        """Finishes the file; raises one of `FAILURES` if its end cannot be written."""
        with ExitStack() as stack:
            stack.callback(self._file.close)
            stack.callback(self._container.close)
            self._container.mux(self._stream.encode())

    def abort(self) -> None:
        """Closes the file after a failure and cuts off the incomplete fragment."""
        with os.fdopen(os.dup(self._file.fileno()), "r+b") as written:
            for close in (self._container.close, self._file.close, lambda: written.truncate(complete_bytes(written))):
                with suppress(*FAILURES):
                    close()


def complete_bytes(file: BinaryIO) -> int:
    """The size of an MP4 without an incomplete fragment at its end [bytes].

    A box is its size [4 bytes], a name [4 bytes] and content; a fragment is a `moof` box and the `mdat` after it.
    """
    size, at, end = file.seek(0, os.SEEK_END), 0, 0
    file.seek(0)
    while 8 <= (length := int.from_bytes((head := file.read(8))[:4], "big")) <= size - at:
        at += length
        end = end if head[4:] == b"moof" else at
        file.seek(at)
    return end
