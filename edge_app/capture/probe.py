"""Opens a source once, to find out whether it works and what it sends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from edge_app.capture.sources.source import Source
from edge_app.core.errors import Reason, StreamError
from edge_app.core.frames import Picture


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamInfo:
    """What the first picture of a source shows.

    Attributes:
        width, height: Of the upright picture, before `rotate` [px].
        fps: Frames a second as announced; None if they are not.
        codec: libav's name of the codec, or `raw`.
        first_picture_s: Time from opening the source to the picture [s].
    """

    width: int
    height: int
    fps: float | None
    codec: str
    first_picture_s: float


def probe_source(
    source: Source, timeout_s: float, on_picture: Callable[[Picture], None] = lambda picture: None
) -> StreamInfo:
    """Opens the source and takes its first picture.

    Args:
        source: What to open.
        timeout_s: How long that may take, but for one time-out of the source's own [s].
        on_picture: Gets the picture, before `rotate`; it may be on the device.

    Raises:
        StreamError: It cannot be opened or sends no picture.
    """
    stop, began = threading.Event(), time.monotonic()
    timer = threading.Timer(timeout_s, stop.set)
    timer.start()
    try:
        with source.open(stop) as frames:
            for frame in frames:
                picture = frame.convert()
                elapsed = time.monotonic() - began
                on_picture(picture)
                return StreamInfo(
                    width=picture.width,
                    height=picture.height,
                    fps=frame.fps,
                    codec=frame.codec,
                    first_picture_s=elapsed,
                )
    finally:
        timer.cancel()
    if stop.is_set():
        raise StreamError(Reason.TIMEOUT, f"{source.description}: no picture within {timeout_s:g} s")
    raise StreamError(Reason.ENDED, f"{source.description}: there is no picture in it")
