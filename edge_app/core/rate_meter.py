"""How often something happens."""

from __future__ import annotations

WINDOW_S = 10.0
SHORTEST_S = 1.0  # what has just begun is taken to have happened in as long


class RateMeter:
    """How often a second something has happened over the last ten seconds; in two counters, whatever the rate.

    One thread counts, any may ask. Of the ten seconds before the present ones, a share counts as if it had happened
    evenly. Times are those of the monotonic clock [s].

    >>> meter = RateMeter()
    >>> for n in range(500):
    ...     meter.count(n / 25)
    >>> meter.per_s(20.0)
    25.0
    """

    def __init__(self) -> None:
        self._first: float | None = None
        self._windows = (0.0, 0, 0)  # when the present one began, how many there were before it, and in it

    def count(self, now_mono: float) -> None:
        """It happened."""
        if self._first is None:
            self._first, self._windows = now_mono, (now_mono, 0, 0)
        began, before, within = self._at(now_mono)
        self._windows = began, before, within + 1

    def per_s(self, now_mono: float) -> float:
        """How often a second."""
        if self._first is None:
            return 0.0
        began, before, within = self._at(now_mono)
        recent = before * (1 - (now_mono - began) / WINDOW_S) + within
        return recent / min(WINDOW_S, max(SHORTEST_S, now_mono - self._first))

    def _at(self, now_mono: float) -> tuple[float, int, int]:
        """The windows at that time."""
        began, before, within = self._windows
        passed = int((now_mono - began) / WINDOW_S)
        if passed:
            before, within = within if passed == 1 else 0, 0
        return began + passed * WINDOW_S, before, within
