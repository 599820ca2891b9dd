"""The clock by which evidence grows old: no clock that is set makes it older."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple


class ClockReading(NamedTuple):
    """What is kept of the clock for the next start.

    Attributes:
        now_s: What it said [s]; only differences mean something.
        wall: What the wall clock said then, as far as it is known to be right [s since 1970]; 0 if it is not.
    """

    now_s: float
    wall: float


class AgeClock:
    """Goes on with the monotonic clock while the program runs, and learns from the wall clock how long it did not run.

    The wall clock is believed as soon as the system says that it is right, and never backwards: a box that boots in
    1970, or in 2099, keeps what it has. Time of which nobody knows makes evidence live longer.
    """

    def __init__(self, last: ClockReading, is_true: Callable[[], bool]) -> None:
        """Goes on from `last`; `is_true` says whether the wall clock is right."""
        self._began_mono, self._began_s, self._began_wall = time.monotonic(), last.now_s, last.wall
        self._away_is_known = not last.wall
        self._is_true = is_true

    def read(self) -> ClockReading:
        """What it says now."""
        ran_s = time.monotonic() - self._began_mono
        if self._is_true():
            began = time.time() - ran_s
            if not self._away_is_known:
                self._began_s += max(0.0, began - self._began_wall)
            self._began_wall, self._away_is_known = began, True
        return ClockReading(self._began_s + ran_s, self._began_wall + ran_s if self._began_wall else 0.0)
