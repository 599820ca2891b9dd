"""A thread that delivers by calls that block, so that the sink's own thread can give its signs of life."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeAlias

from edge_app.publish.messages import Message
from edge_app.publish.sinks.sink import OutageError, RefusedError

MOST_BYTES = 1 << 20  # of the messages that are delivered at once; servers often take no more

Outcome: TypeAlias = "Message | RefusedError | None"
"""A message that was taken, or the refusal of one; None shows that a call has ended, and another one follows."""


class Transport(Protocol):
    """What delivers. A courier calls it from its thread alone, but for `cut`."""

    def connect(self) -> None:
        """Makes sure that the other side is there; raises SinkError if it is not."""

    def deliver(self, messages: Sequence[Message]) -> Iterator[Outcome]:
        """Delivers the messages in their order, and says of each what became of it; raises SinkError if it fails."""

    def cut(self) -> None:
        """Makes a call that waits for the other side end soon, and every later one at once; any thread may call it."""


class Courier:
    """Delivers through one transport, from its connection to its end. Its methods are for the thread of the sink."""

    def __init__(
        self,
        name: str,
        transport: Transport,
        wake: Callable[[], None],
        *,
        limit_s: float,
        most: int = 1,
        linger_s: float = 0.0,
    ) -> None:
        """Begins to connect.

        Args:
            name: What errors call the other side; nothing secret.
            transport: Delivers.
            wake: Called, in the courier's thread, when `confirmed` has news.
            limit_s: A call that takes longer [s] has failed.
            most: How many messages are delivered at once; as many may wait for that.
            linger_s: How long the first of them waits for others [s].
        """
        self._name, self._transport, self._wake, self._limit_s = name, transport, wake, limit_s
        self._most, self._linger_s = most, linger_s
        self._waiting: deque[Message] = deque()
        self._taken: list[Message] = []
        self._refused: deque[RefusedError] = deque()
        self._error: Exception | None = None
        self._connected = self._stopped = False
        self._busy_since_mono: float | None = None
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=f"deliver {name}", daemon=True)
        self._thread.start()

    def connected(self, timeout_s: float) -> bool:
        """Whether the other side is there; waits for that until the timeout. Raises SinkError if it is not."""
        with self._changed:
            self._changed.wait_for(lambda: self._connected or self._error, timeout_s)
            self._raise_failure()
            return self._connected

    def put(self, message: Message, timeout_s: float) -> bool:
        """Takes a message for delivery; False if there was no room before the timeout."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._waiting) < self._most or self._error, timeout_s)
            if self._error or len(self._waiting) >= self._most:
                return False
            self._waiting.append(message)
            self._changed.notify_all()
            return True

    def confirmed(self) -> Sequence[Message]:
        """What was taken since the last call. Raises RefusedError for each that was refused, then SinkError."""
        with self._changed:
            if self._refused:
                raise self._refused.popleft()
            taken, self._taken = self._taken, []
            if not taken:
                self._raise_failure()
            return taken

    def stop(self) -> None:
        """Ends the thread, as soon as its call has ended; what was taken from now on is not known."""
        with self._changed:
            self._stopped = True
            self._error = None  # a reference cycle
            self._changed.notify_all()
        self._transport.cut()

    def join(self, timeout_s: float) -> bool:
        """Whether the thread has ended; waits for that until the timeout."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _raise_failure(self) -> None:
        if self._error is not None:
            raise self._error
        since = self._busy_since_mono
        if since is not None and time.monotonic() - since > self._limit_s:
            raise OutageError(f"{self._name}: no answer in time")

    def _run(self) -> None:
        try:
            self._begin_call()
            self._transport.connect()
            self._end_call(connected=True)
            while messages := self._next():
                self._deliver(messages)
        except Exception as error:  # which the thread of the sink raises, whatever it is
            with self._changed:
                self._error = None if self._stopped else error
            self._end_call()

    def _deliver(self, messages: Sequence[Message]) -> None:
        outcomes = self._transport.deliver(messages)
        self._begin_call()
        for outcome in outcomes:
            with self._changed:
                if isinstance(outcome, RefusedError):
                    self._refused.append(outcome)
                elif outcome is not None:
                    self._taken.append(outcome)
                if self._stopped:
                    return
            self._end_call()
            self._begin_call()
        self._end_call()

    def _next(self) -> Sequence[Message]:
        """What is to be delivered at once; empty if the courier was stopped."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._stopped)
            self._changed.wait_for(lambda: len(self._waiting) >= self._most or self._stopped, self._linger_s)
            messages: list[Message] = []
            size = 0
            while self._waiting and not self._stopped and len(messages) < self._most:
                size += len(self._waiting[0].payload)
                if messages and size > MOST_BYTES:
                    break
                messages.append(self._waiting.popleft())
            self._changed.notify_all()
            return messages

    def _begin_call(self) -> None:
        with self._changed:
            self._busy_since_mono = time.monotonic()

    def _end_call(self, *, connected: bool = False) -> None:
        with self._changed:
            self._busy_since_mono = None
            self._connected = self._connected or connected
            self._changed.notify_all()
        self._wake()
