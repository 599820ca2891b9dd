"""What a broker shows of us on a topic of its own: `online` while we are connected, else `offline`."""

from __future__ import annotations

from collections.abc import Sequence

from edge_app.publish.sinks.mqtt.client import TellingClient
from edge_app.publish.sinks.mqtt.progress import Progress

ONLINE, OFFLINE = b"online", b"offline"
FAREWELL_S = 0.3


class Presence:
    """Says that we are online, corrects a last will of ours that comes late, and says good-bye.

    Attributes:
        silent: Whether to say neither `online` nor `offline`.
        asked_to_listen: Whether we want to subscribe, and the broker has not answered that yet.
    """

    def __init__(
        self,
        topic: str,
        client: TellingClient,
        progress: Progress,
        *,
        retain: bool,
        silent: bool,
        listen: Sequence[str],
    ) -> None:
        """Says nothing yet.

        Args:
            topic: Where.
            client: Publishes there, and subscribes to it.
            progress: Of the connection.
            retain: Whether the broker is to keep what we say.
            silent: Whether to say nothing.
            listen: Topics to subscribe to: its own, to correct a last will, and others; none: to nothing.
        """
        self.silent, self.asked_to_listen = silent, False
        self._topic, self._client, self._progress = topic, client, progress
        self._retain, self._listen = retain, listen
        self._own: set[int] = set()  # numbers of what we said

    def welcomed(self) -> None:
        """The broker has let us in."""
        if not self.silent:
            self._say(ONLINE)

    def acknowledged(self, number: int) -> bool:
        """Whether that message, which the broker has answered, is one of ours; after the first we subscribe."""
        ours = number in self._own
        if ours and self._listen and self._progress.answered is None:
            self.asked_to_listen = True
            self._client.subscribe([(topic, 1) for topic in self._listen])
        return ours

    def heard(self, payload: bytes | bytearray) -> None:
        """What is said on the topic; the last will of a connection that was cut may come after our `online`."""
        if payload == OFFLINE:
            self._say(ONLINE)

    def said_offline(self) -> bool:
        """Says good-bye; whether the broker has taken it, if there was anything to say."""
        if self.silent:
            return True
        number, progress = self._say(OFFLINE), self._progress
        progress.wait_for(lambda: progress.has_taken(number) or progress.ended, FAREWELL_S)
        return progress.has_taken(number)

    def _say(self, availability: bytes) -> int:
        number = self._client.send(self._topic, availability, 1, self._retain)
        self._own.add(number)
        return number
