"""How long to wait before a lost camera is tried again."""

from __future__ import annotations

import random

from edge_app import config
from edge_app.errors import Reason

REFUSED_LOGIN_S = 60.0  # cameras lock out whoever tries again and again


class Backoff:
    """Pauses that double from `initial_s` to `max_s` and start anew after a stable time."""

    def __init__(self, settings: config.Reconnect) -> None:
        self._settings = settings
        self._next_s = settings.initial_s

    def pause(self, reason: Reason, up_s: float) -> float:
        """The pause [s] after an attempt that was up for so long [s] and failed for that reason."""
        settings = self._settings
        if reason is Reason.AUTH_FAILED:
            return max(settings.max_s, REFUSED_LOGIN_S)
        if up_s >= settings.stable_s:
            self._next_s = settings.initial_s
        pause = min(self._next_s, settings.max_s)
        self._next_s = min(2 * pause, settings.max_s)
        return pause * (1 - settings.jitter * random.random())  # noqa: S311 - nobody gains by guessing it
