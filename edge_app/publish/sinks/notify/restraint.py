"""When people are not told: quiet hours, and more than they want in an hour."""

from __future__ import annotations

import logging
import time
from collections import deque

from edge_app.config.schedule import Schedule
from edge_app.machine import NEVER_SET_BEFORE

logger = logging.getLogger(__name__)

HOUR_S = 3600.0
WORDS = {
    "quiet": "quiet hours have begun: until their end events are left out and counted",
    "max_per_hour": "as many as are wanted in an hour: the next events are left out and counted",
}


class Restraint:
    """Decides which events people are told of; what is left out does not come later.

    A spell of silence is told once, at its first event.
    """

    def __init__(self, name: str, quiet: Schedule | None, per_hour: int | None) -> None:
        """Has told nobody of anything yet.

        Args:
            name: What logs call the sink.
            quiet: When nobody is told; None for never.
            per_hour: Of how many events in any hour people are told; None for all.
        """
        self._name, self._quiet, self._per_hour = name, quiet, per_hour
        self._counted_mono: deque[float] = deque(maxlen=per_hour)
        self._spell: str | None = None

    def why_not(self, happened: float) -> str | None:
        """As what an event that happened then [s since 1970] counts, if it is left out; None if people are told.

        It is left out if it happened within quiet hours, and also if its turn comes within them. A clock that was never
        set does not know them: it says the midnight of 1970 whenever the machine starts.
        """
        if any(self._is_quiet(at) for at in (time.time(), happened)):
            return self._begin("quiet")
        full = self._per_hour is not None and len(self._counted_mono) == self._per_hour
        if full and time.monotonic() - self._counted_mono[0] < HOUR_S:
            return self._begin("max_per_hour")
        self._spell = None
        return None

    def _is_quiet(self, at: float) -> bool:
        return self._quiet is not None and at >= NEVER_SET_BEFORE and self._quiet.active(at)

    def count(self) -> None:
        """People were told of one more."""
        self._counted_mono.append(time.monotonic())

    def _begin(self, reason: str) -> str:
        if reason != self._spell:
            self._spell = reason
            logger.info("%s: %s", self._name, WORDS[reason])
        return reason
