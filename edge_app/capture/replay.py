"""A file as if it were a camera: at its own pace, over and over, the newest frame wins."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from edge_app.capture.clock import Moment
from edge_app.capture.source import Shot, Source


class Replay:
    """Plays a finite source live."""

    live = True

    def __init__(self, source: Source) -> None:
        self._source = source
        self.describe = source.describe

    @contextmanager
    def open(self, stop: threading.Event) -> Iterator[Iterator[Shot]]:
        """The source from its beginning, again and again; see `Source.open`."""
        yield self._shots(stop)

    def _shots(self, stop: threading.Event) -> Iterator[Shot]:
        while not stop.is_set():
            with self._source.open(stop) as shots:
                began, first = time.monotonic(), None
                for shot in shots:
                    first = shot.captured_at if first is None else first
                    if stop.wait(max(0.0, began + shot.captured_at - first - time.monotonic())):
                        return
                    now = Moment.now()
                    yield replace(shot, captured_at=now.wall, captured_mono=now.mono, ts_source="arrival")
