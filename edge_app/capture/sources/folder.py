"""A folder of pictures, read once in the order of their names."""

from __future__ import annotations

import io
import logging
import math
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path

import cv2
import imagesize
import numpy as np
from numpy.typing import NDArray

from edge_app.capture.decode.picture_budget import LARGEST_PX
from edge_app.capture.sources.source import BrokenOffError, DecodedFrame, SourceKind
from edge_app.core.errors import Reason, StreamError
from edge_app.core.frames import CaptureTime, Picture
from edge_app.core.packets import PacketTap

logger = logging.getLogger(__name__)

SUFFIXES = {".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
BYTES_A_PIXEL = 4  # of a file without compression …
HEADERS = 1 << 20  # … and what else it may hold [bytes]
STEP_S = 1.0  # with `start_at`, from one picture to the next


def natural(path: Path) -> list[tuple[int, str]]:
    """A key that sorts numbers in names by their value.

    >>> sorted([Path("10.png"), Path("9b.png"), Path("9a.png")], key=natural)[0].name
    '9a.png'
    """
    parts = re.split(r"([0-9]+)", path.name)
    return [(int(part), "") if part.isdecimal() else (0, part) for part in parts] + [(0, path.name)]


class FolderSource:
    """The pictures of one folder, without its subfolders; other files are ignored.

    Each was taken at its file's time, or with `start_at` a second after the one before it.
    """

    live = False

    def __init__(self, folder: Path, start_at: datetime | None = None, max_px: int = LARGEST_PX) -> None:
        self.description = str(folder)
        self._folder = folder
        self._start_at, self._max_px = start_at, max_px

    @contextmanager
    def open(self, stop: threading.Event, packets: PacketTap | None = None) -> Iterator[Iterator[DecodedFrame]]:
        """Lists the folder; see `Source.open`."""
        try:
            paths = [path for path in self._folder.iterdir() if is_picture(path)]
        except OSError as error:
            raise StreamError(Reason.FAILED, f"{self.description}: {error.strerror}") from None
        if not paths:
            raise StreamError(Reason.NOT_FOUND, f"{self.description}: there is no picture in it")
        yield self._frames(sorted(paths, key=natural), stop)

    def _frames(self, paths: list[Path], stop: threading.Event) -> Iterator[DecodedFrame]:
        broken, unreadable = 0, 0
        for index, path in enumerate(paths):
            if stop.is_set():
                return
            began = time.monotonic()
            read = read_picture(path, self._max_px)
            if read is None:
                self._warn(path, first=not unreadable)
                broken, unreadable = broken + 1, unreadable + 1
                continue
            pixels, changed = read
            taken = self._start_at.timestamp() + index * STEP_S if self._start_at else changed
            now = time.monotonic()
            yield DecodedFrame(
                time=CaptureTime(wall=taken, mono=now, source="file"),
                decode_s=now - began,
                convert=partial(Picture.from_bgr, pixels),
                broken=broken,
            )
            broken = 0
        if unreadable == len(paths):
            raise StreamError(Reason.CODEC, f"{self.description}: none of its {len(paths)} pictures can be read")
        if unreadable:
            logger.warning("%s: %d of %d pictures cannot be read", self.description, unreadable, len(paths))
        if broken:
            raise BrokenOffError(StreamError(Reason.ENDED, f"{self.description}: ended"), broken)

    def _warn(self, path: Path, *, first: bool) -> None:
        if first:
            logger.warning("%s: cannot be read as a picture; it and others like it are counted and left out", path)


def is_picture(path: Path) -> bool:
    """Whether it is called one; macOS puts a `._` file, which is no picture, beside each that it copies."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith("._") and path.is_file()


def read_picture(path: Path, max_px: int = LARGEST_PX) -> tuple[NDArray[np.uint8], float] | None:
    """Its pixels, BGR, upright, uint8 (height, width, 3), and the file's time [s].

    None if it is not a picture, or has more than `max_px` pixels, or more bytes than these can take.
    """
    try:
        status = path.stat()
        if status.st_size > max_px * BYTES_A_PIXEL + HEADERS:
            return None
        content = path.read_bytes()
        if math.prod(imagesize.get(io.BytesIO(content))) > max_px:
            return None
        pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    except (OSError, ValueError, cv2.error):
        return None
    return None if pixels is None else (np.asarray(pixels, np.uint8), status.st_mtime)


KIND = SourceKind(
    open=lambda config, decoders: FolderSource(Path(config.url), config.start_at, config.max_picture_px),
    takes_path=lambda path: Path(path).is_dir(),
    stored=True,
    # Pictures are often all written at once: limited by their files' times, nearly all would be lost.
    refused={"max_fps": "does not go with a folder, whose pictures are all taken"},
    finite_url=lambda url, frames: url,
)
