"""One camera's film: drawn and encoded in a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections import deque
from pathlib import Path

from edge_app.core.colour import to_bgr
from edge_app.core.detections import Result
from edge_app.core.frames import Frame
from edge_app.preview.annotator import Annotator
from edge_app.preview.mp4_writer import FAILURES, Mp4Writer

logger = logging.getLogger(__name__)

WAITING = 4  # frames that wait for the encoder


class CameraRecorder:
    """The frames that wait, and the thread that films them; `add` and `end` are for other threads.

    Attributes:
        left_out: Frames of a live camera for which the encoder was too slow.
    """

    def __init__(self, camera: str, path: Path, artist: Annotator) -> None:
        self.left_out = 0
        self._path, self._artist = path, artist
        self._waiting: deque[tuple[Frame, Result]] = deque()
        self._changed = threading.Condition()
        self._ended = False
        self._film: Mp4Writer | None = None
        self._thread = threading.Thread(target=self._run, name=f"record {camera}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def add(self, frame: Frame, result: Result) -> None:
        """Films a frame. A file's waits for the encoder; a camera's is left out where too many wait."""
        with self._changed:
            if not frame.meta.live:
                self._changed.wait_for(lambda: len(self._waiting) < WAITING or self._ended)
            elif len(self._waiting) >= WAITING and not self._ended:
                self.left_out += 1
                return
            if not self._ended:
                self._waiting.append((frame, result))
                self._changed.notify_all()

    def end(self) -> None:
        """Nothing more comes, and nobody waits for the encoder any more."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def join(self, timeout_s: float) -> bool:
        """Whether what waited is filmed within so long [s]."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        """Films until the end; what fails, such as on a full disk, ends this film alone."""
        try:
            while taken := self._take():
                self._add(*taken)
            if self._film is not None:
                self._film.close()
        except FAILURES as error:
            logger.warning("record: %s ends here: %s", self._path, getattr(error, "strerror", None) or error)
            if self._film is not None:
                self._film.break_off()
        finally:
            self.end()

    def _take(self) -> tuple[Frame, Result] | None:
        """The next frame; none when the recording has ended and nothing waits."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._ended)
            taken = self._waiting.popleft() if self._waiting else None
            self._changed.notify_all()
            return taken

    def _add(self, frame: Frame, result: Result) -> None:
        if self._film is None:
            self._film = Mp4Writer(self._path, frame.picture.width, frame.picture.height)
        self._film.add(self._artist.draw(to_bgr(frame.picture), result.detections), result.meta.time.wall)
