"""One camera's recording, annotated and encoded in a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections import deque
from pathlib import Path

from edge_app.core.colour import to_bgr
from edge_app.core.detections import Result
from edge_app.core.files import refusal
from edge_app.core.frames import Frame, FrameMeta
from edge_app.evidence import PrivacyMasks
from edge_app.preview.annotator import Annotator
from edge_app.preview.mp4_writer import FAILURES, Mp4Writer
from edge_app.preview.places import PlacesPainter
from edge_app.preview.tails import Tails

logger = logging.getLogger(__name__)

CAPACITY = 4  # frames that may wait for the encoder


class CameraRecorder:
    """Records one camera: a queue of frames, and the thread that encodes them.

    Attributes:
        dropped: Frames of a live camera that were dropped because the encoder was too slow.
    """

    def __init__(
        self, camera: str, path: Path, annotator: Annotator, places: PlacesPainter, masks: PrivacyMasks
    ) -> None:
        self.dropped = 0
        self._masks = masks
        self._path, self._annotator, self._places, self._tails = path, annotator, places, Tails()
        self._queue: deque[tuple[Frame, Result]] = deque()
        self._changed = threading.Condition()
        self._ended = False
        self._writer: Mp4Writer | None = None
        self._thread = threading.Thread(target=self._run, name=f"record {camera}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wants(self, meta: FrameMeta) -> bool:
        """Whether a frame would be queued; one of a live camera that would not counts as dropped."""
        full = meta.live and len(self._queue) >= CAPACITY and not self._ended
        self.dropped += full
        return not full

    def add(self, frame: Frame, result: Result) -> None:
        """Queues a frame. If the queue is full, a file's frame waits and a live camera's is dropped."""
        with self._changed:
            if not frame.meta.live:
                self._changed.wait_for(lambda: len(self._queue) < CAPACITY or self._ended)
            elif len(self._queue) >= CAPACITY and not self._ended:
                self.dropped += 1
                return
            if not self._ended:
                self._queue.append((frame, result))
                self._changed.notify_all()

    def end(self) -> None:
        """Ends the recording after the queued frames, and releases whoever waits in `add`."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def join(self, timeout_s: float) -> bool:
        """Waits for the queued frames to be written; returns whether they were, within the timeout."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        """Records until the end. A failure, such as a full disk, ends only this recording."""
        try:
            while item := self._take():
                self._write(*item)
            if self._writer is not None:
                self._writer.close()
        except FAILURES as error:
            why = refusal(error) if isinstance(error, OSError) else error
            logger.warning("record: %s ends here: %s", self._path, why)
            if self._writer is not None:
                self._writer.abort()
        finally:
            self.end()

    def _take(self) -> tuple[Frame, Result] | None:
        """The next frame; None when the recording has ended and the queue is empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._ended)
            item = self._queue.popleft() if self._queue else None
            self._changed.notify_all()
            return item

    def _write(self, frame: Frame, result: Result) -> None:
        if self._writer is None:
            self._writer = Mp4Writer(self._path, frame.picture.width, frame.picture.height)
        self._places.count(result.events)
        pixels = self._places.draw(self._masks.hide(frame.meta.camera, to_bgr(frame.picture)))
        annotated = self._annotator.draw(pixels, result.detections, self._tails.follow(result))
        self._writer.add(annotated, result.meta.time.wall)
