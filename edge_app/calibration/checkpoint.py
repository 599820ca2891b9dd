"""What was measured so far, on the disk, so that an interrupted calibration goes on from there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge_app.core import files


def key_of(*about: Any) -> str:
    """A digest of everything that a measurement hangs on; each part as JSON has it."""
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()


class Checkpoint:
    """Measurements by name, each as JSON has it."""

    def __init__(self, path: Path, *about: Any) -> None:
        """What is at `path` counts only if it is about the same; see `key_of`."""
        self._path, self._key = path, key_of(*about)
        self._values: dict[str, Any] = {}
        if path.is_file() and (saved := json.loads(path.read_text()))["key"] == self._key:
            self._values = saved["values"]

    def once(self, name: str, measure: Callable[[], Any]) -> Any:
        """The measurement of that name, which is made now if it is not there."""
        if name not in self._values:
            self._values[name] = measure()
            files.write(self._path, json.dumps({"key": self._key, "values": self._values}))
        return self._values[name]
