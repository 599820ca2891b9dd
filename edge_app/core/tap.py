"""Where preview, recording and snapshot subscribe to the analysed frames of a camera while it runs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from edge_app.core.detections import Result
from edge_app.core.errors import StreamError
from edge_app.core.frames import Frame, FrameMeta

logger = logging.getLogger(__name__)

OnFrame = Callable[[Frame, Result], None]
OnResult = Callable[[Result], None]
Wants = Callable[[FrameMeta], bool]
Unsubscribe = Callable[[], None]


@dataclass(frozen=True, slots=True, eq=False)
class _Subscription:
    """Of frames, or of results alone; equal only to itself, so that one may subscribe twice."""

    on_frame: OnFrame | None = None
    on_result: OnResult | None = None
    wants: Wants | None = None


class Tap:
    """Hands one camera's frames and results on; keeps nothing, and costs nothing while nobody subscribes.

    Subscribers are called in the analysis thread, in the order of the frames: they must not block, unless the frame's
    source is finite, and what they raise ends the program, as in every thread of it. The pictures that they get are on
    the host, so that whoever keeps one pins no decoder surface.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._subscriptions: tuple[_Subscription, ...] = ()  # replaced, never changed: `put` reads it without the lock

    def subscribe(self, on_frame: OnFrame, wants: Wants | None = None) -> Unsubscribe:
        """Calls `on_frame` for every frame from now on, until what is returned is called, or once more.

        Args:
            on_frame: Gets a frame whose picture is on the host, and its result.
            wants: Asked before a picture is copied from the device, which takes time; None: every one is wanted.
        """
        return self._add(_Subscription(on_frame=on_frame, wants=wants))

    def subscribe_results(self, on_result: OnResult) -> Unsubscribe:
        """The same without pictures."""
        return self._add(_Subscription(on_result=on_result))

    @property
    def wants_results(self) -> bool:
        """Whether anybody subscribes to results alone."""
        return any(subscription.on_result is not None for subscription in self._subscriptions)

    @property
    def wants_frames(self) -> bool:
        """Whether anybody subscribes to frames."""
        return any(subscription.on_frame is not None for subscription in self._subscriptions)

    def put(self, frame: Frame, result: Result) -> None:
        """Hands an analysed frame to the subscribers."""
        self.put_result(result)
        self.put_frame(frame, result)

    def put_result(self, result: Result) -> None:
        """Hands it to those that want no pictures."""
        for subscription in self._subscriptions:
            if subscription.on_result is not None:
                subscription.on_result(result)

    def put_frame(self, frame: Frame, result: Result) -> None:
        """Hands both to those that want pictures."""
        on_host: Frame | None = None
        for subscription in self._subscriptions:
            if subscription.on_frame is not None and _is_wanted(frame, subscription.wants):
                on_host = on_host or _on_host(frame)
                if on_host is not None:
                    subscription.on_frame(on_host, result)

    def _add(self, subscription: _Subscription) -> Unsubscribe:
        with self._lock:
            self._subscriptions = (*self._subscriptions, subscription)
        return lambda: self._remove(subscription)

    def _remove(self, subscription: _Subscription) -> None:
        with self._lock:
            self._subscriptions = tuple(other for other in self._subscriptions if other is not subscription)


def _is_wanted(frame: Frame, wants: Wants | None) -> bool:
    return wants is None or frame.picture.memory == "host" or wants(frame.meta)


def _on_host(frame: Frame) -> Frame | None:
    """The frame with its picture on the host; None if it cannot be copied."""
    try:
        return frame.on_host()
    except StreamError as error:
        logger.debug("camera %s: frame %d cannot be shown: %s", frame.meta.camera, frame.meta.index, error)
        return None
