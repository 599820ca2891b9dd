"""A file or a folder as if it were a camera: at its own pace, over and over, the newest frame wins."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from edge_app.capture.clock import Moment
from edge_app.capture.source import Shot, Source
from edge_app.errors import InputError, Reason, StreamError

LONGEST_STEP_S = 1.0  # from one picture of a folder to the next, which may be years apart


class Replay:
    """Plays a finite source live."""

    live = True

    def __init__(self, source: Source) -> None:
        self._source = source
        self.describe = source.describe

    @contextmanager
    def open(self, stop: threading.Event) -> Iterator[Iterator[Shot]]:
        """The source from its beginning, again and again; see `Source.open`.

        Raises:
            InputError: The source failed, as the iterator may find out too; no other attempt would mend that.
        """
        yield self._shots(stop)

    def _shots(self, stop: threading.Event) -> Iterator[Shot]:
        while not stop.is_set():
            try:
                with self._source.open(stop) as shots:
                    yield from self._paced(shots, stop)
            except StreamError as error:
                if error.reason is not Reason.ENDED:
                    raise InputError(str(error)) from error

    @staticmethod
    def _paced(shots: Iterator[Shot], stop: threading.Event) -> Iterator[Shot]:
        due, before = time.monotonic(), None
        for shot in shots:
            due += min(max(0.0, shot.captured_at - before), LONGEST_STEP_S) if before is not None else 0.0
            before = shot.captured_at
            if stop.wait(max(0.0, due - time.monotonic())):
                return
            now = Moment.now()
            yield replace(shot, captured_at=now.wall, captured_mono=now.mono, ts_source="arrival")
