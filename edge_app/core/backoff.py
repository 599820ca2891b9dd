"""How long to wait before a lost camera or sink is tried again."""

from __future__ import annotations

import random


class Backoff:
    """Pauses that double from `initial_s` to `max_s` and start anew after a stable time.

    Attributes:
        initial_s: The first pause [s].
    """

    def __init__(
        self,
        *,
        initial_s: float = 1.0,
        max_s: float = 30.0,
        jitter: float = 0.3,
        stable_s: float = 30.0,
        refused_s: float = 60.0,
    ) -> None:
        """Begins with the first pause.

        Args:
            initial_s: The first pause [s].
            max_s: The longest pause [s], except after a refused login.
            jitter: Share of a pause that is random, so that what was lost together does not come back together.
            stable_s: After this time up [s] the pauses start with the first one again.
            refused_s: The pause [s] after a refused login, unless `max_s` is longer: cameras and brokers lock out
                whoever tries again and again.
        """
        self.initial_s = initial_s
        self._max_s, self._jitter, self._stable_s, self._refused_s = max_s, jitter, stable_s, refused_s
        self._next_s = initial_s

    def pause(self, up_s: float, *, login_refused: bool = False) -> float:
        """The pause [s] after an attempt that was up for `up_s` [s], 0 if it never was."""
        if login_refused:
            return max(self._max_s, self._refused_s)
        if up_s >= self._stable_s:
            self._next_s = self.initial_s
        pause = min(self._next_s, self._max_s)
        self._next_s = min(2 * pause, self._max_s)
        return pause * (1 - self._jitter * random.random())  # noqa: S311 - nobody gains by guessing it
