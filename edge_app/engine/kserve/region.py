"""Shared memory between this process and a server on the same machine: POSIX's, a file in /dev/shm."""

from __future__ import annotations

import fcntl
import mmap
import os
import re
import secrets
from contextlib import suppress
from pathlib import Path

FOLDER = Path("/dev/shm")  # noqa: S108, it is where shm_open has its files
PREFIX = "edge_app_"
OURS = re.compile(rf"{PREFIX}[0-9]+_[0-9a-f]{{16}}")


class Region:
    """Zeros that another process can be shown by name; the file is locked for as long as the memory is used.

    So it can be told from what a process left that was killed, also across containers that share /dev/shm, where
    numbers of processes say nothing.

    Attributes:
        name: Of the file, with the number of this process in it.
        size: Of the memory [bytes].
        memory: The memory itself, which stays until nobody refers to it.
    """

    def __init__(self, size: int) -> None:
        """Makes the file; raises OSError if there is no /dev/shm or no room in it."""
        self.name, self.size = f"{PREFIX}{os.getpid()}_{secrets.token_hex(8)}", size
        descriptor = os.open(FOLDER / self.name, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            os.posix_fallocate(descriptor, 0, size)  # else a full /dev/shm would end the process at the first write
            self.memory = mmap.mmap(descriptor, size)  # holds the lock
        except OSError:
            self.remove()
            raise
        finally:
            os.close(descriptor)

    def remove(self) -> None:
        """Removes the file; the memory stays for whoever has it."""
        with suppress(FileNotFoundError):
            (FOLDER / self.name).unlink()


def remove_abandoned() -> None:
    """Removes what processes left here that are no more."""
    for path in FOLDER.glob(f"{PREFIX}*"):
        if not OURS.fullmatch(path.name):
            continue
        with suppress(OSError):  # it is another user's, locked by a process that lives, or gone
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
            finally:
                os.close(descriptor)


def is_abandoned(name: str) -> bool:
    """Whether a server that sees our /dev/shm was shown memory of that name by one of us that is no more."""
    return OURS.fullmatch(name) is not None and not (FOLDER / name).exists()
