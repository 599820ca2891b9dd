"""Frames without a camera."""

from __future__ import annotations

from typing import Any

from edge_app.core.frames import CaptureTime, Frame, FrameMeta, PendingFrame, Picture


def frame_meta(
    camera: str = "gate", index: int = 0, *, live: bool = True, queued_mono: float = 0.0, **time: Any
) -> FrameMeta:
    """Of a frame that arrived at the beginning of time, unless `time` says otherwise."""
    taken = CaptureTime(**{"wall": 0.0, "mono": 0.0, "source": "arrival", **time})
    return FrameMeta(camera=camera, index=index, live=live, time=taken, queued_mono=queued_mono)


def frame(picture: Picture, camera: str = "gate", index: int = 0, **more: Any) -> Frame:
    """A frame that did not wait; `more` is for `frame_meta`."""
    return Frame(meta=frame_meta(camera, index, **more), queue_s=0.0, picture=picture)


def pending(picture: Picture, camera: str = "gate", index: int = 0, **more: Any) -> PendingFrame:
    """A frame that waits; `more` is for `frame_meta`."""
    return PendingFrame(meta=frame_meta(camera, index, **more), decode_s=0.0, convert=lambda: picture)
