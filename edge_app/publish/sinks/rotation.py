"""When a new file begins, what the old one is called, and how many old ones are kept."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

STAMP = "%Y%m%dT%H%M%S%fZ"


@dataclass(frozen=True, slots=True)
class Rotation:
    """Rotates `name.ndjson` to `name-20261123T150000123456Z.ndjson`: sorted by name they are sorted by time.

    Attributes:
        path: The file that is being written.
        period_s: A new file begins at every multiple of this since 1970 [s], so a restart changes nothing and
            86400 means midnight UTC.
        keep: How many rotated files are kept.
    """

    path: Path
    period_s: float
    keep: int

    def period(self, wall: float) -> float:
        """The number of the period that holds a time [s since 1970]."""
        return wall // self.period_s

    def rotate(self, fd: int) -> None:
        """Flushes the file to the disk and renames it; deletes the oldest ones beyond `keep`."""
        os.fsync(fd)
        rotated = self.rotated()
        stamp = datetime.now(timezone.utc).replace(tzinfo=None)
        if rotated:
            # The clock may have been set back; the names must stay in the order of the files.
            stamp = max(stamp, self._stamp(rotated[-1]) + timedelta(microseconds=1))
        name = f"{self.path.stem}-{stamp.strftime(STAMP)}{self.path.suffix}"
        self.path.rename(self.path.with_name(name))
        for old in self.rotated()[: -self.keep]:
            old.unlink(missing_ok=True)

    def rotated(self) -> list[Path]:
        """The rotated files, oldest first."""
        found = []
        for path in self.path.parent.iterdir():
            if path.name.startswith(f"{self.path.stem}-") and path.suffix == self.path.suffix:
                try:
                    found.append((self._stamp(path), path))
                except ValueError:  # somebody else's file
                    continue
        return [path for _, path in sorted(found)]

    def _stamp(self, path: Path) -> datetime:
        return datetime.strptime(path.stem[len(self.path.stem) + 1 :], STAMP)
