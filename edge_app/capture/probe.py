"""Looks at a source once: does it open, and what does it send?"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from edge_app.capture.sources.source import Source
from edge_app.core.errors import Reason, StreamError
from edge_app.core.frames import TimestampSource


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """What the first picture said.

    Attributes:
        width, height: Of the picture as it is sent [px].
        fps: Frames a second as announced; none where nothing is.
        codec: Name of the coding as libav has it, or `raw`.
        ts_source: What its time rests on; a camera's own clock is known only later.
        first_picture_s: Time from the attempt's begin to the picture [s].
    """

    width: int
    height: int
    fps: float | None
    codec: str
    ts_source: TimestampSource
    first_picture_s: float


def probe_source(source: Source, timeout_s: float) -> StreamInfo:
    """Opens the source and takes its first picture, within so long [s], give or take one of its own timeouts.

    Raises:
        StreamError: It cannot be opened or sends no picture.
    """
    stop, began = threading.Event(), time.monotonic()
    timer = threading.Timer(timeout_s, stop.set)
    timer.start()
    try:
        with source.open(stop) as shots:
            for shot in shots:
                picture = shot.convert()
                elapsed = time.monotonic() - began
                return StreamInfo(picture.width, picture.height, shot.fps, shot.codec, shot.time.source, elapsed)
    finally:
        timer.cancel()
    if stop.is_set():
        raise StreamError(Reason.TIMEOUT, f"{source.describe}: no picture within {timeout_s:g} s")
    raise StreamError(Reason.ENDED, f"{source.describe}: there is no picture in it")
