"""Wakes the HTTP side's loop for all cameras together: a wakeup costs more than what a packet needs done then."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress

GATHER_S = 0.005  # that the first of a round waits for others: as cameras' packets come, and far less than a picture


class Rounds:
    """Calls functions in the loop, soon: those that are wanted within some milliseconds one after the other."""

    def __init__(self) -> None:
        """Is made in the loop."""
        self._loop = asyncio.get_running_loop()
        self._due: deque[Callable[[], object]] = deque()
        self._told = False

    def call(self, what: Callable[[], object]) -> None:
        """Any thread may call it; it takes microseconds. Nothing is called once the loop has ended."""
        self._due.append(what)
        if not self._told:
            self._told = True
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._loop.call_later, GATHER_S, self._serve)

    def _serve(self) -> None:
        self._told = False  # first: what comes from here on tells it again
        try:
            for _ in range(len(self._due)):
                self._due.popleft()()
        finally:
            if self._due:  # one has failed, as only a bug would: the others are called all the same
                self._loop.call_soon(self._serve)
