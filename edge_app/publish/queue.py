"""Between the threads that make messages and the one that sends them to a sink: what waits, and what is in flight."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from edge_app.publish.backlog import Backlog
from edge_app.publish.disk_orders import BATCH, DiskWork, Queued
from edge_app.publish.messages import Message, MessageKind
from edge_app.publish.states import NewestStates

SLICE_S = 0.5  # the longest wait here before the caller gets to send a heartbeat and check its stop event


class Waiting(NamedTuple):
    """What a sink has not taken; states do not count.

    Attributes:
        messages: How many messages.
        on_disk: How many of them are on the disk.
        oldest_s: How long the oldest has waited [s]; None if none waits, or it is just being read from the disk.
    """

    messages: int
    on_disk: int
    oldest_s: float | None


class MessageQueue:
    """Messages in a backlog, and the newest of every state: of each camera's status, of the counts.

    A message is in the backlog, or in flight (taken, not yet confirmed), or delivered. After a broken connection, what
    was in flight goes back to the front, in order. States never wait for room and are never dropped: only the
    newest of a camera and kind waits, and all of them are due again for every new connection.
    """

    def __init__(
        self, capacity: int, drop: Callable[[], None], *, always: Collection[MessageKind] | None = None
    ) -> None:
        """Begins empty.

        Args:
            capacity: How many messages wait at most in memory.
            drop: Called for every live message that is discarded for lack of room.
            always: The kinds that a spool writes to the disk before they are sent; None if there is no spool.
        """
        self._drop = drop
        self._backlog = Backlog(capacity, always)
        self._in_flight: dict[int, Queued] = {}  # by their messages' identity, in the order in which they were taken
        self._states = NewestStates()
        self._last: Queued | None = None  # waits until another one was delivered
        self._woken = False
        self._closed = False
        self._draining = False
        self._disk_is_awake = False
        lock = threading.Lock()
        self._changed = threading.Condition(lock)
        self._disk_work = threading.Condition(lock)  # of its own, so that no message wakes the spool for nothing

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
        """How many messages wait or are in flight; states do not count."""
        with self._changed:
            return len(self._backlog) + sum(not entry.message.is_state for entry in self._taken())

    @property
    def waiting(self) -> Waiting:
        """How much waits or is in flight, and since when."""
        with self._changed:
            taken = [entry for entry in self._taken() if not entry.message.is_state]
            oldest = next(iter(taken), self._backlog.oldest)
            return Waiting(
                messages=len(self._backlog) + len(taken),
                on_disk=self._backlog.on_disk + sum(entry.on_disk == "yes" for entry in taken),
                oldest_s=None if oldest is None else time.monotonic() - oldest.since_mono + oldest.older_s,
            )

    def put(self, message: Message, wait: Callable[[], bool]) -> bool:
        """Queues a message; False if it was given up.

        A live message never waits: in a full queue it replaces the oldest live one, or is itself dropped; no event
        is dropped for anything else. A message of a finite source waits for room, also in the spool, for as long as
        `wait`, called at least every half a second, returns True.
        """
        with self._changed:
            while not message.droppable and not self._changed.wait_for(self._has_lasting_room, SLICE_S):
                if not wait():
                    return False
            if self._closed or not self._make_room(message):
                return False
            self._backlog.append(message)
            self._wake_disk()
            self._changed.notify_all()
            return True

    def put_state(self, message: Message) -> None:
        """Makes this the newest state of its camera and kind."""
        with self._changed:
            self._states.put(message)
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
            if not (self._backlog or self._in_flight or self._states):
                self._release_last()
            if not self._has_next(alone):
                return None
            if self._states:
                entry = Queued(self._states.pop(), 0, 0.0)
            else:
                entry = self._backlog.pop()
                self._wake_disk()
            self._in_flight[id(entry.message)] = entry
            self._changed.notify_all()
            return entry.message

    def delivered(self, messages: Iterable[Message]) -> None:
        """Forgets messages that have arrived."""
        with self._changed:
            self._release_last()
            for message in messages:
                entry = self._in_flight.pop(id(message), None)
                if entry is not None and not message.is_state:
                    self._backlog.finished(entry)
            self._wake_disk()
            self._changed.notify_all()

    def oldest_in_flight(self) -> Message | None:
        """The message that was taken first of those that are neither delivered nor set aside."""
        with self._changed:
            return next((entry.message for entry in self._in_flight.values()), None)

    def set_aside(self, message: Message, why: str) -> None:
        """Forgets a message that will never arrive; after a state, the next one of its camera and kind comes again."""
        with self._changed:
            entry = self._in_flight.pop(id(message), None)
            if message.is_state:
                self._states.forget(message)
            elif entry is not None:
                self._backlog.refused(entry, why)
            self._wake_disk()
            self._changed.notify_all()

    def reconnect(self, last: Message | None = None) -> None:
        """Prepares for a new connection: what was in flight goes back to the front, and every state is due.

        Args:
            last: A message that waits until another one was delivered, if there is another.
        """
        with self._changed:
            self._release_last()
            self._backlog.give_back([entry for entry in self._in_flight.values() if not entry.message.is_state])
            self._in_flight.clear()
            self._states.all_again()
            if last is not None and last.is_state:
                state = self._states.take_out(last)
                self._last = None if state is None else Queued(state, 0, 0.0)
            elif last is not None:
                self._last = self._backlog.take_out(last)

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
            self._close()

    def close_if_idle(self) -> None:
        """Closes it unless something waits or is in flight: what comes later is refused, and nothing is lost."""
        with self._changed:
            if self._is_idle():
                self._close()

    def clear(self) -> None:
        """Closes it and forgets all messages."""
        self.close()
        with self._changed:
            self._last = None
            for messages in (self._backlog, self._in_flight, self._states):
                messages.clear()
            self._changed.notify_all()

    def pause(self, timeout_s: float) -> None:
        """Waits for that time [s], or until `close`."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed, timeout_s)

    def disk_work(self, commit_s: float) -> DiskWork:
        """What the spool is to do next, for its thread; nothing, if nothing comes within half a second.

        Args:
            commit_s: How long what is to be written waits for more [s].
        """
        with self._changed:
            if self._disk_work.wait_for(lambda: self._disk_has(1), SLICE_S):
                self._disk_work.wait_for(lambda: self._disk_has(BATCH // 2), commit_s)
            self._disk_is_awake = False
            return self._backlog.work(self._taken(), closing=self._closed or self._draining)

    def let_go(self, places: Collection[int]) -> int:
        """What was at these places on the disk is not there any more; returns how many messages that dropped."""
        with self._changed:
            dropped = self._backlog.let_go(places, self._taken())
            self._changed.notify_all()
            return dropped

    def no_disk(self) -> int:
        """What was on the disk is not there any more; returns how many messages were there alone."""
        with self._changed:
            lost = self._backlog.no_disk(self._taken())
            self._changed.notify_all()
            return lost

    @contextmanager
    def backlog(self) -> Iterator[Backlog]:
        """The backlog, for the spool to say in the block what it has done."""
        with self._changed:
            yield self._backlog
            self._changed.notify_all()

    def _taken(self) -> list[Queued]:
        """What is not in the backlog, and not delivered either."""
        return [*self._in_flight.values(), *([self._last] if self._last else [])]

    def _wake_disk(self) -> None:
        """Wakes the spool when there is something to do, and again when there is enough of it."""
        if self._disk_has(1) and (not self._disk_is_awake or self._disk_has(BATCH // 2)):
            self._disk_is_awake = True
            self._disk_work.notify_all()

    def _disk_has(self, enough: int) -> bool:
        return self._closed or self._backlog.wants_load or self._backlog.pending >= enough

    def _release_last(self) -> None:
        entry, self._last = self._last, None
        if entry is not None and not entry.message.is_state:
            self._backlog.give_back([entry])
        elif entry is not None:
            self._states.again(entry.message)

    def _make_room(self, message: Message) -> bool:
        """Drops the oldest live messages until there is room, events for events alone; False if too few can go."""
        while not self._has_room():
            self._drop()
            if not self._backlog.drop_one(also_events=message.kind == "events"):
                return False
        return True

    def _has_next(self, alone: bool) -> bool:
        return bool(self._states or self._backlog.next()) and not (alone and self._in_flight)

    def _has_room(self) -> bool:
        return self._backlog.has_room or self._closed

    def _has_lasting_room(self) -> bool:
        return self._closed or (self._backlog.has_room and self._backlog.disk_room > 0)

    def _is_over(self) -> bool:
        return self._closed or self._is_idle()

    def _is_idle(self) -> bool:
        return not (self._backlog or self._in_flight or self._states or self._last)

    def _close(self) -> None:
        self._closed = True
        self._changed.notify_all()
        self._disk_work.notify_all()
