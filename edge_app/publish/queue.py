"""What waits for one sink: a bounded queue of messages, and the newest status of every camera."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable

from edge_app.publish.messages import Message

SLICE_S = 0.5  # how long anything here waits at most before its caller can beat and look at its stop event


class MessageQueue:
    """Between the thread that makes messages and the one that sends them.

    A message is in the queue, or in flight (taken, not yet confirmed), or delivered. A connection that breaks puts
    back what was in flight, in front and in order. Statuses never wait for room and are never dropped: only the
    newest of a camera waits, and all of them are due again for every new connection.
    """

    def __init__(self, capacity: int, drop: Callable[[], None]) -> None:
        """Holds so many messages; calls `drop` for every live one that is thrown away for want of room."""
        self._capacity = capacity
        self._drop = drop
        self._queue: deque[Message] = deque()
        self._flight: dict[int, Message] = {}  # by identity, in the order in which they were taken
        self._statuses: dict[str, Message] = {}
        self._due: dict[str, Message] = {}
        self._woken = False
        self._closed = False
        self._draining = False
        self._changed = threading.Condition()

    @property
    def closed(self) -> bool:
        with self._changed:
            return self._closed

    @property
    def draining(self) -> bool:
        """Whether somebody waits, or has waited, for everything to be delivered."""
        with self._changed:
            return self._draining

    def put(self, message: Message, wait: Callable[[], bool]) -> bool:
        """Queues a message; False when it was given up.

        A live one never waits: in a full queue the oldest live message makes room, or else it is itself dropped.
        A finite source's waits for room, and for as long as `wait`, called at least every half a second, is true.
        """
        with self._changed:
            while not message.live and not self._changed.wait_for(self._has_room, SLICE_S):
                if not wait():
                    return False
            if self._closed or not self._make_room():
                return False
            self._queue.append(message)
            self._changed.notify_all()
            return True

    def put_status(self, message: Message) -> None:
        """Makes this the status of its camera."""
        camera = message.camera or ""
        with self._changed:
            self._statuses[camera] = self._due[camera] = message
            self._changed.notify_all()

    def take(self, timeout_s: float) -> Message | None:
        """The next message, which then is in flight; None after `wake`, or when nothing came for so long."""
        with self._changed:
            self._changed.wait_for(lambda: self._woken or self._due or self._queue or self._closed, timeout_s)
            self._woken = False
            if self._due:
                message = self._due.pop(next(iter(self._due)))
            elif self._queue:
                message = self._queue.popleft()
            else:
                return None
            self._flight[id(message)] = message
            self._changed.notify_all()
            return message

    def delivered(self, messages: Iterable[Message]) -> None:
        """These have arrived."""
        with self._changed:
            for message in messages:
                self._flight.pop(id(message), None)
            self._changed.notify_all()

    def reconnect(self) -> None:
        """The connection broke: what was in flight goes back to the front, and every status is due."""
        with self._changed:
            lost = [message for message in self._flight.values() if not message.is_state]
            self._flight.clear()
            self._queue.extendleft(reversed(lost))
            self._due = dict(self._statuses)

    def wake(self) -> None:
        """Ends a `take` that waits: the sink has news."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def drain(self, deadline_mono: float) -> int:
        """Waits until all is delivered, at most until then [s] and not after `close`; returns how many are not."""
        with self._changed:
            self._draining = True
            self._changed.wait_for(self._is_over, max(0.0, deadline_mono - time.monotonic()))
            return len(self._queue) + sum(not message.is_state for message in self._flight.values())

    def close(self) -> None:
        """Nothing is queued any more, and whoever waits here returns."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def pause(self, timeout_s: float) -> None:
        """Waits so long, or until `close`."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed, timeout_s)

    def _make_room(self) -> bool:
        """Drops the oldest live messages until there is room; False where too little of what waits is live."""
        while not self._has_room():
            self._drop()
            oldest = next((at for at, queued in enumerate(self._queue) if queued.live), None)
            if oldest is None:
                return False
            del self._queue[oldest]
        return True

    def _has_room(self) -> bool:
        return len(self._queue) < self._capacity or self._closed

    def _is_over(self) -> bool:
        return self._closed or not (self._queue or self._flight or self._due)
