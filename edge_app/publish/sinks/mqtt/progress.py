"""What has become of a connection to a broker: paho's threads tell it, the sink's thread waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from edge_app.core.errors import SinkError


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The end of a message.

    Attributes:
        number: What `MqttConnection.publish` called it.
        refused: Why the broker will never take it, as MQTT 5 calls it; None if it has taken it.
    """

    number: int
    refused: str | None


class Progress:
    """From the attempt to the end of one connection; any thread may call any method.

    paho's callbacks hold paho's locks and take ours, so nothing here calls paho.

    Attributes:
        welcomed_mono: When the broker let us in [s]; None while it has not.
        answered: The number of the newest message that it has acknowledged; None while there is none.
        error: The first failure; paho reports its consequences too.
        ended: Whether paho has let go of the connection.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        """`wake` is called after every acknowledgement and after a failure."""
        self.welcomed_mono: float | None = None
        self.answered: int | None = None
        self.error: SinkError | None = None
        self.ended = False
        self._wake = wake
        self._answers: list[Acknowledgement] = []
        self._changed = threading.Condition()

    def welcomed(self) -> None:
        with self._changed:
            self.welcomed_mono = time.monotonic()
            self._changed.notify_all()

    def acknowledged(self, answer: Acknowledgement) -> None:
        with self._changed:
            self.answered = answer.number
            self._answers.append(answer)
            self._changed.notify_all()
        self._wake()

    def failed(self, error: SinkError) -> None:
        with self._changed:
            self.error = self.error or error
            self._changed.notify_all()
        self._wake()

    def end(self) -> None:
        with self._changed:
            self.ended = True
            self._changed.notify_all()

    def wait_for(self, what: Callable[[], bool], timeout_s: float) -> bool:
        """Waits for that, for as long as the timeout; returns whether it is so."""
        with self._changed:
            return self._changed.wait_for(what, timeout_s)

    def answers(self, timeout_s: float) -> list[Acknowledgement]:
        """What was acknowledged since the last call; waits for one until the timeout.

        Raises:
            SinkError: The connection has failed, and all answers were returned before.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._answers or self.error, timeout_s)
            answers, self._answers = self._answers, []
            if not answers and self.error is not None:
                raise self.error
            return answers

    def has_taken(self, number: int) -> bool:
        """Whether that message was taken, which `answers` has not returned yet."""
        with self._changed:
            return Acknowledgement(number, None) in self._answers
