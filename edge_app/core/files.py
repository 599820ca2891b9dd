"""Files that are there whole or not at all, even after a power cut, and locks that one process holds at a time."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

POLL_S = 0.25
PRIVATE = 0o640  # pictures and messages of people: for the owner, and for the group to read


def write(path: Path, content: str | bytes, *, mode: int = 0o666, replace: bool = True) -> None:
    """Writes `content`, text in UTF-8, beside `path` and gives it that name when it is on the disk.

    Args:
        path: The file; its folder is there.
        content: Content.
        mode: Its permissions from its first moment on, less the umask.
        replace: Whether an existing file of that name is replaced.

    Raises:
        FileExistsError: There is one and it is to stay.
        OSError: The operating system refuses, or the disk is full.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(file, "wb") as stream:
            stream.write(content.encode() if isinstance(content, str) else content)
            stream.flush()
            os.fsync(stream.fileno())
        if replace:
            draft.replace(path)
        else:
            os.link(draft, path)  # which, unlike a rename, fails if there is one
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()
    sync_folder(path.parent)


def rewrite(path: Path, content: bytes, check: Callable[[], None] = lambda: None) -> None:
    """Replaces what a file holds; it keeps its owner, permissions and attributes, and a link to it stays one.

    Args:
        path: The file, which is there.
        content: What it is to hold.
        check: Called when all is ready; what it raises leaves the file as it is.

    Raises:
        PermissionError: The file may not be written, or its folder.
        OSError: The operating system refuses otherwise.
    """
    path = path.resolve(strict=True)
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    before, draft = path.stat(), path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(file, "wb") as stream:
            stream.write(content)
            stream.flush()
            if (made := os.fstat(file)) and (made.st_uid, made.st_gid) != (before.st_uid, before.st_gid):
                os.fchown(file, before.st_uid, before.st_gid)
            shutil.copystat(path, draft)  # access lists, too
            os.utime(file)
            os.fsync(file)
        check()
        draft.replace(path)
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()
    sync_folder(path.parent)


def open_to_write(path: Path, flags: int, mode: int | None = None) -> int:
    """A descriptor of a file that is made if it is not there, and is never reached through a link of that name.

    Args:
        path: The file; its folder is there.
        flags: Of `os.open`, such as `O_WRONLY | O_TRUNC`.
        mode: The permissions of a file that is made; None: `PRIVATE`, less the umask.

    Raises:
        OSError: The operating system refuses; ELOOP where the name is that of a link.
    """
    flags |= os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        file = os.open(path, flags | os.O_CREAT | os.O_EXCL, PRIVATE if mode is None else mode)
    except FileExistsError:
        return os.open(path, flags)
    if mode is not None:
        os.fchmod(file, mode)  # whatever the umask is
    return file


def refusal(error: OSError) -> str:
    """Why a file cannot be written, in words."""
    return "is a link, which is not followed" if error.errno == errno.ELOOP else error.strerror or str(error)


def adopt(draft: Path, path: Path) -> None:
    """Gives a finished file its name when it is on the disk; both are in one file system.

    Raises:
        OSError: The operating system refuses.
    """
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    draft.replace(path)
    sync_folder(path.parent)


@contextmanager
def locked(path: Path, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Only one process at a time; the lock ends with the process that holds it.

    Args:
        path: A folder, which need not be writable, or a file; it is the lock itself, and nothing is written into it.
        waiting: Called again and again while another process holds the lock; what it raises ends the waiting.

    Raises:
        BlockingIOError: Another process holds the lock, and `waiting` is None.
        OSError: The operating system refuses.
    """
    while (handle := _lock(path)) is None:
        if waiting is None:
            raise BlockingIOError(errno.EWOULDBLOCK, "another process holds the lock", str(path))
        waiting()
        time.sleep(POLL_S)
    try:
        yield
    finally:
        os.close(handle)


def _lock(path: Path) -> int | None:
    """A handle that holds the lock; None if another process has it, or had it and took the file or folder away."""
    mode = os.O_RDONLY if path.is_dir() else os.O_RDWR  # NFS locks no file that is only read
    handle = os.open(path, mode | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(handle), path.stat()):
            return handle
    except (BlockingIOError, FileNotFoundError):
        pass
    except BaseException:
        os.close(handle)
        raise
    os.close(handle)
    return None


def sync_folder(folder: Path) -> None:
    """Makes a new or renamed entry of the folder survive a power cut."""
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
