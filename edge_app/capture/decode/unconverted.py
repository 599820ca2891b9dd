"""Large pictures that a decoder has handed over, and that are neither converted nor dropped: it waits for them."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable

from edge_app.core.frames import Picture

LONGEST_S = 1.0  # that a decoder waits: whoever converts may have stopped


class Unconverted:
    """Those of one attempt, which may be let go of by any thread."""

    def __init__(self) -> None:
        self._alive: set[weakref.ref[Callable[[], Picture]]] = set()
        self._fewer = threading.Condition()

    def __len__(self) -> int:
        with self._fewer:
            return len(self._alive)

    def add(self, convert: Callable[[], Picture]) -> None:
        """Counts a picture until nobody holds what makes it."""
        with self._fewer:
            self._alive.add(weakref.ref(convert, self._gone))

    def wait(self) -> None:
        """Returns once at most one is left, the newest, for which somebody may wait while the next one is decoded."""
        with self._fewer:
            self._fewer.wait_for(lambda: len(self._alive) <= 1, LONGEST_S)

    def _gone(self, convert: weakref.ref[Callable[[], Picture]]) -> None:
        with self._fewer:
            self._alive.discard(convert)
            self._fewer.notify_all()
