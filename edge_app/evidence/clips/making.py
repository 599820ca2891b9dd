"""Clips in work, and the cameras that they are of."""

from __future__ import annotations

from dataclasses import dataclass

from edge_app.core.tap import Unsubscribe
from edge_app.evidence.clip_orders import ClipOrder
from edge_app.evidence.clips.clip import Clip, Span
from edge_app.evidence.clips.encoding import Encoding
from edge_app.evidence.clips.packet_ring import PacketReader, PacketRing
from edge_app.evidence.privacy import PrivacyMask


@dataclass(frozen=True, eq=False)
class WatchedCamera:
    """A camera that may have clips.

    Attributes:
        ring: Its packets.
        rotate: Degrees clockwise by which its pictures are turned.
        live: Whether it is live.
        leave: Ends what it was subscribed to.
    """

    ring: PacketRing
    rotate: int
    live: bool
    leave: Unsubscribe


@dataclass(eq=False)
class Making:
    """A clip in work, or not begun.

    Attributes:
        order: What was ordered.
        camera: Its camera.
        span: What of its video.
        reader: Of the camera's ring, until it is known who reads it.
        ordered_mono: When it was ordered, monotonic clock [s].
        mask: What nobody is to see in it.
        clip: The clip, once it has begun.
        encoding: What encodes for it, if anything.
    """

    order: ClipOrder
    camera: WatchedCamera
    span: Span
    reader: PacketReader
    ordered_mono: float
    mask: PrivacyMask
    clip: Clip | None = None
    encoding: Encoding | None = None
