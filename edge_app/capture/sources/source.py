"""What a kind of source promises: one attempt that yields shots, or raises."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from edge_app.core.errors import StreamError
from edge_app.core.frames import CaptureTime, Picture


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DecodedFrame:
    """One frame of an attempt, not yet converted.

    Attributes:
        time: When it was taken.
        decode_s: Time that the decoder spent on it [s].
        convert: Makes the picture, from any thread; raises StreamError.
        broken: Frames lost to the decoder between the shot before and this one.
        codec: Name of the coding as libav has it, or `raw`.
        fps: Frames a second as the source announces them; none where it does not.
    """

    time: CaptureTime
    decode_s: float
    convert: Callable[[], Picture]
    broken: int = 0
    codec: str = "raw"
    fps: float | None = None


class BrokenOffError(StreamError):
    """An attempt failed after some shots; `broken` frames were lost between the last one and the failure."""

    def __init__(self, failure: StreamError, broken: int) -> None:
        super().__init__(failure.reason, str(failure))
        self.broken = broken


class Source(Protocol):
    """A camera or a file that can be opened again and again."""

    @property
    def live(self) -> bool:
        """Whether the newest frame wins; of a finite source nothing is lost."""

    @property
    def describe(self) -> str:
        """Its URL or path for people: no credentials, no secrets of the query."""

    def open(self, stop: threading.Event) -> AbstractContextManager[Iterator[DecodedFrame]]:
        """One attempt: its shots until it ends, fails or `stop` is set.

        Raises:
            StreamError: Opening failed; the iterator raises it too. Anything else is a bug of ours.
        """
