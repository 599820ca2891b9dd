"""Pictures of a live camera for a calibration; what was taken stays on the disk until the calibration is done."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Collection, Generator, Iterator
from contextlib import closing
from pathlib import Path

import cv2

from edge_app.calibration.checkpoint import key_of
from edge_app.calibration.pictures import Shown
from edge_app.capture import Source, read_picture, rotated
from edge_app.capture.config import CameraConfig
from edge_app.core import files
from edge_app.core.errors import Reason, StreamError
from edge_app.core.frames import Picture

logger = logging.getLogger(__name__)


class CameraSeries:
    """A series of a live camera, of which a picture is taken now and then."""

    def __init__(
        self, name: str, source: Source, settings: CameraConfig, count: int, every_s: float, folder: Path
    ) -> None:
        """Takes pictures once they are read.

        Args:
            name: The camera's.
            source: Live.
            settings: How it is turned, and when it is tried again.
            count: Pictures to take.
            every_s: From one to the next [s].
            folder: Gets a folder with a PNG of each, from which an interrupted series goes on.
        """
        self.name, self.count = f"camera {name}", count
        self._source, self._settings, self._every_s = source, settings, every_s
        self._folder = folder / key_of(name, source.describe, settings.rotate)

    def read(self, wanted: Collection[int]) -> Iterator[Shown]:
        """See `Series.read`; a camera that is lost later on is tried until it is back."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with closing(self._live()) as live:
            for index in range(max(wanted, default=-1) + 1):
                file = self._folder / f"{index}.png"
                if not file.exists():
                    files.write(file, cv2.imencode(".png", next(live).bgr)[1].tobytes())
                if index in wanted and (read := read_picture(file)) is not None:
                    yield Shown(index, f"{self.name} #{index}", Picture.from_bgr(read[0]))

    def _live(self) -> Generator[Picture, None, None]:
        """A picture every so often, without end; raises StreamError where there is not even the first."""
        backoff, due = self._settings.reconnect.backoff(), 0.0
        while True:
            began, failure = time.monotonic(), StreamError(Reason.ENDED, f"{self._source.describe}: ended")
            try:
                with self._source.open(threading.Event()) as shots:
                    for shot in shots:
                        if shot.time.mono >= due:
                            due = shot.time.mono + self._every_s
                            yield rotated(shot.convert, self._settings.rotate)()
            except StreamError as error:
                failure = error
            if not due:
                raise StreamError(failure.reason, f"{self.name}: {failure}")
            pause = backoff.pause(time.monotonic() - began, login_refused=failure.reason is Reason.AUTH_FAILED)
            logger.warning("%s: %s; it is tried again in %.0f s", self.name, failure, pause)
            time.sleep(pause)
