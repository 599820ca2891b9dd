"""Bounds what libav takes at once: its readers put a picture together that goes on for ever, and ask nobody."""

from __future__ import annotations

import ctypes
import logging
import re
from pathlib import Path

from edge_app.capture.decode.factory import SMALL_BYTES

logger = logging.getLogger(__name__)

BYTES_PER_PX = 4  # of the largest that is taken for a picture: BGRA, in one piece
LEAST = 4 * SMALL_BYTES  # a decoder's tables are larger than a small picture


def limit_allocations(max_px: int) -> None:
    """From now on libav refuses, in this process, to take more memory at once than a picture of `max_px` needs.

    It is libav's own limit (`ffmpeg -max_alloc`), which PyAV does not offer.
    """
    library = _libavutil()
    if library is None:
        logger.debug("libavutil was not found: what libav takes at once is not limited")
    else:
        library.av_max_alloc(ctypes.c_size_t(max(LEAST, BYTES_PER_PX * max_px)))


def _libavutil() -> ctypes.CDLL | None:
    """The library that PyAV has loaded: its own copy, whose name has a hash, or the system's."""
    loaded = re.search(r"(?m)/\S.*/libavutil\b.*$", Path("/proc/self/maps").read_text())
    return ctypes.CDLL(loaded[0]) if loaded else None
