"""The sources of pictures for a calibration: folders, videos and cameras; one picture is in memory at a time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2

from edge_app.calibration.work_dir import key_of
from edge_app.capture import Cameras, FileSource, Source, is_picture, natural, read_picture
from edge_app.capture.config import CameraConfig
from edge_app.core import files
from edge_app.core.errors import InputError, StreamError
from edge_app.core.frames import Picture
from edge_app.core.inbox import Inbox
from edge_app.core.metrics import Metrics
from edge_app.core.threads import ThreadGroup

logger = logging.getLogger(__name__)

TICK_S = 0.25  # how often a camera that sends nothing is checked
JOIN_S = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class SeriesPicture:
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

    def read(self, wanted: Collection[int]) -> Iterator[SeriesPicture]:
        """The pictures at these places, in order; what cannot be read is left out.

        Raises:
            InputError, StreamError: The file or the camera failed.
        """


class PictureSeries:
    """Files of pictures, in the natural order of their names."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = sorted(files, key=natural)
        self.count = len(files)
        self.name = str(files[0] if len(files) == 1 else files[0].parent)

    def read(self, wanted: Collection[int]) -> Iterator[SeriesPicture]:
        """See `Series.read`."""
        unreadable = 0
        for index in sorted(wanted):
            file = self._files[index]
            if (read := read_picture(file)) is not None:
                yield SeriesPicture(index, file.name, Picture.from_bgr(read[0]), file)
            else:
                unreadable += 1
        if unreadable:
            logger.warning("%s: %d of %d pictures cannot be read", self.name, unreadable, len(wanted))


class VideoSeries:
    """A video file."""

    def __init__(self, path: Path) -> None:
        """Counts its frames; raises InputError if it is not a video."""
        self._path, self.name = path, str(path)
        with _a_file():
            self.count = FileSource(path).count()

    def read(self, wanted: Collection[int]) -> Iterator[SeriesPicture]:
        """See `Series.read`."""
        left = set(wanted)
        with _a_file(), FileSource(self._path).open(threading.Event()) as frames:
            for index, frame in enumerate(frames):
                if index in left:
                    left.remove(index)
                    yield SeriesPicture(index, f"{self._path.name} #{index}", frame.convert())
                if not left:
                    return


class CameraSeries:
    """A picture of a live camera now and then; those taken stay on the disk until the calibration is done."""

    def __init__(
        self, name: str, source: Source, config: CameraConfig, count: int, every_s: float, folder: Path
    ) -> None:
        """Takes pictures once they are read.

        Args:
            name: The camera's.
            source: Live.
            config: How it is rotated, and when it is tried again.
            count: Pictures to take.
            every_s: From one to the next [s].
            folder: Gets a folder with a PNG of each, from which an interrupted series goes on.
        """
        self.name, self.count, self._camera = f"camera {name}", count, name
        self._source, self._config, self._every_s = source, config, every_s
        self._folder = folder / key_of(name, source.description, config.rotate)

    def read(self, wanted: Collection[int]) -> Iterator[SeriesPicture]:
        """See `Series.read`; a camera that is lost after its first picture is tried again until it is back."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with closing(self._live()) as live:
            for index in range(max(wanted, default=-1) + 1):
                file = self._folder / f"{index}.png"
                if not file.exists():
                    files.write(file, cv2.imencode(".png", next(live).bgr)[1].tobytes())
                if index in wanted and (read := read_picture(file)) is not None:
                    yield SeriesPicture(index, f"{self.name} #{index}", Picture.from_bgr(read[0]))

    def _live(self) -> Generator[Picture, None, None]:
        """A picture every `every_s`, without end; raises StreamError if the camera fails before the first one."""
        inbox, threads = Inbox(), ThreadGroup(threading.Event())
        capture = Cameras(inbox, Metrics(), threads, lambda name, status: None, capacity=1)
        update = {"enabled": True, "max_fps": 1 / self._every_s if self._every_s else None}
        capture.add(self._camera, self._source, self._config.model_copy(update=update))
        seen = False
        try:
            while threads.error is None:
                for pending in inbox.take(1, TICK_S):
                    seen = True
                    with suppress(StreamError):  # one broken surface: the next frame will do
                        yield pending.convert()
                capture.supervise()
                status = capture.statuses()[self._camera]
                if not seen and status.reason is not None:
                    raise StreamError(status.reason, f"{self.name}: {status.detail}")
            raise threads.error
        finally:
            capture.stop()
            threads.join(JOIN_S)


def names(series: Sequence[Series]) -> str:
    """Their names in one line."""
    return ", ".join(each.name for each in series)


def find_series(paths: Sequence[Path]) -> list[Series]:
    """The series that these folders, videos and pictures hold; each folder in a folder is one of its own.

    Raises:
        InputError: One is missing, holds no picture or is not a video.
    """
    series: list[Series] = []
    pictures = [path for path in paths if is_picture(path)]
    for path in paths:
        if path.is_dir():
            series += _folder(path)
        elif not path.exists():
            raise InputError(f"{path}: no such file or folder")
        elif path not in pictures:
            series.append(VideoSeries(path))
    return series + ([PictureSeries(pictures)] if pictures else [])


def _folder(path: Path) -> list[Series]:
    folders: dict[Path, list[Path]] = {}
    for file in sorted(path.rglob("*")):
        if is_picture(file):
            folders.setdefault(file.parent, []).append(file)
    if not folders:
        raise InputError(f"{path}: there is no picture in it")
    return [PictureSeries(files) for files in folders.values()]


@contextmanager
def _a_file() -> Iterator[None]:
    """Turns a StreamError into an InputError: a file is not a camera to connect to again."""
    try:
        yield
    except StreamError as error:
        raise InputError(str(error)) from error
