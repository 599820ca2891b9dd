"""Pictures of cameras that send no coded ones, kept as JPEGs: what their clips are made of."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np

from edge_app.capture.sources.jpeg_connection import jpeg_packet
from edge_app.core.colour import to_bgr
from edge_app.core.detections import Result
from edge_app.core.frames import Frame
from edge_app.core.packets import CodedPacket, CodedStream, PacketObserver
from edge_app.core.rate_limiter import RateLimiter
from edge_app.evidence.clips.priority import lower_priority
from edge_app.evidence.privacy import Pixels

MOST_FPS = 15.0  # of each camera
MOST_PX = 1280 * 720
QUALITY = 90
CAPACITY = 2  # pictures of a camera that may wait

JPEG = CodedStream(codec="mjpeg")


@dataclass(eq=False)
class PictureFeed:
    """The pictures of one camera.

    Attributes:
        observer: Gets a packet for each of them.
        dropped: Called for each that found no room.
        limiter: Thins them.
        waiting: How many are not coded yet.
    """

    observer: PacketObserver
    dropped: Callable[[], object]
    limiter: RateLimiter = field(default_factory=lambda: RateLimiter(MOST_FPS))
    waiting: int = 0


class Pictures:
    """Codes pictures in a thread of its own, `run`, until `end`."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._queue: deque[tuple[PictureFeed, Frame]] = deque()
        self._ended = False

    def feed(self, observer: PacketObserver, dropped: Callable[[], object]) -> Callable[[Frame, Result], None]:
        """What a camera's `Tap` is to call for each frame, in the analysis thread; see `PictureFeed`."""
        feed = PictureFeed(observer, dropped)
        return lambda frame, result: self._add(feed, frame)

    def run(self) -> None:
        """Codes what comes."""
        lower_priority()
        while item := self._next():
            feed, frame = item
            self._code(feed, frame)
            with self._changed:
                feed.waiting -= 1
                self._changed.notify_all()

    def end(self) -> None:
        """Takes no more pictures; what waits is coded."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _add(self, feed: PictureFeed, frame: Frame) -> None:
        """Takes a frame; if there is no room, one of a file waits and one of a live camera is dropped."""
        if not feed.limiter.keeps(frame.meta.timeline_s):
            return
        with self._changed:
            if not frame.meta.live:
                self._changed.wait_for(lambda: feed.waiting < CAPACITY or self._ended)
            if self._ended:
                return
            if feed.waiting >= CAPACITY:
                feed.dropped()
                return
            feed.waiting += 1
            self._queue.append((feed, frame))
            self._changed.notify_all()

    def _next(self) -> tuple[PictureFeed, Frame] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._ended)
            return self._queue.popleft() if self._queue else None

    @staticmethod
    def _code(feed: PictureFeed, frame: Frame) -> None:
        _, coded = cv2.imencode(".jpg", fitted(to_bgr(frame.picture), MOST_PX), (cv2.IMWRITE_JPEG_QUALITY, QUALITY))
        time = frame.meta.time
        packet = jpeg_packet(coded.tobytes())
        feed.observer.add(CodedPacket(stream=JPEG, packet=packet, wall=time.wall, timeline_s=frame.meta.timeline_s))


def fitted(pixels: Pixels, most_px: int) -> Pixels:
    """A BGR picture as video can have it: with even sides, made smaller if it has more pixels, C-contiguous."""
    height, width = pixels.shape[:2]
    scale = min(1.0, (most_px / (width * height)) ** 0.5)
    size = max(2, int(width * scale) // 2 * 2), max(2, int(height * scale) // 2 * 2)
    if scale < 1 or min(width, height) < 2:
        return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    return np.ascontiguousarray(pixels[: size[1], : size[0]])
