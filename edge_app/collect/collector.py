"""Collects selected pictures from cameras until there are enough, or time, room or sources run out."""

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
from edge_app.collect.picture_folder import PictureFolder
from edge_app.collect.selector import Candidate, FrameSelector, thumbnail
from edge_app.core.errors import DeviceError, EngineError, StreamError
from edge_app.core.frames import Frame, PendingFrame
from edge_app.core.inbox import Inbox
from edge_app.core.metrics import Metrics
from edge_app.core.threads import ThreadGroup

logger = logging.getLogger(__name__)

Redact = Callable[[Frame], tuple[NDArray[np.uint8], int | None]]

SAMPLED_FPS = 2.0  # of a live camera: enough to choose from, and cheaper than all of them
TICK_S = 0.25
JOIN_S = 2.0
PREFETCH = 2  # frames of a file that are decoded ahead


class StopReason(str, Enum):
    """Why a run ended."""

    COMPLETE = "complete"
    FULL = "there is no room left"
    STOPPED = "told to stop"
    EXHAUSTED = "every source has ended"
    LATE = "the time is over"


@dataclass(frozen=True, slots=True)
class CollectLimits:
    """When collecting ends.

    Attributes:
        pictures: Number of pictures in the folder, including those of earlier runs.
        seconds: Duration of the run [s].
    """

    pictures: int
    seconds: float


class Collector:
    """One run of collecting.

    Attributes:
        examined: Number of frames examined, by camera.
    """

    def __init__(
        self, pictures: PictureFolder, limits: CollectLimits, every_s: float, redact: Redact, stop: threading.Event
    ) -> None:
        """Adds to a folder of pictures.

        Args:
            pictures: The folder, entered.
            limits: When to end.
            every_s: As in `FrameSelector`.
            redact: Returns the pixels of a frame to keep, and how many objects were blurred in it.
            stop: Ends the run; what was selected so far is kept.
        """
        self._pictures, self._limits, self._redact, self._stop = pictures, limits, redact, stop
        self._selector = FrameSelector((thumbnail(pixels) for pixels in pictures.read_all()), every_s)
        self._inbox = Inbox()
        self.examined: Counter[str] = Counter()

    @property
    def unchanged(self) -> int:
        """Number of intervals without a novel frame."""
        return self._selector.unchanged

    def run(self, cameras: Mapping[str, CameraConfig], sources: Mapping[str, Source]) -> StopReason:
        """Collects; returns why it ended.

        Raises:
            InputError: A file cannot be read.
            DeviceError: No camera sent a frame within the time limit.
            AccessError: The disk is full, or the operating system refuses.
        """
        threads = ThreadGroup(self._stop)
        capture = Cameras(self._inbox, Metrics(), threads, lambda name, state: None, PREFETCH)
        for name, camera in cameras.items():
            capture.add(name, sources[name], sampled(camera) if sources[name].live else camera)
        try:
            reason = self._collect(capture)
            for candidate in self._selector.flush():
                self._keep(candidate)
        finally:
            capture.stop()
            threads.join(JOIN_S)
        if (error := threads.error or threads.kept) is not None:
            raise error
        if not self.examined and reason is StopReason.LATE:
            states = (f"camera {name}: {status.detail or status.state}" for name, status in capture.statuses().items())
            raise DeviceError(f"no frame within {self._limits.seconds:g} s: {'; '.join(states)}")
        return reason

    def _collect(self, capture: Cameras) -> StopReason:
        deadline = time.monotonic() + self._limits.seconds
        while (reason := self._stop_reason(deadline)) is None:
            for pending in self._inbox.take(1, TICK_S):
                self._examine(pending)
            capture.supervise()
        return reason

    def _stop_reason(self, deadline: float) -> StopReason | None:
        if len(self._pictures.entries) >= self._limits.pictures:
            return StopReason.COMPLETE
        if self._pictures.full:
            return StopReason.FULL
        if self._stop.is_set():
            return StopReason.STOPPED
        if self._inbox.exhausted:
            return StopReason.EXHAUSTED
        return StopReason.LATE if time.monotonic() > deadline else None

    def _examine(self, pending: PendingFrame) -> None:
        try:
            frame = pending.take(time.monotonic())
        except StreamError as error:
            logger.debug("camera %s: frame %d: %s", pending.meta.camera, pending.meta.index, error)
            return
        self.examined[frame.meta.camera] += 1
        if (candidate := self._selector.offer(frame)) is not None:
            self._keep(candidate)

    def _keep(self, candidate: Candidate) -> None:
        """Writes the candidate, unless there are enough or it cannot be blurred."""
        if len(self._pictures.entries) >= self._limits.pictures or self._pictures.full:
            return
        frame = candidate.frame
        try:
            pixels, blurred = self._redact(frame)
        except EngineError as error:
            logger.warning("camera %s: frame %d is left out: %s", frame.meta.camera, frame.meta.index, error)
            return
        entry = self._pictures.add(frame, pixels, blurred)
        if entry is not None:
            self._selector.keep(candidate)
            logger.info("%d of %d: %s", len(self._pictures.entries), self._limits.pictures, entry.file)


def sampled(camera: CameraConfig) -> CameraConfig:
    """The camera, limited to the frames that are examined."""
    return camera.model_copy(update={"max_fps": min(camera.max_fps or SAMPLED_FPS, SAMPLED_FPS)})
