"""A file or a folder as if it were a live camera: at its own pace, over and over, the newest frame wins."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from edge_app.capture.capture_time import Moment
from edge_app.capture.sources.file import FileSource
from edge_app.capture.sources.source import DecodedFrame, Source
from edge_app.core.errors import InputError, Reason, StreamError
from edge_app.core.packets import PacketTap

STILL_S = 0.04  # to a picture that is not newer, and from the last one to the first
LATEST_S = 0.25  # behind schedule; from there it goes on, without catching up
LONGEST_STEP_S = 1.0  # from one picture of a folder to the next, which may be years apart


class ReplaySource:
    """Plays a finite source live; a file is decoded by one thread, as a camera is."""

    live = True

    def __init__(self, source: Source) -> None:
        self._source = source.at_its_pace() if isinstance(source, FileSource) else source
        self.description = source.description

    @contextmanager
    def open(self, stop: threading.Event, packets: PacketTap | None = None) -> Iterator[Iterator[DecodedFrame]]:
        """The source from its beginning, again and again; see `Source.open`.

        Raises:
            InputError: The source failed, as the iterator raises it too; another attempt would fail as well.
        """
        yield self._frames(stop)

    def _frames(self, stop: threading.Event) -> Iterator[DecodedFrame]:
        while not stop.is_set():
            try:
                with self._source.open(stop) as frames:
                    yield from self._paced(frames, stop)
            except StreamError as error:
                if error.reason is not Reason.ENDED:
                    raise InputError(str(error)) from error
            stop.wait(STILL_S)

    @staticmethod
    def _paced(frames: Iterator[DecodedFrame], stop: threading.Event) -> Iterator[DecodedFrame]:
        """Stamps each frame with the time at which it was due, so that its age shows how late the decoder is."""
        due = before = None
        for frame in frames:
            now = Moment.now()
            if due is None or before is None:
                due = now.mono
            else:
                step = frame.time.wall - before
                due += min(step, LONGEST_STEP_S) if step > 0 else STILL_S
                due = max(due, now.mono - LATEST_S)
            before = frame.time.wall
            if stop.wait(max(0.0, due - now.mono)):
                return
            yield replace(frame, time=Moment(now.wall + due - now.mono, due).as_capture())
