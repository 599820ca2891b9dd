"""Where a calibration keeps what it needs while it runs, and finds it again after it was interrupted."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_app.core.errors import InputError, StreamError, TemporaryError


def work_dir_path(out: Path) -> Path:
    """Where it is: beside `out`, on the same disk."""
    return out.with_name(f".{out.name}.calibrating")


@contextmanager
def work_dir(out: Path) -> Iterator[Path]:
    """That folder, for one process at a time.

    It goes with the block, unless that was interrupted, or the same command may go on once a file or camera is mended.

    Raises:
        TemporaryError: Another process is writing the same file.
        OSError: The operating system refuses.
    """
    folder = work_dir_path(out)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            mine = os.path.samestat(os.fstat(lock.fileno()), (folder / "lock").stat())
        except (BlockingIOError, FileNotFoundError):
            mine = False  # not there: who had the lock a moment ago has taken the folder away
        if not mine:
            raise TemporaryError(f"{out}: another process is writing it")
        try:
            yield folder
        except (InputError, StreamError):
            raise
        except Exception:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        shutil.rmtree(folder, ignore_errors=True)
