"""Where a calibration keeps what it needs while it runs, and goes on from after it was interrupted."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from edge_app.core import files
from edge_app.core.errors import InputError, StreamError, TemporaryError


def work_dir_path(out: Path) -> Path:
    """Where it is: beside `out`, on the same disk."""
    return out.with_name(f".{out.name}.calibrating")


@contextmanager
def work_dir(out: Path) -> Iterator[Path]:
    """That folder, for one process at a time.

    It is removed at the end of the block, but stays after an interruption, and after errors of a file or a camera:
    the same command goes on from there.

    Raises:
        TemporaryError: Another process is writing the same file.
        OSError: The operating system refuses.
    """
    folder = work_dir_path(out)
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        try:
            (folder / "lock").touch()
            stack.enter_context(files.locked(folder / "lock"))
        except (BlockingIOError, FileNotFoundError):  # the latter if that process has just taken the folder away
            raise TemporaryError(f"{out}: another process is writing it") from None
        try:
            yield folder
        except (InputError, StreamError):
            raise
        except Exception:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        shutil.rmtree(folder, ignore_errors=True)


def key_of(*about: Any) -> str:
    """A digest of everything that a measurement depends on; each part is serialised as JSON."""
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()


class Checkpoint:
    """Measurements that an interrupted calibration need not make again, by name; each is saved as JSON."""

    def __init__(self, path: Path, *about: Any) -> None:
        """The file at `path` counts only if it has the same key; see `key_of`."""
        self._path, self._key = path, key_of(*about)
        self._values: dict[str, Any] = {}
        if path.is_file() and (saved := json.loads(path.read_text()))["key"] == self._key:
            self._values = saved["values"]

    def get_or_measure(self, name: str, measure: Callable[[], Any]) -> Any:
        """The measurement of that name, which is made and saved if it is not there."""
        if name not in self._values:
            self._values[name] = measure()
            files.write(self._path, json.dumps({"key": self._key, "values": self._values}))
        return self._values[name]
