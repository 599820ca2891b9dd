"""What waits for one sink: a bounded queue of messages, and the newest status of every camera."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable

from edge_app.publish.messages import Message

SLICE_S = 0.5  # the longest wait here before the caller gets to send a heartbeat and check its stop event


class MessageQueue:
    """Between the thread that makes messages and the one that sends them.

    A message is in the queue, or in flight (taken, not yet confirmed), or delivered. After a broken connection, what
    was in flight goes back to the front, in order. Statuses never wait for room and are never dropped: only the
    newest of a camera waits, and all of them are due again for every new connection.
    """

    def __init__(self, capacity: int, drop: Callable[[], None]) -> None:
        """Holds at most `capacity` messages; calls `drop` for every live one that is discarded for lack of room."""
        self._capacity = capacity
        self._drop = drop
        self._queue: deque[Message] = deque()
        self._in_flight: dict[int, Message] = {}  # by identity, in the order in which they were taken
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

    @property
    def undelivered(self) -> int:
        """How many messages are queued or in flight; statuses do not count."""
        with self._changed:
            return len(self._queue) + sum(not message.is_state for message in self._in_flight.values())

    def put(self, message: Message, wait: Callable[[], bool]) -> bool:
        """Queues a message; False if it was given up.

        A live message never waits: in a full queue it replaces the oldest live one, or is itself dropped. A message
        of a finite source waits for room, for as long as `wait`, called at least every half a second, returns True.
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
        """The next message, which is in flight from then on; None after `wake`, or if nothing came in time."""
        with self._changed:
            self._changed.wait_for(lambda: self._woken or self._due or self._queue or self._closed, timeout_s)
            self._woken = False
            if self._due:
                message = self._due.pop(next(iter(self._due)))
            elif self._queue:
                message = self._queue.popleft()
            else:
                return None
            self._in_flight[id(message)] = message
            self._changed.notify_all()
            return message

    def delivered(self, messages: Iterable[Message]) -> None:
        """Forgets messages that have arrived."""
        with self._changed:
            for message in messages:
                self._in_flight.pop(id(message), None)
            self._changed.notify_all()

    def reconnect(self) -> None:
        """Prepares for a new connection: what was in flight goes back to the front, and every status is due."""
        with self._changed:
            lost = [message for message in self._in_flight.values() if not message.is_state]
            self._in_flight.clear()
            self._queue.extendleft(reversed(lost))
            self._due = dict(self._statuses)

    def wake(self) -> None:
        """Ends a `take` that waits: the sink has news."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def drain(self, deadline_mono: float) -> int:
        """Waits until all is delivered, the deadline [s] or `close`; returns how many messages are undelivered."""
        with self._changed:
            self._draining = True
            self._changed.wait_for(self._is_over, max(0.0, deadline_mono - time.monotonic()))
            return self.undelivered

    def close(self) -> None:
        """Refuses messages from now on and ends every wait."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def pause(self, timeout_s: float) -> None:
        """Waits for that time [s], or until `close`."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed, timeout_s)

    def _make_room(self) -> bool:
        """Drops the oldest live messages until there is room; False if too few of the waiting ones are live."""
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
        return self._closed or not (self._queue or self._in_flight or self._due)
