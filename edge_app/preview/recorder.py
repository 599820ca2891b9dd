"""Films of what the program sees: one MP4 a camera."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from edge_app.core.detections import Result
from edge_app.core.errors import AccessError, UsageError
from edge_app.core.frames import Frame
from edge_app.preview.annotator import Annotator
from edge_app.preview.camera_recorder import CameraRecorder

logger = logging.getLogger(__name__)

LAST_S = 2.0  # how long the frames that wait may still take at the end


class Recorder:
    """Films for the duration of a `with` block; `add` is for the thread that analyses.

    Attributes:
        paths: The film of each camera.
    """

    def __init__(self, path: Path, cameras: Sequence[str], labels: Sequence[str]) -> None:
        """Films one camera to `path`; several to files of their own beside it, `out-gate.mp4`.

        Raises:
            UsageError: The name is not that of an MP4.
            AccessError: There can be no files there.
        """
        if path.suffix.lower() != ".mp4":
            raise UsageError(f"{path}: want a name that ends with .mp4")
        if path.is_dir() or not os.access(path.parent, os.W_OK):
            raise AccessError(f"{path}: cannot be written")
        several = len(cameras) > 1
        self.paths = {c: path.with_name(f"{path.stem}-{c}{path.suffix}") if several else path for c in cameras}
        artist = Annotator(labels)
        self._reels = {camera: CameraRecorder(camera, film, artist) for camera, film in self.paths.items()}

    def __enter__(self) -> Recorder:
        for reel in self._reels.values():
            reel.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        deadline = time.monotonic() + LAST_S
        for reel in self._reels.values():
            reel.end()
        for camera, reel in self._reels.items():
            if not reel.join(max(0.0, deadline - time.monotonic())):
                logger.warning("record: %s: left behind, stuck in writing", camera)
            if reel.left_out:
                text = "record: %s: %d frames are not in the film: the encoder was too slow"
                logger.warning(text, camera, reel.left_out)

    def add(self, frame: Frame, result: Result) -> None:
        """Films a frame. A file's waits for the encoder; a camera's is left out where too many wait.

        A camera that was not there at the start has no film.
        """
        if reel := self._reels.get(frame.meta.camera):
            reel.add(frame, result)
