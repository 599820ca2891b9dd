"""How far this machine's clock was set, which is no time that has passed."""

from __future__ import annotations

import time

JUMP_S = 10.0  # it was set, and did not drift
NEVER_SET_BEFORE = 1_577_836_800.0
"""2020 [s since 1970]: a clock that says less has no battery, and was not set since the machine started."""


class ClockJumps:
    """How far the clock was set since whoever asks has last heeded it; one thread asks."""

    def __init__(self) -> None:
        self._offset = _offset()

    @property
    def unheeded_s(self) -> float:
        """How far it was set forward [s], negative if back; 0 for what is not worth it."""
        jump_s = _offset() - self._offset
        return jump_s if abs(jump_s) > JUMP_S else 0.0

    def heed(self, jump_s: float) -> None:
        """What follows from it was done."""
        self._offset += jump_s


def _offset() -> float:
    """How far the clock is ahead of the monotonic one, which nobody sets [s]."""
    return time.time() - time.monotonic()
