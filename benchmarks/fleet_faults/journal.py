"""What a box has noted: when it read which camera, in which epoch."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from benchmarks.fleet_faults.spans import Span

STILL_S = 0.5  # without a line for longer, a box has been frozen or killed since its last one


class Journal:
    """Follows the journal of `box.py` while it is written.

    Attributes:
        at: When the last line was written [s, monotonic].
        state: What that says: `begins`, `up` or `away`.
        stepped: When the step began that found that [s, monotonic].
        now: The cameras in it.
        reading: For each camera, when it was read.
        epochs: For each camera and epoch, when it was read first.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._done = path, 0
        self.at, self.state, self.stepped, self.now = 0.0, "begins", 0.0, frozenset[str]()
        self.reading: dict[str, list[Span]] = defaultdict(list)
        self.epochs: dict[tuple[str, int], float] = {}

    def follow(self) -> None:
        """Reads what has come since the last time."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._done)
            lines = file.read().rpartition(b"\n")[0]
        if lines:
            self._done += len(lines) + 1
            for line in lines.decode().split("\n"):
                self._take(*line.split())

    def _take(self, written: str, state: str, stepped: str, *cameras: str) -> None:
        at, epochs = float(written), dict(camera.split("=") for camera in cameras)
        if state != "begins" and at - self.at <= STILL_S:
            for camera in self.now:
                self._extend(camera, at)
        for camera, epoch in epochs.items():
            self.epochs.setdefault((camera, int(epoch)), at)
            if not self.reading[camera] or self.reading[camera][-1][1] < at:
                self.reading[camera].append((at, at))
        self.at, self.state, self.stepped, self.now = at, state, float(stepped), frozenset(epochs)

    def _extend(self, camera: str, at: float) -> None:
        """From the last line until then it was read."""
        spans = self.reading[camera]
        spans[-1] = (spans[-1][0], at)
