"""Where pictures for a calibration come from: folders and videos; one is in memory at a time."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edge_app.capture import SUFFIXES, FileSource, natural, read_picture
from edge_app.core.errors import InputError, StreamError
from edge_app.core.frames import Picture


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """One picture of a series.

    Attributes:
        index: Its place in the series.
        name: For people.
        picture: The pixels.
        file: The file that holds it and no other picture, if there is one.
    """

    index: int
    name: str
    picture: Picture
    file: Path | None = None


class Series(Protocol):
    """Pictures in the order of time."""

    @property
    def name(self) -> str:
        """Its file, folder or camera, for people."""

    @property
    def count(self) -> int:
        """How many there are, as far as that can be known before they are read."""

    def read(self, wanted: Collection[int]) -> Iterator[Shown]:
        """Those of these places, in their order; what cannot be read is left out.

        Raises:
            InputError, StreamError: The file or the camera failed.
        """


class Pictures:
    """Files of pictures, in the natural order of their names."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = sorted(files, key=natural)
        self.count = len(files)
        self.name = str(files[0] if len(files) == 1 else files[0].parent)

    def read(self, wanted: Collection[int]) -> Iterator[Shown]:
        """See `Series.read`."""
        for index in sorted(wanted):
            file = self._files[index]
            if (read := read_picture(file)) is not None:
                yield Shown(index, file.name, Picture.from_bgr(read[0]), file)


class Video:
    """A video file."""

    def __init__(self, path: Path) -> None:
        """Counts its frames; raises InputError where it is no video."""
        self._path, self.name = path, str(path)
        with _a_file():
            self.count = FileSource(path).count()

    def read(self, wanted: Collection[int]) -> Iterator[Shown]:
        """See `Series.read`."""
        left = set(wanted)
        with _a_file(), FileSource(self._path).open(threading.Event()) as shots:
            for index, shot in enumerate(shots):
                if index in left:
                    left.remove(index)
                    yield Shown(index, f"{self._path.name} #{index}", shot.convert())
                if not left:
                    return


def names(series: Sequence[Series]) -> str:
    """Their names in one line."""
    return ", ".join(each.name for each in series)


def find_series(paths: Sequence[Path]) -> list[Series]:
    """The series that these folders, videos and pictures hold; each folder in a folder is one of its own.

    Raises:
        InputError: One is missing, holds no picture or is no video.
    """
    series: list[Series] = []
    pictures = [path for path in paths if path.is_file() and path.suffix.lower() in SUFFIXES]
    for path in paths:
        if path.is_dir():
            series += _folder(path)
        elif not path.exists():
            raise InputError(f"{path}: no such file or folder")
        elif path not in pictures:
            series.append(Video(path))
    return series + ([Pictures(pictures)] if pictures else [])


def _folder(path: Path) -> list[Series]:
    folders: dict[Path, list[Path]] = {}
    for file in sorted(path.rglob("*")):
        if file.suffix.lower() in SUFFIXES and file.is_file():
            folders.setdefault(file.parent, []).append(file)
    if not folders:
        raise InputError(f"{path}: there is no picture in it")
    return [Pictures(files) for files in folders.values()]


@contextmanager
def _a_file() -> Iterator[None]:
    """A file that fails is an input that fails, not a camera to connect to again."""
    try:
        yield
    except StreamError as error:
        raise InputError(str(error)) from error
