"""Where preview, recording and snapshot subscribe to the analysed frames of a camera while it runs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from edge_app.core.detections import Result
from edge_app.core.errors import StreamError
from edge_app.core.frames import Frame

logger = logging.getLogger(__name__)

OnFrame = Callable[[Frame, Result], None]
OnResult = Callable[[Result], None]
Unsubscribe = Callable[[], None]


class Tap:
    """Hands one camera's frames and results on; keeps nothing, and costs nothing while nobody subscribes.

    Subscribers are called in the analysis thread, in the order of the frames: they must not block, unless the frame's
    source is finite. The pictures that they get are on the host, so that whoever keeps one pins no decoder surface.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Replaced, never changed: `put` reads them without the lock.
        self._on_frame: tuple[OnFrame, ...] = ()
        self._on_result: tuple[OnResult, ...] = ()

    def subscribe(self, on_frame: OnFrame) -> Unsubscribe:
        """Calls `on_frame` for every frame from now on, until what is returned is called."""
        with self._lock:
            self._on_frame = (*self._on_frame, on_frame)
        return lambda: self._remove(on_frame)

    def subscribe_results(self, on_result: OnResult) -> Unsubscribe:
        """The same for whoever wants no picture."""
        with self._lock:
            self._on_result = (*self._on_result, on_result)
        return lambda: self._remove(on_result)

    def put(self, frame: Frame, result: Result) -> None:
        """Hands an analysed frame to the subscribers."""
        for on_result in self._on_result:
            on_result(result)
        if not self._on_frame:
            return
        try:
            frame = frame.on_host()
        except StreamError as error:
            logger.debug("camera %s: frame %d cannot be shown: %s", frame.meta.camera, frame.meta.index, error)
            return
        for on_frame in self._on_frame:
            on_frame(frame, result)

    def _remove(self, subscriber: OnFrame | OnResult) -> None:
        with self._lock:
            self._on_frame = tuple(other for other in self._on_frame if other is not subscriber)
            self._on_result = tuple(other for other in self._on_result if other is not subscriber)
