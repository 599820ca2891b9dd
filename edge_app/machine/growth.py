"""How fast something grows that also goes up and down."""

from __future__ import annotations

from collections import deque
from itertools import pairwise

HOUR_S = 3600.0
PERIODS = 6


class Growth:
    """By how much the lowest value of each period is above that of the period before: the least of several periods.

    What rises once and stays, comes and goes within a period, or fills up in less than that many of them, is no growth.
    """

    def __init__(self, period_s: float = HOUR_S, periods: int = PERIODS) -> None:
        """Of that many periods in a row; the first one [s] counts for nothing, as everything grows at first."""
        self._period_s, self._periods = period_s, periods
        self._began: float | None = None
        self._number, self._lowest = 0, float("inf")
        self._floors: deque[float] = deque(maxlen=periods + 1)

    def add(self, value: float, now_mono: float) -> None:
        """Takes the value at that time [s, monotonic]; a period in which none came begins everything anew."""
        self._began = now_mono if self._began is None else self._began
        number = int((now_mono - self._began) // self._period_s)
        if number > self._number:
            self._ended()
            if number > self._number + 1:
                self._floors.clear()
            self._number, self._lowest = number, float("inf")
        self._lowest = min(self._lowest, value)

    @property
    def least(self) -> float | None:
        """The smallest growth from one period to the next; None before there are enough of them."""
        if len(self._floors) <= self._periods:
            return None
        return min(after - before for before, after in pairwise(self._floors))

    def _ended(self) -> None:
        if self._number > 0:
            self._floors.append(self._lowest)
