"""Bounds what libav allocates at once: its readers would go on collecting a picture that never ends."""

from __future__ import annotations

import ctypes
import re
from pathlib import Path

from edge_app.capture.decode.picture_budget import SMALL_BYTES

# Of the largest picture in one piece. What a camera may send has no more: a larger one does not fit its budget.
BYTES_PER_PX = 3  # BGR
BYTES_PER_STORED_PX = 4  # BGRA
PADDING = 1 << 20  # of all its rows
LEAST = 4 * SMALL_BYTES  # a decoder's tables are larger than a small picture


def limit_allocations(live_px: int, stored_px: int) -> None:
    """From now on libav refuses, in this process, to allocate more at once than a picture of that size needs.

    Args:
        live_px: Pixels of the largest picture of a camera.
        stored_px: Of a file or folder.

    It is libav's own limit (`ffmpeg -max_alloc`), which PyAV does not offer: it is set in each copy of the library that
    is loaded, as PyAV and OpenCV bring their own.
    """
    picture = max(BYTES_PER_PX * live_px, BYTES_PER_STORED_PX * stored_px)
    most = max(LEAST, picture + PADDING)  # and no more: libav's parsers hold several such pieces of an endless picture
    for path in set(re.findall(r"(?m)/\S.*/libavutil\b.*$", Path("/proc/self/maps").read_text())):
        ctypes.CDLL(path).av_max_alloc(ctypes.c_size_t(most))
