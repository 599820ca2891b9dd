"""Notices pictures that are hardly what a camera sees, although they come: always the same, or black."""

from __future__ import annotations

import time

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_app.core.camera_status import CameraWarning
from edge_app.core.colour import LUMA_WEIGHTS, coefficients
from edge_app.core.errors import StreamError
from edge_app.core.frames import Picture

LOOK_S = 1.0  # between two looks
FETCH_S = 5.0  # the same where the whole picture has to be copied from a GPU
ROWS = 64  # whole ones of a picture that are looked at: closer than a clock is high that the camera writes into it
BLACK = 8.0  # mean luma of 0 to 255 below which nothing is seen
MISSES = 2  # looks in a row that end it: a key frame codes the same picture anew, which is one


class PictureWatch:
    """Looks at the pictures of one connection, one a second at most; one thread uses it.

    Frozen are pictures whose rows are the same to the last bit from look to look. A camera that codes a still picture
    anew again and again, or goes on to write the time into it, is not noticed. A camera whose coder finds nothing to
    send is taken for frozen until something moves.
    """

    def __init__(self, timeout_s: float) -> None:
        """Takes how long something has to last [s] before it is told."""
        self._timeout_s = timeout_s
        self._frozen, self._black = Lasting(timeout_s), Lasting(timeout_s)
        self._rows = b""
        self._next_mono = 0.0

    def look(self, picture: Picture, now_mono: float) -> tuple[CameraWarning, ...] | None:
        """What is to be warned of as of this picture, at that time [s]; None if it was not looked at."""
        if now_mono < self._next_mono:
            return None
        self._next_mono = now_mono + (LOOK_S if picture.memory == "host" else FETCH_S)
        try:
            picture = picture.on_host()
        except StreamError:
            return None
        rows = sampled(picture)
        before, self._rows = self._rows, rows.tobytes()
        black = mean_luma(rows, picture) < BLACK
        frozen = self._frozen.seen(before == self._rows and not black, now_mono)
        dark = self._black.seen(black, now_mono)
        found = []
        if frozen is not None:
            found.append(CameraWarning(reason="frozen_picture", since=frozen, detail=self._for("the same picture")))
        if dark is not None:
            found.append(CameraWarning(reason="black_picture", since=dark, detail=self._for("a black picture")))
        return tuple(found)

    def _for(self, what: str) -> str:
        return f"{what} for {self._timeout_s:g} s"


class Lasting:
    """Whether something was so at every look for some time, and since when."""

    def __init__(self, timeout_s: float) -> None:
        """Takes how long [s]."""
        self._timeout_s = timeout_s
        self._began: tuple[float, float] | None = None  # on the monotonic clock, and since 1970
        self._lasts = False
        self._misses = 0

    def seen(self, is_so: bool, now_mono: float) -> float | None:
        """Since when it lasts [s since 1970] as of this look; None if it does not."""
        self._misses = 0 if is_so else self._misses + 1
        if self._misses >= (MISSES if self._lasts else 1):
            self._began, self._lasts = None, False
        elif self._began is None:
            self._began = now_mono, time.time()
        elif now_mono - self._began[0] >= self._timeout_s:
            self._lasts = True
        return self._began[1] if self._began and self._lasts else None


def sampled(picture: Picture) -> NDArray[np.uint8]:
    """Some rows of a host picture, evenly spread: of BGR, or of luma where it has a plane of that."""
    data = picture.planes[0].data
    if picture.memory == "device" or not isinstance(data, np.ndarray):
        raise ValueError(f"want planes on the host; got {picture.format} on the {picture.memory}")
    step = max(1, picture.height // ROWS)
    return data[step // 2 :: step]


def mean_luma(rows: NDArray[np.uint8], picture: Picture) -> float:
    """Their mean luma, 0 for black to 255 for white, whatever the picture's range."""
    means = cv2.mean(rows)
    if picture.format == "bgr":
        blue, green, red, _ = means
        of_red, of_blue = LUMA_WEIGHTS["bt601"]
        return of_red * red + (1 - of_red - of_blue) * green + of_blue * blue
    black = coefficients(picture.matrix, picture.full_range).black
    return (means[0] - black) * (1.0 if picture.full_range else 255 / 219)
