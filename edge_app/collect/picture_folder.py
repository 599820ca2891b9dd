"""The folder of collected pictures and its manifest, with a line of JSON per picture."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from edge_app.core import files
from edge_app.core.errors import AccessError, DataError, TemporaryError
from edge_app.core.frames import Frame, TimestampSource

MANIFEST = "manifest.ndjson"
JPEG_QUALITY = 95  # loses far less than the camera's own encoding
DRAFT = re.compile(r"\.\d{6}_\w+\.\w+\.[0-9a-f]{8}")  # a picture's temporary file, left by a power cut


class ManifestEntry(BaseModel):
    """One line of the manifest.

    Attributes:
        file: Name of the picture in the folder.
        camera: Name of the camera.
        capture_time, ts_source: When it was captured [s since 1970], and how that is known, as in the messages.
        sha256: Of the file.
        width, height: Of the picture [px].
        brightness: Mean of its pixels, 0 to 255.
        blurred: How many objects were blurred; None if blurring was not requested.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    file: str
    camera: str
    capture_time: float
    ts_source: TimestampSource
    sha256: str
    width: int
    height: int
    brightness: float
    blurred: int | None = None


class PictureFolder:
    """The folder, locked against other processes for the duration of a `with` block.

    Attributes:
        entries: Entries of the manifest whose pictures exist.
        bytes: Total size of the folder's files.
        full: Whether the last picture did not fit.
    """

    def __init__(self, path: Path, suffix: str, max_bytes: int) -> None:
        """Writes pictures with this suffix, `.jpg` or `.png`, while all files together take at most `max_bytes`."""
        self.path, self._suffix, self._max_bytes = path, suffix, max_bytes
        self.entries: list[ManifestEntry] = []
        self.bytes = 0
        self.full = False
        self._next = 0

    def __enter__(self) -> PictureFolder:
        """Creates the folder, or continues an earlier run's.

        Raises:
            AccessError: The operating system refuses.
            DataError: The manifest was not written by `collect`.
            TemporaryError: Another process collects into the folder.
        """
        with ExitStack() as stack:
            try:
                self.path.mkdir(parents=True, exist_ok=True)
                self._manifest = stack.enter_context((self.path / MANIFEST).open("a+b"))
                stack.enter_context(files.locked(self.path / MANIFEST))
            except BlockingIOError:
                raise TemporaryError(f"{self.path}: another process collects into it") from None
            except OSError as error:
                raise AccessError(f"{self.path}: {error.strerror}") from error
            self._resume()
            self._opened = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()

    def read_all(self) -> Iterator[NDArray[np.uint8]]:
        """The pixels of every picture that can be read, BGR, uint8 (height, width, 3)."""
        for entry in self.entries:
            pixels = cv2.imread(str(self.path / entry.file), cv2.IMREAD_COLOR)
            if pixels is not None:
                yield np.asarray(pixels, np.uint8)

    def add(self, frame: Frame, pixels: NDArray[np.uint8], blurred: int | None) -> ManifestEntry | None:
        """Writes a frame's picture, then its manifest line; returns None if there is no room for it.

        Args:
            frame: The frame that the manifest describes.
            pixels: The picture to keep, BGR, uint8 (height, width, 3).
            blurred: As in `ManifestEntry`.

        Raises:
            AccessError: The operating system refuses, or the disk is full.
        """
        content = self._encoded(pixels)
        path = self.path / f"{self._next:06d}_{frame.meta.camera}{self._suffix}"
        entry = ManifestEntry(
            file=path.name,
            camera=frame.meta.camera,
            capture_time=round(frame.meta.time.wall, 3),
            ts_source=frame.meta.time.source,
            sha256=hashlib.sha256(content).hexdigest(),
            width=pixels.shape[1],
            height=pixels.shape[0],
            brightness=round(float(pixels.mean()), 1),
            blurred=blurred,
        )
        line = entry.model_dump_json(exclude_none=True).encode() + b"\n"
        self.full = self.bytes + len(content) + len(line) > self._max_bytes
        if self.full:
            return None
        try:
            files.write(path, content, replace=False)
            os.utime(path, (frame.meta.time.wall, frame.meta.time.wall))  # a folder's pictures are timed by their files
            _append(self._manifest, line)
        except OSError as error:
            raise AccessError(f"{path}: {error.strerror}") from error
        self._next += 1
        self.bytes += len(content) + len(line)
        self.entries.append(entry)
        return entry

    def _encoded(self, pixels: NDArray[np.uint8]) -> bytes:
        options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY] if self._suffix == ".jpg" else []
        return cv2.imencode(self._suffix, pixels, options)[1].tobytes()

    def _resume(self) -> None:
        """Continues from an earlier run, and removes what a power cut left unfinished."""
        self._manifest.seek(0)
        lines = self._manifest.read().splitlines(keepends=True)
        if lines and not lines[-1].endswith(b"\n"):
            self._manifest.truncate(sum(map(len, lines[:-1])))
            lines.pop()
        listed = [self._entry(number, line) for number, line in enumerate(lines, 1)]
        present = [path for path in self.path.iterdir() if path.is_file()]
        for draft in [path for path in present if DRAFT.fullmatch(path.name)]:
            present.remove(draft)
            draft.unlink()
        names = {path.name for path in present}
        self.entries = [entry for entry in listed if entry.file in names]
        self.bytes = sum(path.stat().st_size for path in present)
        # Numbers are never reused, even if a picture was deleted by hand.
        matches = [re.match(r"\d{6,}(?=_)", name) for name in (*names, *(entry.file for entry in listed))]
        self._next = max((int(match[0]) for match in matches if match), default=-1) + 1

    def _entry(self, number: int, line: bytes) -> ManifestEntry:
        try:
            return ManifestEntry.model_validate_json(line)
        except ValidationError:
            raise DataError(f"{self.path / MANIFEST}:{number}: not a line that `collect` writes") from None


def _append(file: BinaryIO, line: bytes) -> None:
    file.write(line)
    file.flush()
    os.fsync(file.fileno())
