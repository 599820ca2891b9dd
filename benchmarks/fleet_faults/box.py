"""A box whose program only notes which cameras it reads: the real member of a fleet, in a process of its own.

python -m benchmarks.fleet_faults.box CONFIG JOURNAL

CONFIG is JSON: the section `fleet`, and `cameras`, a list of names. A line of the journal is when [s of the monotonic
clock, which is one for the whole machine], `begins`, `up` or `away` (etcd), when the step began that found that, and
the cameras with their epochs. There is one every `TICK_S`, and one more at each change: so it shows until when a
process lived that was frozen or killed.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
from collections.abc import Collection
from pathlib import Path

from edge_app.fleet import FleetConfig, Member
from edge_app.fleet.member import POLL_S

TICK_S = 0.1


class NotingReader:
    """Reads nothing, and writes down which cameras it would read."""

    def __init__(self, cameras: Collection[str], journal: Path) -> None:
        self._cameras, self._reading, self._lock = cameras, dict[str, int](), threading.Lock()
        self._file = journal.open("ab", buffering=0)
        self.state, self.stepped = "begins", 0.0
        self.note()

    def names(self) -> Collection[str]:
        return self._cameras

    def read(self, camera: str, epoch: int) -> None:
        self._reading = {**self._reading, camera: epoch}
        self.note()

    def let_go(self, camera: str) -> None:
        self._reading = {name: epoch for name, epoch in self._reading.items() if name != camera}
        self.note()

    def note(self) -> None:
        """Writes a line, at once."""
        with self._lock:
            cameras = [f"{name}={epoch}" for name, epoch in self._reading.items()]
            self._file.write(f"{time.monotonic():.3f} {self.state} {self.stepped:.3f} {' '.join(cameras)}\n".encode())


def main() -> None:
    """Takes part until it is killed."""
    config, journal = map(Path, sys.argv[1:])
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO)
    given = json.loads(config.read_text())
    reader = NotingReader(given["cameras"], journal)
    member = Member(FleetConfig(**given["fleet"]), reader, {})
    threading.Thread(target=lambda: _tick(reader), daemon=True).start()
    while True:
        time.sleep(POLL_S)
        began = time.monotonic()
        member.step()
        reader.state, reader.stepped = member.etcd.state, began


def _tick(reader: NotingReader) -> None:
    while True:
        time.sleep(TICK_S)
        reader.note()


if __name__ == "__main__":
    main()
