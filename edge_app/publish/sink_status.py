"""How a sink is doing, told in the log when it changes."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Literal

logger = logging.getLogger(__name__)

SinkState = Literal["connecting", "up", "down"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkStatus:
    """What is known of a sink.

    Attributes:
        state: `connecting` only before it is first open or first fails; a sink that failed is `down` until it has
            delivered something.
        reason: Why it is down, in words; None in every other state.
        since: When this state began [s since the epoch].
        queued: Messages that it has not delivered yet.
    """

    state: SinkState
    reason: str | None
    since: float
    queued: int


class SinkStatusLog:
    """The status of one sink, written by its thread alone.

    Attributes:
        current: As of now; `queued` is for others to fill in.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self.current = SinkStatus(state="connecting", reason=None, since=time.time(), queued=0)

    def opened(self) -> None:
        """It can be opened; that a sink which failed before is up again, only a delivery shows."""
        if self.current.state == "connecting":
            self.up()

    def up(self) -> None:
        if self.current.state != "up":
            logger.info("%s: up", self._name)
            self.current = SinkStatus(state="up", reason=None, since=time.time(), queued=0)

    def down(self, reason: str, what_next: str = "trying again") -> None:
        """The same reason again is not logged."""
        if reason != self.current.reason:
            logger.warning("%s: down: %s; %s", self._name, reason, what_next)
            since = self.current.since if self.current.state == "down" else time.time()
            self.current = SinkStatus(state="down", reason=reason, since=since, queued=0)
