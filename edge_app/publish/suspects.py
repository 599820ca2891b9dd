"""Finds the messages at which a sink breaks: not everybody who refuses a message says so, some just hang up."""

from __future__ import annotations

import time
from collections.abc import Iterable

from edge_app.publish.messages import DeliveredKind, Message

STRIKES = 3
FORGET_S = 3600.0  # then it is tried again: an access list may have been mended


class Suspects:
    """What one sink cannot take, by what it broke at.

    The oldest message that was not confirmed when the sink broke is a suspect: it is sent alone from then on. If the
    sink breaks at it `STRIKES` times in a row, each time after having taken something else, then it is the message
    that is wrong and not the line. If it has taken nothing else so often, another one has to go first. For an hour,
    what is of the camera and kind of a message that was found, and at least as large, is not tried.
    """

    def __init__(self) -> None:
        self._suspect: Message | None = None
        self._strikes = self._unproven = 0
        self._known: dict[tuple[str | None, DeliveredKind], tuple[int, float]] = {}  # bytes, and until when [s]

    @property
    def alone(self) -> bool:
        """Whether messages are to be sent one by one, so that it shows which one breaks the sink."""
        return self._suspect is not None

    @property
    def postponed(self) -> Message | None:
        """The message held back until another has been delivered, to prove that the connection works."""
        return self._suspect if self._unproven >= STRIKES else None

    def broke(self, oldest: Message, *, took_others: bool) -> bool:
        """Notes that the sink broke with `oldest` unconfirmed; True if it broke at it too often."""
        if not self._is_suspect(oldest):
            self._clear()
        self._suspect = oldest
        self._strikes += took_others
        self._unproven += not took_others
        if self._strikes < STRIKES:
            return False
        self._known[oldest.camera, oldest.kind] = len(oldest.payload), time.monotonic() + FORGET_S
        self._clear()
        return True

    def gone(self, messages: Iterable[Message]) -> None:
        """Notes what was delivered or refused; what comes after the suspect shows that that is gone too."""
        in_order = self.postponed is None
        if any(self._is_suspect(message) or (in_order and not message.is_state) for message in messages):
            self._clear()

    def known(self, message: Message) -> bool:
        """Whether the sink would break at it."""
        size, until = self._known.get((message.camera, message.kind), (0, 0.0))
        return len(message.payload) >= size and time.monotonic() < until

    def _clear(self) -> None:
        self._suspect, self._strikes, self._unproven = None, 0, 0

    def _is_suspect(self, message: Message) -> bool:
        """Of a camera's statuses the newest takes the place of the others."""
        other = self._suspect
        return message is other or (
            message.is_state and other is not None and (message.camera, message.kind) == (other.camera, other.kind)
        )
