"""What a worker process says while it builds an engine, as a program that is one process does to systemd."""

from __future__ import annotations

import time

from edge_app.app.service import Service
from edge_app.app.workers.link import Link
from edge_app.app.workers.wire import Building

EVERY_S = 1.0  # a build asks at each of its steps, of which there may be thousands


class WorkerService(Service):
    """The main process takes the place of systemd, which hears nothing of workers."""

    def __init__(self, link: Link) -> None:
        """`link` leads to the main process."""
        super().__init__()
        self._link, self._said_mono = link, 0.0

    def extend(self, seconds: float) -> None:
        """The start takes longer, but there is a sign of life within that time [s]."""
        if (now := time.monotonic()) - self._said_mono > EVERY_S:
            self._said_mono = now
            self._link.put(Building(seconds))
