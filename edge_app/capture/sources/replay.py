"""A file or a folder as if it were a camera: at its own pace, over and over, the newest frame wins."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from edge_app.capture.clock import Moment
from edge_app.capture.sources.source import DecodedFrame, Source
from edge_app.core.errors import InputError, Reason, StreamError

STILL_S = 0.04  # to a picture that is no younger, and from the last one to the first
LATEST_S = 0.25  # behind its time; what cannot keep up plays on from there
LONGEST_STEP_S = 1.0  # from one picture of a folder to the next, which may be years apart


class ReplaySource:
    """Plays a finite source live."""

    live = True

    def __init__(self, source: Source) -> None:
        self._source = source
        self.describe = source.describe

    @contextmanager
    def open(self, stop: threading.Event) -> Iterator[Iterator[DecodedFrame]]:
        """The source from its beginning, again and again; see `Source.open`.

        Raises:
            InputError: The source failed, as the iterator may find out too; no other attempt would mend that.
        """
        yield self._shots(stop)

    def _shots(self, stop: threading.Event) -> Iterator[DecodedFrame]:
        while not stop.is_set():
            try:
                with self._source.open(stop) as shots:
                    yield from self._paced(shots, stop)
            except StreamError as error:
                if error.reason is not Reason.ENDED:
                    raise InputError(str(error)) from error
            stop.wait(STILL_S)

    @staticmethod
    def _paced(shots: Iterator[DecodedFrame], stop: threading.Event) -> Iterator[DecodedFrame]:
        """Stamps each picture with the time at which it was due, so that a decoder that is late shows in its age."""
        due = before = None
        for shot in shots:
            now = Moment.now()
            if due is None or before is None:
                due = now.mono
            else:
                step = shot.time.wall - before
                due += min(step, LONGEST_STEP_S) if step > 0 else STILL_S
                due = max(due, now.mono - LATEST_S)
            before = shot.time.wall
            if stop.wait(max(0.0, due - now.mono)):
                return
            yield replace(shot, time=Moment(now.wall + due - now.mono, due).as_capture())
