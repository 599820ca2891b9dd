"""A camera of this machine, /dev/video*, through OpenCV and V4L2.

Tested with a device that the tests simulate below the C library; never with a real camera, as there was none.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from edge_app.capture.capture_time import Moment
from edge_app.capture.sources.source import DecodedFrame, SourceKind
from edge_app.core.errors import Reason, StreamError
from edge_app.core.frames import Picture
from edge_app.core.packets import PacketTap

READ_TIMEOUT_S = 3  # OpenCV's own is 10 s, longer than stopping may take


class V4l2Source:
    """One V4L2 device."""

    live = True

    def __init__(self, device: Path) -> None:
        self.description = str(device)
        self._device = device

    @contextmanager
    def open(self, stop: threading.Event, packets: PacketTap | None = None) -> Iterator[Iterator[DecodedFrame]]:
        """Opens the device; see `Source.open`."""
        # OpenCV would only say that it could not open it, and print warnings of its own.
        self._look_for_device()
        if not os.access(self._device, os.R_OK | os.W_OK):
            raise StreamError(
                Reason.FAILED, f"{self.description}: permission denied: is the user in the group `video`?"
            )
        # OpenCV takes it from the environment only.
        os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", str(READ_TIMEOUT_S))
        capture = cv2.VideoCapture(self.description, cv2.CAP_V4L2)
        try:
            if not capture.isOpened():
                raise StreamError(Reason.FAILED, f"{self.description}: not a camera, or in use")
            yield self._frames(capture, stop)
        finally:
            capture.release()

    def _look_for_device(self) -> None:
        if not self._device.is_char_device():
            raise StreamError(Reason.NOT_FOUND, f"{self.description}: no such device")

    def _frames(self, capture: cv2.VideoCapture, stop: threading.Event) -> Iterator[DecodedFrame]:
        fps = capture.get(cv2.CAP_PROP_FPS) or None
        while not stop.is_set():
            if not capture.grab():
                self._look_for_device()  # it may have been unplugged
                raise StreamError(Reason.STALLED, f"{self.description}: no more pictures")
            taken = Moment.now()
            # The device reuses its buffer: a picture has to be out of it before the next one is grabbed.
            decoded, pixels = capture.retrieve()
            if not decoded:
                raise StreamError(Reason.DECODE_ERRORS, f"{self.description}: a picture cannot be decoded")
            convert = partial(Picture.from_bgr, np.asarray(pixels, np.uint8))
            decode_s = time.monotonic() - taken.mono
            yield DecodedFrame(time=taken.as_capture(), decode_s=decode_s, convert=convert, fps=fps)


KIND = SourceKind(
    open=lambda config, decoders: V4l2Source(Path(config.url)),
    takes_path=lambda path: path.startswith("/dev/") and not path.startswith("/dev/shm/"),  # noqa: S108, files in memory
)
