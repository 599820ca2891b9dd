"""Where a calibration keeps what it needs while it runs, and finds it again after it was interrupted."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_app.errors import TemporaryError


@contextmanager
def scratch_folder(out: Path) -> Iterator[Path]:
    """A folder beside `out`, on the same disk, for one process at a time; it goes unless the block was interrupted.

    Raises:
        TemporaryError: Another process is writing the same file.
        OSError: The operating system refuses.
    """
    folder = out.with_name(f".{out.name}.calibrating")
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TemporaryError(f"{out}: another process is writing it") from None
        try:
            yield folder
        except Exception:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        shutil.rmtree(folder, ignore_errors=True)
