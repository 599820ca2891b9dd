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
        self._last: Message | None = None  # waits until another one was delivered
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
    def idle(self) -> bool:
        """Whether nothing waits, and nothing is in flight."""
        with self._changed:
            return not (self._queue or self._in_flight or self._due or self._last)

    @property
    def undelivered(self) -> int:
        """How many messages are queued or in flight; statuses do not count."""
        with self._changed:
            others = (*self._in_flight.values(), *([self._last] if self._last else []))
            return len(self._queue) + sum(not message.is_state for message in others)

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

    def take(self, timeout_s: float, *, alone: bool = False) -> Message | None:
        """The next message, which is in flight from then on; None after `wake`, or if nothing came in time.

        Args:
            timeout_s: How long to wait for one [s].
            alone: Whether nothing else may be in flight.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._woken or self._closed or self._has_next(alone), timeout_s)
            self._woken = False
            if not (self._queue or self._in_flight or self._due):
                self._release_last()
            if not self._has_next(alone):
                return None
            message = self._due.pop(next(iter(self._due))) if self._due else self._queue.popleft()
            self._in_flight[id(message)] = message
            self._changed.notify_all()
            return message

    def delivered(self, messages: Iterable[Message]) -> None:
        """Forgets messages that have arrived."""
        with self._changed:
            self._release_last()
            for message in messages:
                self._in_flight.pop(id(message), None)
            self._changed.notify_all()

    def oldest_in_flight(self) -> Message | None:
        """The message that was taken first of those that are neither delivered nor set aside."""
        with self._changed:
            return next(iter(self._in_flight.values()), None)

    def set_aside(self, message: Message) -> None:
        """Forgets a message that will never arrive; after a status, the next one of its camera comes again."""
        with self._changed:
            self._in_flight.pop(id(message), None)
            if self._statuses.get(camera := message.camera or "") is message:
                del self._statuses[camera]
            self._changed.notify_all()

    def reconnect(self, last: Message | None = None) -> None:
        """Prepares for a new connection: what was in flight goes back to the front, and every status is due.

        Args:
            last: A message that waits until another one was delivered, if there is another.
        """
        with self._changed:
            self._release_last()
            lost = [message for message in self._in_flight.values() if not message.is_state]
            self._in_flight.clear()
            self._queue.extendleft(reversed(lost))
            self._due = dict(self._statuses)
            if last is not None and last.is_state:
                self._last = self._due.pop(last.camera or "", None)
            elif last is not None and last in self._queue:
                self._queue.remove(last)
                self._last = last

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

    def clear(self) -> None:
        """Closes it and forgets all messages."""
        with self._changed:
            self._closed = True
            self._last = None
            for messages in (self._queue, self._in_flight, self._statuses, self._due):
                messages.clear()
            self._changed.notify_all()

    def pause(self, timeout_s: float) -> None:
        """Waits for that time [s], or until `close`."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed, timeout_s)

    def _release_last(self) -> None:
        message, self._last = self._last, None
        if message is not None and not message.is_state:
            self._queue.appendleft(message)
        elif message is not None and self._statuses.get(camera := message.camera or "") is message:
            self._due[camera] = message

    def _make_room(self) -> bool:
        """Drops the oldest live messages, events last, until there is room; False if too few of all are live."""
        while not self._has_room():
            self._drop()
            live = [at for at, queued in enumerate(self._queue) if queued.live]
            if not live:
                return False
            del self._queue[next((at for at in live if self._queue[at].kind != "events"), live[0])]
        return True

    def _has_next(self, alone: bool) -> bool:
        return bool(self._due or self._queue) and not (alone and self._in_flight)

    def _has_room(self) -> bool:
        return len(self._queue) < self._capacity or self._closed

    def _is_over(self) -> bool:
        return self._closed or self.idle
