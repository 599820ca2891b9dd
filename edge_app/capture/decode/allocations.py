"""Bounds what libav takes at once: its readers put a picture together that goes on for ever, and ask nobody."""

from __future__ import annotations

import ctypes
import re
from pathlib import Path

from edge_app.capture.decode.factory import SMALL_BYTES

BYTES_PER_PX = 4  # of the largest that is taken for a picture: BGRA, in one piece
BESIDES = 4 * SMALL_BYTES  # a decoder's tables are larger than a small picture


def limit_allocations(max_px: int) -> None:
    """From now on libav refuses, in this process, to take more memory at once than a picture of `max_px` needs.

    It is libav's own limit (`ffmpeg -max_alloc`), which PyAV does not offer: it is set in each copy of the library that
    is loaded, as PyAV and OpenCV bring their own.
    """
    for path in set(re.findall(r"(?m)/\S.*/libavutil\b.*$", Path("/proc/self/maps").read_text())):
        ctypes.CDLL(path).av_max_alloc(ctypes.c_size_t(BESIDES + BYTES_PER_PX * max_px))
