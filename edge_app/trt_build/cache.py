"""The folder of engine files, which one process at a time writes."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from edge_app.core import files
from edge_app.core.errors import AccessError
from edge_app.trt_build.engine_file import EngineFile, EngineMetadata, read_engine_file, write_engine_file
from edge_app.trt_build.key import Key

SUFFIX, TIMINGS = ".plan", ".timings"  # TensorRT's own name for such a file
SERVICE = Path("/var/cache/edge-app")  # CacheDirectory= of the systemd unit


class EngineCache:
    """The folder of engine files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def files(self) -> list[EngineFile]:
        """Each with metadata that can be read, the newest first; raises AccessError if the folder may not be read."""
        try:
            every = list(self.folder.iterdir())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise AccessError(f"{self.folder}: {error.strerror}") from error
        found = filter(None, map(read_engine_file, (path for path in every if path.name.endswith(f"{SUFFIX}.json"))))
        return sorted(found, key=lambda file: file.written, reverse=True)

    def store(self, content: bytes, metadata: EngineMetadata) -> EngineFile:
        """Writes the metadata, then the engine; the caller holds the lock."""
        name = f"{_plain(metadata.model)}-{metadata.precision}-{metadata.key.digest}{SUFFIX}"
        return write_engine_file(self.folder / name, content, metadata)

    def timings(self, key: Key) -> Path:
        """The kernel timings of earlier builds for this GPU with this TensorRT."""
        return self.folder / f"{_plain(key.gpu)}-{key.library}-{key.version}{TIMINGS}"

    def reserve(self, size: int) -> None:
        """Finds out, before a build, whether there is room for a file of that size [bytes].

        Raises:
            AccessError: It cannot.
        """
        try:
            with tempfile.TemporaryFile(dir=self.folder) as file:
                os.posix_fallocate(file.fileno(), 0, size)
        except OSError as error:
            needed = f"no room for an engine file of some {size / 1e6:.0f} MB"
            why = needed if error.errno == errno.ENOSPC else error.strerror
            raise AccessError(f"{self.folder}: {why}") from error

    @contextmanager
    def locked(self, waiting: Callable[[], None]) -> Iterator[None]:
        """One process builds at a time; what a killed one left behind is cleared away.

        Raises:
            AccessError: The folder cannot be made or written, or the disk is full.
        """
        try:
            _make_folder(self.folder)
            with files.locked(self.folder, waiting):
                for draft in self.folder.glob(f".*{SUFFIX}*"):
                    draft.unlink()
                yield
        except OSError as error:
            raise AccessError(f"{error.filename or self.folder}: {error.strerror or error}") from error


def default_cache_dir(environ: Mapping[str, str], service: Path = SERVICE) -> Path:
    """Where systemd wants caches to be; for root the service's, if it is installed; else where XDG does."""
    if given := environ.get("CACHE_DIRECTORY", "").partition(":")[0]:
        return Path(given)
    if xdg := environ.get("XDG_CACHE_HOME"):
        return Path(xdg, "edge_app")
    home = environ.get("HOME")
    if home is None or (os.geteuid() == 0 and service.is_dir()):
        return service
    return Path(home, ".cache/edge_app")


def _plain(name: str) -> str:
    """The name as a part of a file's, which neither leads elsewhere nor hides the file."""
    return "".join(letter if letter.isalnum() or letter == "-" else "_" for letter in name)[:64]


def _make_folder(folder: Path) -> None:
    """The folder and its parents; those that are new can be read by the service's user."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
