"""Drops evenly, down to a rate."""

from __future__ import annotations


class RateLimiter:
    """Keeps at most `max_per_s` frames a second, or what is made of them, by their capture times; None keeps all.

    >>> limiter = RateLimiter(10)
    >>> [limiter.keeps(n / 25) for n in range(6)]
    [True, False, False, True, False, True]
    """

    def __init__(self, max_per_s: float | None) -> None:
        self._period_s = 1 / max_per_s if max_per_s else 0.0
        self._due: float | None = None

    def keeps(self, captured_at: float) -> bool:
        """Whether to keep the frame taken at that time [s]."""
        period = self._period_s
        # The first frame, or the clock jumped, or frames are slower than asked for: count from here.
        if self._due is None or not self._due - 2 * period < captured_at < self._due + period:
            self._due = captured_at
        # Timestamps are rounded: with half a millisecond of tolerance, 25 keeps every frame of a camera of 25 frames/s.
        if captured_at < self._due - 0.0005:
            return False
        self._due += period
        return True
