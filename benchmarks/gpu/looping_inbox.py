"""An inbox that repeats the same pictures: 1080p of the rendered street, on the GPU or on the host."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from edge_app.core.frames import CaptureTime, FrameMeta, PendingFrame, Picture, Plane
from edge_app.synthetic import Settings, Street

WIDTH, HEIGHT = 1920, 1080
COUNT = 64


def street_bgr(count: int = COUNT) -> Iterator[Picture]:
    """Frames of the street in host memory."""
    street = Street(Settings(seed=7, width=WIDTH, height=HEIGHT, fps=30))
    for index in range(count):
        yield Picture.from_bgr(np.ascontiguousarray(street.picture(index)))


def nv12(picture: Picture) -> Picture:
    """Converts a BGR picture to NV12, as decoders return it, in host memory."""
    i420 = cv2.cvtColor(picture.bgr, cv2.COLOR_BGR2YUV_I420).reshape(-1)
    luma, chroma = np.split(i420, [WIDTH * HEIGHT])
    pairs = chroma.reshape(2, -1).T.reshape(HEIGHT // 2, WIDTH)
    planes = [luma.reshape(HEIGHT, WIDTH), np.ascontiguousarray(pairs)]
    return Picture(WIDTH, HEIGHT, "nv12", tuple(Plane(plane, plane.strides[0]) for plane in planes))


class LoopingInbox:
    """Stands in for the analysis thread's inbox: repeats pictures until a number of frames or a time is reached.

    Attributes:
        taken: Number of frames taken so far.
    """

    def __init__(self, pictures: Sequence[Picture], *, frames: float = math.inf, seconds: float = math.inf) -> None:
        self._decoders = [lambda picture=picture: picture for picture in pictures]
        self._frames = frames
        self._end = time.monotonic() + seconds
        self.taken = 0

    @property
    def waiting(self) -> bool:
        """Whether a batch can be had at once."""
        return not self.finish()

    @property
    def next_is_alone(self) -> bool:
        """None of the pictures is so large."""
        return False

    def finish(self) -> bool:
        """Whether nothing comes any more."""
        return self.taken >= self._frames or time.monotonic() > self._end

    def take_removed(self) -> set[str]:
        """No camera is removed."""
        return set()

    def take_ended(self) -> set[str]:
        """No camera ends before the others."""
        return set()

    def take(self, max_frames: int, timeout_s: float) -> list[PendingFrame]:
        """The next frames, without waiting."""
        now, first = time.monotonic(), self.taken
        self.taken += max_frames
        taken = CaptureTime(wall=0.0, mono=now, source="file")
        return [
            PendingFrame(
                meta=FrameMeta(camera="ring", index=index, live=False, time=taken, queued_mono=now),
                decode_s=0.0,
                convert=self._decoders[index % len(self._decoders)],
            )
            for index in range(first, self.taken)
        ]
