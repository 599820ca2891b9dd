"""Films of what the program sees: one MP4 a camera, drawn and encoded in a thread of its own."""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from edge_app.detections import Result
from edge_app.errors import AccessError, UsageError
from edge_app.frames import Frame
from edge_app.pictures.drawing import Artist

logger = logging.getLogger(__name__)

WAITING = 16  # frames that wait for the encoder
LAST_S = 2.0  # how long the frames that wait may still take at the end
CLOCK = Fraction(1, 1000)  # [s]
OPTIONS = {"preset": "veryfast", "crf": "23", "bf": "0"}
FAILURES = (av.FFmpegError, cv2.error, OSError, ValueError)  # of the disk, the encoder and odd pictures
WHOLE_UP_TO_A_CUT = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}


class Film:
    """One file; each picture lasts until the next was taken. A power cut costs its last seconds only."""

    def __init__(self, path: Path, width: int, height: int) -> None:
        """Begins the file for pictures of that size [px]; raises OSError."""
        self._wh = max(2, width // 2 * 2), max(2, height // 2 * 2)  # the chroma planes have half of it
        # An absolute path: libav takes what stands before a colon for a protocol.
        self._container = av.open(str(path.absolute()), "w", options=WHOLE_UP_TO_A_CUT)
        self._stream = self._container.add_stream("libx264", rate=30, options=OPTIONS)
        self._stream.width, self._stream.height = self._wh
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.time_base = CLOCK
        self._began: float | None = None
        self._last = -1

    def add(self, pixels: NDArray[np.uint8], captured_at: float) -> None:
        """Appends a BGR picture that was taken then [s]; one of another size is scaled."""
        if (pixels.shape[1], pixels.shape[0]) != self._wh:
            pixels = np.asarray(cv2.resize(pixels, self._wh, interpolation=cv2.INTER_AREA), np.uint8)
        self._began = captured_at if self._began is None else self._began
        self._last = max(self._last + 1, round((captured_at - self._began) / CLOCK))
        picture = av.VideoFrame.from_ndarray(pixels, format="bgr24")
        picture.pts, picture.time_base = self._last, CLOCK
        self._container.mux(self._stream.encode(picture))

    def close(self) -> None:
        """Ends the file."""
        self._container.mux(self._stream.encode())
        self._container.close()


class Recorder:
    """Films for the duration of a `with` block; `add` is for the thread that analyses."""

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
        self.left_out = 0  # frames
        self._artist = Artist(labels)
        self._films: dict[str, Film | None] = {}
        self._waiting: deque[tuple[Frame, Result]] = deque()
        self._changed = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="record", daemon=True)

    def __enter__(self) -> Recorder:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end_waiting()
        self._thread.join(LAST_S)
        if self._thread.is_alive():
            logger.warning("record: left behind, stuck in writing")
        if self.left_out:
            logger.warning("record: %d frames are not in the film: the encoder was too slow", self.left_out)

    def add(self, frame: Frame, result: Result) -> None:
        """Films a frame. A file's waits for the encoder; a camera's is left out where too many wait."""
        with self._changed:
            if not frame.live:
                self._changed.wait_for(lambda: len(self._waiting) < WAITING or self._ended)
            elif len(self._waiting) >= WAITING:
                self.left_out += 1
                return
            self._waiting.append((frame, result))
            self._changed.notify_all()

    def _run(self) -> None:
        try:
            with ExitStack() as stack:
                while taken := self._take():
                    self._film(*taken, stack)
        finally:
            self._end_waiting()

    def _take(self) -> tuple[Frame, Result] | None:
        """The next frame; none when the recording has ended and nothing waits."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._ended)
            taken = self._waiting.popleft() if self._waiting else None
            self._changed.notify_all()
            return taken

    def _film(self, frame: Frame, result: Result, stack: ExitStack) -> None:
        """Draws and encodes; a film that fails, such as on a full disk, is given up."""
        camera, picture = frame.camera, frame.picture
        try:
            if camera not in self._films:
                self._films[camera] = Film(self.paths[camera], picture.width, picture.height)
                stack.callback(self._end, camera)
            if (film := self._films[camera]) is not None:
                film.add(self._artist.draw(picture.bgr, result.detections), result.captured_at)
        except FAILURES as error:
            self._give_up(camera, error)

    def _end_waiting(self) -> None:
        """Nobody waits for the encoder any more."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _end(self, camera: str) -> None:
        try:
            if (film := self._films[camera]) is not None:
                film.close()
        except FAILURES as error:
            self._give_up(camera, error)

    def _give_up(self, camera: str, error: Exception) -> None:
        self._films[camera] = None
        logger.warning("record: %s ends here: %s", self.paths[camera], getattr(error, "strerror", None) or error)
