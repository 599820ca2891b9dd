"""The pictures as the model sees them, on the disk: memory does not grow with their number."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from edge_app.core.frames import Letterbox, Picture
from edge_app.model import InputSpec
from edge_app.preprocess import Letterboxer


@dataclass(frozen=True, slots=True)
class CachedPicture:
    """What is known of a picture besides its pixels.

    Attributes:
        name: For people.
        sha256: Of its size and its pixels before the letterbox.
        source_wh: Its own size [px].
        letterbox: Where it lies in the model's input.
        file: The file that holds this picture and no other, if there is one.
    """

    name: str
    sha256: str
    source_wh: tuple[int, int]
    letterbox: Letterbox
    file: Path | None


class CalibrationCache:
    """Letterboxed pictures, uint8 BGR of the model's input size, one after the other in a file.

    Letterboxing them once more does not change them, so the model is fed the same numbers as at run time.

    Attributes:
        items: In the order in which they were added.
    """

    def __init__(self, file: BinaryIO, spec: InputSpec) -> None:
        self.items: list[CachedPicture] = []
        self._rows: list[int] = []  # where in the file
        self._file = file
        self._pixels = np.zeros((spec.height, spec.width, 3), np.uint8)
        plain = spec.model_copy(update={"color": "bgr", "scale": 1.0, "mean": (0.0,) * 3, "std": (1.0,) * 3})
        self._letterboxer = Letterboxer(plain, self._pixels.transpose(2, 0, 1))

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> Picture:
        """A letterboxed picture, in pixels of its own."""
        self._file.seek(self._rows[index] * self._pixels.nbytes)
        pixels = np.empty_like(self._pixels)
        self._file.readinto(pixels.data.cast("B"))  # type: ignore[attr-defined]
        return Picture.from_bgr(pixels)

    def __iter__(self) -> Iterator[Picture]:
        return (self[index] for index in range(len(self)))

    def add(self, picture: Picture, name: str, file: Path | None = None) -> None:
        """Letterboxes a picture and appends it; raises OSError if the disk is full."""
        digest = hashlib.sha256(f"{picture.width}x{picture.height}:".encode())
        digest.update(np.ascontiguousarray(picture.bgr).data)
        letterbox = self._letterboxer.fill(picture)
        end = self._file.seek(0, 2)
        self._file.write(self._pixels.data.cast("B"))
        self._rows.append(end // self._pixels.nbytes)
        self.items.append(CachedPicture(name, digest.hexdigest(), (picture.width, picture.height), letterbox, file))

    def keep(self, indices: Sequence[int]) -> None:
        """Forgets all other pictures."""
        self.items = [self.items[index] for index in indices]
        self._rows = [self._rows[index] for index in indices]

    def spread(self, count: int) -> list[int]:
        """Indices of at most `count` pictures, evenly spaced."""
        return spaced(len(self), count)


@contextmanager
def open_cache(path: Path, spec: InputSpec) -> Iterator[CalibrationCache]:
    """An empty cache in a new file, which is removed at the end of the block."""
    try:
        with path.open("w+b") as file:
            yield CalibrationCache(file, spec)
    finally:
        path.unlink(missing_ok=True)


def spaced(of: int, count: int) -> list[int]:
    """At most `count` of the numbers below `of`, evenly spaced.

    >>> spaced(10, 4)
    [1, 3, 6, 8]
    """
    count = min(of, count)
    return [(2 * index + 1) * of // (2 * count) for index in range(count)]
