"""One camera: attempt after attempt, and what becomes of its frames."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np

from edge_app.capture.config import CameraConfig
from edge_app.capture.fps_limiter import FpsLimiter
from edge_app.capture.sources.source import BrokenOffError, DecodedFrame, Source
from edge_app.capture.status import Report, StatusTracker
from edge_app.core.colour import to_bgr
from edge_app.core.errors import InputError, Reason, StreamError
from edge_app.core.frames import FrameMeta, PendingFrame, Picture
from edge_app.core.inbox import Inbox
from edge_app.core.metrics import Metrics

logger = logging.getLogger(__name__)

ROOM_S = 0.5  # a finite source that waits for room looks so often whether it shall stop
NOTABLE_SKEW_S = 1.0
ROTATIONS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


@dataclass(eq=False)
class CaptureAttempt:
    """One thread's work for a camera; a second one only where the first is stuck.

    Attributes:
        stop: Ends it.
        waiting_since: Monotonic clock when it last asked the source for a frame [s]; none between two attempts.
        first_frame, last_frame: Monotonic clock of the frames of this attempt [s].
    """

    stop: threading.Event = field(default_factory=threading.Event)
    waiting_since: float | None = None
    first_frame: float | None = None
    last_frame: float | None = None

    @property
    def up_s(self) -> float:
        """How long this attempt has been up [s]."""
        return time.monotonic() - self.first_frame if self.first_frame is not None else 0.0


class Camera:
    """One camera's frames on their way into the inbox."""

    def __init__(
        self,
        name: str,
        source: Source,
        settings: CameraConfig,
        inbox: Inbox,
        stats: Metrics,
        report: Report,
    ) -> None:
        self.name, self.source, self.settings = name, source, settings
        self.condition = StatusTracker(name, "connecting" if settings.enabled else "disabled", report)
        self.life = CaptureAttempt()
        self._inbox, self._stats = inbox, stats
        self._index = stats.total("frames_captured", camera=name)  # counts on where the camera was here before
        self._thinning = FpsLimiter(settings.max_fps)
        self._skew_s: float | None = None
        self._handing_over = threading.Lock()

    def run(self, life: CaptureAttempt) -> None:
        """Tries until it is stopped, or a finite source is read to its end.

        Raises:
            InputError: A finite source failed.
        """
        backoff = self.settings.reconnect.backoff()
        while not life.stop.is_set():
            try:
                self._attempt(life)
                failure = StreamError(Reason.ENDED, f"{self.source.describe}: ended")
            except StreamError as error:
                failure = error
                self._lost(error.broken if isinstance(error, BrokenOffError) else 0)
            if self._finished(failure, life.stop):
                return
            self.condition.down(failure.reason, str(failure))
            pause = backoff.pause(life.up_s, login_refused=failure.reason is Reason.AUTH_FAILED)
            life.waiting_since = life.first_frame = life.last_frame = None
            if not life.stop.wait(pause):
                self._stats.count("reconnects", camera=self.name, reason=failure.reason.value)

    def stop(self) -> None:
        """No frame enters the inbox after this; the thread ends as soon as libav lets it."""
        self.life.stop.set()  # first: a thread that waits for room would take the lock again and again
        with self._handing_over:  # a frame for a closed cell would be an error
            self._inbox.close(self.name)

    def _attempt(self, life: CaptureAttempt) -> None:
        life.waiting_since = time.monotonic()
        with self.source.open(life.stop) as shots:
            for shot in shots:
                if life.stop.is_set():
                    return
                life.last_frame = time.monotonic()
                life.first_frame = life.first_frame or life.last_frame
                self.condition.up()
                self._take(shot, life.stop)
                life.waiting_since = time.monotonic()

    def _finished(self, failure: StreamError, stop: threading.Event) -> bool:
        """Whether it was stopped, or a finite source was read to its end; nothing else would ever mend that."""
        with self._handing_over:  # once it is stopped, the cell may be that of a camera that took its name
            if stop.is_set() or self.source.live:
                return stop.is_set()
            if failure.reason is not Reason.ENDED:
                raise InputError(f"camera {self.name}: {failure}")
            self.condition.down(Reason.ENDED, str(failure))
            self._inbox.close(self.name)
            return True

    def _take(self, shot: DecodedFrame, stop: threading.Event) -> None:
        """Counts the frame and hands it over, unless it is one too many."""
        self._note_skew(shot.time.skew_s)
        self._lost(shot.broken)
        index = self._captured(1)
        if not self._thinning.keeps(shot.time.wall):
            self._dropped("max_fps")
            return
        pending = PendingFrame(
            meta=FrameMeta(
                camera=self.name,
                index=index,
                live=self.source.live,
                time=shot.time,
                queued_mono=time.monotonic(),
            ),
            decode_s=shot.decode_s,
            convert=rotated(shot.convert, self.settings.rotate),
        )
        while not self._put(pending, stop):
            pass

    def _put(self, pending: PendingFrame, stop: threading.Event) -> bool:
        """Whether the frame is in the inbox, or not wanted any more."""
        with self._handing_over:
            if not stop.is_set():
                return self._inbox.put(pending, ROOM_S)
        self._dropped("removed")
        return True

    def _captured(self, frames: int) -> int:
        """Counts frames; the index of the first."""
        index, self._index = self._index, self._index + frames
        self._stats.count("frames_captured", frames, camera=self.name)
        return index

    def _lost(self, frames: int) -> None:
        """Counts frames that the decoder could not make out."""
        if frames:
            self._captured(frames)
            self._dropped("decode", frames)

    def _dropped(self, reason: str, frames: int = 1) -> None:
        self._stats.count("frames_dropped", frames, camera=self.name, reason=reason)

    def _note_skew(self, skew_s: float | None) -> None:
        """Says once that the camera's clock is wrong, and records every change of it by more than a second."""
        if skew_s is None or (self._skew_s is not None and abs(skew_s - self._skew_s) < NOTABLE_SKEW_S):
            return
        self._stats.observe("clock_skew", skew_s, camera=self.name)
        if self._skew_s is None and abs(skew_s) >= NOTABLE_SKEW_S:
            text = "camera %s: its clock is %+.1f s off ours; its frames are timed by their arrival"
            logger.warning(text, self.name, skew_s)
        self._skew_s = skew_s


def rotated(convert: Callable[[], Picture], degrees: int) -> Callable[[], Picture]:
    """A conversion whose picture is turned clockwise by 0, 90, 180 or 270 degrees."""
    if not degrees:
        return convert
    return lambda: Picture.from_bgr(np.asarray(cv2.rotate(to_bgr(convert()), ROTATIONS[degrees]), np.uint8))
