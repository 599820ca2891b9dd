"""Cameras in, chosen pictures out, until there are enough, or time, room or the sources are at their end."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from edge_app.capture import Cameras, Source
from edge_app.capture.config import CameraConfig
from edge_app.collect.album import PictureFolder
from edge_app.collect.choice import Candidate, Choice, thumbnail
from edge_app.core.errors import DeviceError, EngineError, StreamError
from edge_app.core.frames import Frame, PendingFrame, Picture
from edge_app.core.inbox import Inbox
from edge_app.core.metrics import Metrics
from edge_app.core.threads import ThreadGroup

logger = logging.getLogger(__name__)

Redact = Callable[[Picture], tuple[NDArray[np.uint8], int | None]]

LOOKS_PER_S = 2.0  # frames of a live camera that are looked at: one of a few is as good as one of all, and cheaper
TICK_S = 0.25
JOIN_S = 2.0
FINITE_AHEAD = 2  # frames of a file that are decoded before they are asked for


class Ending(str, Enum):
    """Why a run ended, in words."""

    COMPLETE = "complete"
    FULL = "there is no room left"
    STOPPED = "told to stop"
    EXHAUSTED = "every source has ended"
    LATE = "the time is over"


@dataclass(frozen=True, slots=True)
class Limits:
    """When collecting ends.

    Attributes:
        pictures: So many are in the album, those of earlier runs among them.
        seconds: So much time has passed [s].
    """

    pictures: int
    seconds: float


class Collector:
    """One run.

    Attributes:
        looked_at: Frames that were looked at, by camera.
    """

    def __init__(
        self, album: PictureFolder, limits: Limits, every_s: float, redact: Redact, stop: threading.Event
    ) -> None:
        """Goes on with the album.

        Args:
            album: Open.
            limits: When to end.
            every_s: As in `Choice`.
            redact: The pixels of a picture as they are to be kept, and how many objects were blurred for that.
            stop: Ends it; what was chosen so far is kept.
        """
        self._album, self._limits, self._redact, self._stop = album, limits, redact, stop
        self._choice = Choice((thumbnail(pixels) for pixels in album.pictures()), every_s)
        self._inbox: Inbox = Inbox()
        self.looked_at: Counter[str] = Counter()

    @property
    def alike(self) -> int:
        """Stretches of time that had nothing new."""
        return self._choice.alike

    def run(self, cameras: Mapping[str, CameraConfig], sources: Mapping[str, Source]) -> Ending:
        """Collects; returns why it ended.

        Raises:
            InputError: A file cannot be read.
            DeviceError: No camera sent a frame in all that time.
            AccessError: The disk is full, or the operating system refuses.
        """
        threads = ThreadGroup(self._stop)
        capture = Cameras(self._inbox, Metrics(), threads, lambda name, state: None, FINITE_AHEAD)
        for name, camera in cameras.items():
            capture.add(name, sources[name], thinned(camera) if sources[name].live else camera)
        try:
            why = self._collect(capture)
            for candidate in self._choice.rest():
                self._keep(candidate)
        finally:
            capture.stop()
            threads.join(JOIN_S)
        if threads.error is not None:
            raise threads.error
        if not self.looked_at and why is Ending.LATE:
            away = (f"camera {name}: {status.detail or status.state}" for name, status in capture.statuses().items())
            raise DeviceError(f"no frame within {self._limits.seconds:g} s: {'; '.join(away)}")
        return why

    def _collect(self, capture: Cameras) -> Ending:
        deadline = time.monotonic() + self._limits.seconds
        while (why := self._ended(deadline)) is None:
            for pending in self._inbox.take(1, TICK_S):
                self._look(pending)
            capture.supervise()
        return why

    def _ended(self, deadline: float) -> Ending | None:
        if len(self._album.entries) >= self._limits.pictures:
            return Ending.COMPLETE
        if self._album.full:
            return Ending.FULL
        if self._stop.is_set():
            return Ending.STOPPED
        if self._inbox.exhausted:
            return Ending.EXHAUSTED
        return Ending.LATE if time.monotonic() > deadline else None

    def _look(self, pending: PendingFrame) -> None:
        try:
            frame = pending.take(time.monotonic())
        except StreamError as error:
            logger.debug("camera %s: frame %d: %s", pending.meta.camera, pending.meta.index, error)
            return
        self.looked_at[frame.meta.camera] += 1
        if (candidate := self._choice.look(frame)) is not None:
            self._keep(candidate)

    def _keep(self, candidate: Candidate) -> None:
        """Writes the candidate, unless there is enough or nobody knows what should be blurred in it."""
        if len(self._album.entries) >= self._limits.pictures or self._album.full:
            return
        frame: Frame = candidate.frame
        try:
            pixels, blurred = self._redact(frame.picture)
        except EngineError as error:
            logger.warning("camera %s: frame %d is left out: %s", frame.meta.camera, frame.meta.index, error)
            return
        entry = self._album.add(frame, pixels, blurred)
        if entry is not None:
            self._choice.keep(candidate)
            logger.info("%d of %d: %s", len(self._album.entries), self._limits.pictures, entry.file)


def thinned(camera: CameraConfig) -> CameraConfig:
    """The camera with no more frames than are looked at."""
    return camera.model_copy(update={"max_fps": min(camera.max_fps or LOOKS_PER_S, LOOKS_PER_S)})
