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
        since: When this state began [s since 1970].
        queued: Messages that it has not delivered yet.
        spooled: How many of them are on the disk.
        oldest_s: How long the oldest of them has waited [s]; None if none waits.
        required: Whether the program is ready only while it is up.
    """

    state: SinkState
    reason: str | None
    since: float
    queued: int = 0
    spooled: int = 0
    oldest_s: float | None = None
    required: bool = False


class SinkStatusLog:
    """The status of one sink, written by its thread alone.

    Attributes:
        current: State, reason and since when as of now; the rest is for others to fill in.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self.current = SinkStatus(state="connecting", reason=None, since=time.time())

    def opened(self) -> None:
        """It can be opened; that a sink which failed before is up again, only a delivery shows."""
        if self.current.state == "connecting":
            self.up()

    def up(self) -> None:
        if self.current.state != "up":
            logger.info("%s: up", self._name)
            self.current = SinkStatus(state="up", reason=None, since=time.time())

    def down(self, reason: str, what_next: str = "trying again") -> None:
        """The same reason again is not logged."""
        if reason != self.current.reason:
            logger.warning("%s: down: %s; %s", self._name, reason, what_next)
            since = self.current.since if self.current.state == "down" else time.time()
            self.current = SinkStatus(state="down", reason=reason, since=since)
