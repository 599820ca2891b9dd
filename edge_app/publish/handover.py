"""From a queue to its sink: what the sink takes, what it confirms, and what it will never take."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from edge_app.core.errors import SinkError
from edge_app.core.metrics import Metrics
from edge_app.publish.messages import Message
from edge_app.publish.queue import SLICE_S, MessageQueue
from edge_app.publish.sink_status import SinkStatusLog
from edge_app.publish.sinks.sink import LoginError, OutageError, RefusedError, Sink, UnwantedError
from edge_app.publish.suspects import STRIKES, Suspects

logger = logging.getLogger(__name__)

UNNAMED = "other"  # the code of a refusal to which the other side gave no name


class Handover:
    """Hands messages over, one connection after the other, and remembers what the sink broke at.

    Attributes:
        opened_mono: When the last attempt opened the sink [s]; None if it did not get that far.
    """

    def __init__(
        self,
        name: str,
        sink: Sink,
        queue: MessageQueue,
        *,
        status: SinkStatusLog,
        metrics: Metrics,
        beat: Callable[[], None],
    ) -> None:
        """Opens nothing yet.

        Args:
            name: What logs and metrics call the sink.
            sink: Where the messages go.
            queue: Where they wait; `deliver` ends when it is closed.
            status: Is told how the sink is doing.
            metrics: Counts what was delivered and refused.
            beat: Called at least once a second.
        """
        self._name, self._sink, self._queue = name, sink, queue
        self._status, self._metrics, self._beat = status, metrics, beat
        self.opened_mono: float | None = None
        self._took_some = False  # whether it has confirmed something since it was opened
        self._suspects = Suspects()
        self._told: set[tuple[str | None, str]] = set()  # of whose refusals

    def deliver(self) -> None:
        """Opens the sink and delivers until the sink fails or the delivery is stopped."""
        self.opened_mono, self._took_some = None, False
        try:
            self._queue.reconnect(last=self._suspects.postponed)
            if not self._open():
                return
            self.opened_mono, message = time.monotonic(), None
            self._status.opened()
            while not self._queue.closed:
                self._beat()
                message = message or self._queue.take(SLICE_S, alone=self._suspects.alone)
                if message is not None and self._hand_over(message):
                    message = None
                self._collect_confirmed()
        finally:
            self._sink.close()

    def judge(self, error: SinkError) -> None:
        """Sets the message aside at which the sink has failed again and again, if the error may be its fault."""
        if isinstance(error, OutageError | LoginError):
            return
        oldest = self._queue.oldest_in_flight()
        if oldest is not None and self._suspects.broke(oldest, took_others=self._took_some):
            self._set_aside(oldest, f"{STRIKES} connections in a row ended at it: {error}")

    def _open(self) -> bool:
        """False if the delivery was stopped meanwhile."""
        while not self._queue.closed:
            self._beat()
            if self._sink.open(self._queue.wake):
                return True
        return False

    def _hand_over(self, message: Message) -> bool:
        """False if the sink has no room for it."""
        if self._suspects.known(message):
            self._set_aside(message, "others like it ended the connection")
            return True
        try:
            return self._sink.send(message)
        except UnwantedError as unwanted:
            self._leave_out(unwanted)
            return True
        except RefusedError as refusal:
            self._set_aside(refusal.message, str(refusal), refusal.code)
            return True

    def _collect_confirmed(self) -> None:
        if messages := self._confirmed():
            self._took_some = True
            self._status.up()  # only now: a file on a full disk can be opened, but not written
            self._suspects.gone(messages)
            self._queue.delivered(messages)
            self._metrics.count("published", len(messages), sink=self._name)

    def _confirmed(self) -> Sequence[Message]:
        while True:
            try:
                return self._sink.confirmed()
            except UnwantedError as unwanted:
                self._leave_out(unwanted)
            except RefusedError as refusal:
                self._set_aside(refusal.message, str(refusal), refusal.code)

    def _leave_out(self, unwanted: UnwantedError) -> None:
        """Forgets a message that the sink was told not to send."""
        self._suspects.gone([unwanted.message])
        self._queue.delivered([unwanted.message])
        if unwanted.reason is not None:
            self._metrics.count("publish_dropped", sink=self._name, reason=unwanted.reason)

    def _set_aside(self, message: Message, why: str, code: str | None = None) -> None:
        """Gives up on a message; logs only the first for each camera and kind."""
        self._suspects.gone([message])
        self._queue.set_aside(message, why)
        self._metrics.count("publish_dropped", sink=self._name, reason="refused")
        self._metrics.count("publish_refused", sink=self._name, code=code or UNNAMED)
        if not self._took_some and self._queue.oldest_in_flight() is None:
            self._status.down(why)  # so far it has taken nothing at all
        if (whose := (message.camera, message.kind)) not in self._told:
            self._told.add(whose)
            what = f"{message.kind} of {message.camera}" if message.camera else message.kind
            logger.warning("%s: a message is set aside, as others like it will be: %s: %s", self._name, what, why)
