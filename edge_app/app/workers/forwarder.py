"""A worker's only sink: the main process, which has the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from edge_app.app.workers.link import Link
from edge_app.core.errors import SinkError
from edge_app.publish.messages import ALL_KINDS, DeliveredKind, Message

MAIN_PROCESS = "main process"  # as a worker's own metrics and log call this sink
MOST_WAITING = 256  # items; what is beyond waits in the queue of the sink, which drops the oldest of live cameras
WAIT_S = 0.2
OF_MAIN = frozenset({"status", "stats"})  # which it makes itself


class Forwarder:
    """Hands messages to the link, which takes them in batches."""

    def __init__(self, link: Link) -> None:
        """What is handed over counts as delivered: what is lost with this process nobody could send again."""
        self._link = link
        self._sent: list[Message] = []

    @property
    def kinds(self) -> frozenset[DeliveredKind]:
        return frozenset(ALL_KINDS) - OF_MAIN

    def open(self, wake: Callable[[], None]) -> bool:
        return True

    def send(self, message: Message) -> bool:
        if not self._link.wait_for_room(MOST_WAITING, WAIT_S):
            return False
        if not self._link.put(message):
            raise SinkError("the main process has gone")
        self._sent.append(message)
        return True

    def confirmed(self) -> Sequence[Message]:
        sent, self._sent = self._sent, []
        return sent

    def close(self) -> None:
        """The link is not its own."""
