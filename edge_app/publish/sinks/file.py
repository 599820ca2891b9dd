"""Messages in a file, one per line; it is rotated by size and time."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import stat
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from edge_app.config.section import ConfigPath, FileMode, Flag, Name
from edge_app.core import files
from edge_app.core.errors import AccessError, ConfigError, SinkError
from edge_app.machine import NEVER_SET_BEFORE, ClockJumps
from edge_app.publish.messages import Message
from edge_app.publish.sinks.rotation import Rotation
from edge_app.publish.sinks.sink import SinkConfig

REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.EWOULDBLOCK}
IMPOSSIBLE = {errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL}
CHECK_S = 1.0  # how often we check whether somebody moved the file away


class FileSink:
    """Appends whole lines, each with one system call; a line that does not fit on the disk is taken back."""

    def __init__(self, config: FileSinkConfig) -> None:
        """Creates nothing; raises AccessError or ConfigError if there can be no such file."""
        self.kinds = frozenset(config.messages)
        self._path, self._shared = config.path, config.shared
        self._mode = int(config.mode, 8)
        self._max_bytes = config.rotate_mb * 1e6
        self._rotation = Rotation(config.path, config.rotate_s, config.keep)
        self._fd = -1
        self._size = 0
        self._period, self._jumps = 0.0, ClockJumps()
        self._checked_mono = 0.0
        self._written: list[Message] = []
        self._opened_once = False
        check_writable(self._path)

    def open(self, wake: Callable[[], None]) -> bool:
        """Opens the file; what the system refuses the first time is not a passing failure."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._reopen()
        except OSError as error:
            if not self._opened_once:
                _raise_permanent(self._path, error)
            raise self._failed(error) from error
        self._opened_once = True
        return True

    def send(self, message: Message) -> bool:
        line = message.payload + b"\n"
        try:
            self._rotate_if_due(len(line))
            self._append(line)
        except OSError as error:
            raise self._failed(error) from error
        self._written.append(message)
        return True

    def confirmed(self) -> Sequence[Message]:
        written, self._written = self._written, []
        return written

    def close(self) -> None:
        if self._fd >= 0:
            with suppress(OSError):
                os.close(self._fd)
        self._fd = -1

    def _reopen(self) -> None:
        self.close()
        self._fd = files.open_to_write(self._path, os.O_RDWR | os.O_APPEND, self._mode)
        state = os.fstat(self._fd)
        if stat.S_ISREG(state.st_mode) and not self._shared:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._size = state.st_size
        dated = self._size and state.st_mtime >= NEVER_SET_BEFORE
        self._period = self._rotation.period(state.st_mtime if dated else time.time())
        # A power cut may have torn the last line; the next one must not be glued to it.
        if self._size and os.pread(self._fd, 1, self._size - 1) != b"\n":
            self._append(b"\n")

    def _append(self, line: bytes) -> None:
        rest = memoryview(line)
        try:
            while rest:
                rest = rest[os.write(self._fd, rest) :]
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._fd, self._size)
            raise
        self._size += len(line)

    def _rotate_if_due(self, size: int) -> None:
        """Begins a new file before a line of `size` bytes if that is due, or if ours was moved away."""
        now = time.monotonic()
        if now - self._checked_mono > CHECK_S:
            self._checked_mono = now
            if not self._is_ours():
                self._reopen()
        full = self._size + size > self._max_bytes
        if self._size and (full or self._period_is_over()):
            self._rotation.rotate(self._fd)
            self._reopen()

    def _period_is_over(self) -> bool:
        """Whether time has passed it; where the clock was set, the file is of the period that it says now.

        Otherwise a machine that starts in 1970 would begin a file each time its clock is set, and delete an old one.
        """
        period = self._rotation.period(time.time())
        if jump_s := self._jumps.unheeded_s:
            self._jumps.heed(jump_s)
            self._period = period
        return period > self._period

    def _is_ours(self) -> bool:
        try:
            return os.path.samestat(self._path.stat(), os.fstat(self._fd))
        except FileNotFoundError:
            return False

    def _failed(self, error: OSError) -> SinkError:
        return SinkError(f"{self._path}: {_why(error)}")


def check_writable(path: Path) -> Path:
    """The file, or the nearest folder above it that exists; nothing is created or changed.

    Raises:
        AccessError: The operating system refuses access.
        ConfigError: There can be no such file.
    """
    try:
        place = next(place for place in (path, *path.absolute().parents) if place.exists())
        if path.is_symlink():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        if place == path:
            os.close(os.open(path, os.O_RDWR | os.O_APPEND | os.O_NONBLOCK | os.O_CLOEXEC))
        elif not place.is_dir():
            raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        elif not os.access(place, os.W_OK | os.X_OK):
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        _raise_permanent(path, error)
        return path  # any other failure may pass, such as a disk that is away
    return place


def _raise_permanent(path: Path, error: OSError) -> None:
    """Raises AccessError or ConfigError if trying again cannot help."""
    if error.errno in REFUSED:
        raise AccessError(f"{path}: {_why(error)}") from error
    if error.errno in IMPOSSIBLE:
        raise ConfigError(f"{path}: {_why(error)}") from error


def _why(error: OSError) -> str:
    """Why the file cannot be written, in words."""
    if isinstance(error, BlockingIOError):
        return "another instance writes it; `shared: true` lets both"
    return files.refusal(error)


class FileSinkConfig(SinkConfig):
    """One message per line in a file that is rotated."""

    type: Literal["file"] = "file"
    """What kind of sink this is."""
    name: Name = "file"
    """What logs and metrics call it."""
    path: ConfigPath
    """The file that is written; older ones lie beside it."""
    rotate_mb: float = Field(default=100.0, gt=0)
    """Size at which a new file begins, in megabytes [10^6 bytes]."""
    rotate_s: float = Field(default=86400.0, gt=0)
    """Period after which a new file begins [s]."""
    keep: int = Field(default=10, ge=1)
    """How many older files are kept; the oldest is deleted. On the disk there is at most rotate_mb × (keep + 1)."""
    mode: FileMode = "0640"
    """Permissions of new files, in octal as for `chmod`, whatever the umask."""
    shared: Flag = False
    """Whether other instances may write the same file, each of them whole lines; rotate it in one of them only."""

    file_key: ClassVar[str | None] = "path"

    def open(self) -> FileSink:
        """The sink; creates nothing. See `SinkConfig.open`."""
        return FileSink(self)

    def probe(self) -> str:
        """Whether the file could be written, and the free space on its disk."""
        try:
            free_gb = shutil.disk_usage(check_writable(self.path)).free / 1e9
        except OSError as error:
            raise SinkError(f"{self.path}: {error.strerror}") from error
        return f"{self.path}: writable, {free_gb:.1f} GB free"
