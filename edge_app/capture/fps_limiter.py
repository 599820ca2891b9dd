"""Drops frames evenly, down to a rate."""

from __future__ import annotations


class FpsLimiter:
    """Keeps at most `max_fps` frames a second by their capture times; None keeps all.

    >>> limiter = FpsLimiter(10)
    >>> [limiter.keeps(n / 25) for n in range(6)]
    [True, False, False, True, False, True]
    """

    def __init__(self, max_fps: float | None) -> None:
        self._period_s = 1 / max_fps if max_fps else 0.0
        self._due: float | None = None

    def keeps(self, captured_at: float) -> bool:
        """Whether to keep the frame taken at that time [s]."""
        period = self._period_s
        # The first frame, or the clock jumped, or frames are slower than asked for: count from here.
        if self._due is None or not self._due - 2 * period < captured_at < self._due + period:
            self._due = captured_at
        # Timestamps are rounded: with half a millisecond of tolerance, max_fps 25 keeps every frame of a 25 fps camera.
        if captured_at < self._due - 0.0005:
            return False
        self._due += period
        return True
