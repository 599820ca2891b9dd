"""What the broker keeps for Home Assistant to find us by, and the removal of what an earlier announcement had."""

from __future__ import annotations

import threading

from edge_app.publish.sinks.mqtt.client import TellingClient
from edge_app.publish.sinks.mqtt.home_assistant import removal


class Announcement:
    """Any thread may call any method.

    The broker itself remembers what was announced before, also by an earlier session: it is asked for that.

    Attributes:
        topic: Where it is kept.
    """

    def __init__(self, topic: str, client: TellingClient) -> None:
        """Nothing is announced yet; `client` publishes there."""
        self.topic, self._client = topic, client
        self._lock = threading.Lock()
        self._before: bytes | None = None
        self._now: bytes | None = None
        self._own: set[int] = set()  # numbers of what we sent to remove something

    def said(self, now: bytes) -> None:
        """This has just been announced."""
        with self._lock:
            before, self._before, self._now = self._before, now, now
        if before is not None:
            self._remove(before, now)

    def heard(self, before: bytes) -> None:
        """The broker has kept this from an earlier connection."""
        with self._lock:
            now = self._now
            if now is None:
                self._before = before
        if now is not None:
            self._remove(before, now)

    def acknowledged(self, number: int) -> bool:
        """Whether that message, which the broker has answered, was to remove something."""
        return number in self._own

    def _remove(self, before: bytes, now: bytes) -> None:
        removing = removal(before, now)
        for payload in [] if removing is None else [removing, now]:
            if self._client.limits.fits(self.topic, payload, 1):
                self._own.add(self._client.send(self.topic, payload, 1, True))
