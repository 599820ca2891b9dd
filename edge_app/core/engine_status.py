"""How the engine is doing, or another server that answers, told in the log when it changes."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Literal

logger = logging.getLogger(__name__)

CALM_S = 10.0  # without a failure: one frame in many is told too, and whoever looks now and then sees it
FAILS = "the engine fails, frames are dropped and counted: %s"
WELL = "the engine computes every frame again; %d were dropped"

EngineState = Literal["up", "failing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineStatus:
    """What is known of an engine.

    Attributes:
        state: `failing` from a frame that it could not compute until it has computed one and not failed for ten
            seconds.
        reason: Why it last failed, in words; None if it is up.
        since: When this state began [s since 1970].
    """

    state: EngineState
    reason: str | None
    since: float


class EngineStatusLog:
    """The status of one engine, written by one thread alone.

    Attributes:
        current: As of now.
    """

    def __init__(self, fails: str = FAILS, well: str = WELL, calm_s: float | None = None) -> None:
        """It is well so far.

        Args:
            fails: What the log says when it begins to fail, with the reason for `%s`.
            well: What the log says when that is over, with the number of failures for `%d`.
            calm_s: How long it must not have failed to be well again [s]; by default `CALM_S`.
        """
        self._fails, self._well, self._calm_s = fails, well, calm_s
        self.current = EngineStatus(state="up", reason=None, since=time.time())
        self._last_failure = 0.0
        self._failures = 0

    def failed(self, reason: str) -> None:
        """It could not compute a frame; only the first of a series is logged."""
        self._last_failure = time.monotonic()
        self._failures += 1
        if self.current.state == "up":
            logger.warning(self._fails, reason)
            self.current = EngineStatus(state="failing", reason=reason, since=time.time())
        elif reason != self.current.reason:
            self.current = EngineStatus(state="failing", reason=reason, since=self.current.since)

    def computed(self) -> None:
        """It has computed a frame."""
        calm_s = CALM_S if self._calm_s is None else self._calm_s
        if self.current.state == "failing" and time.monotonic() - self._last_failure >= calm_s:
            logger.info(self._well, self._failures)
            self._failures = 0
            self.current = EngineStatus(state="up", reason=None, since=time.time())
