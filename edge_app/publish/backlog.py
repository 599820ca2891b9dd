"""What waits for one sink, in order: what is sent next in memory, and the rest, where there is a spool, on the disk."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain

from edge_app.publish.disk_orders import DiskOrders, DiskWork, Queued
from edge_app.publish.messages import Message, MessageKind

WINDOW = 256  # how many of those on the disk are in memory too, as the next to be sent
AWAY_S = 1.0  # how long a message may wait in memory alone

FIRST = -(2**62)  # before the place of every message


class Backlog:
    """The messages of one sink that are neither delivered nor in flight. Its queue holds the lock.

    Attributes:
        disk_room: How many bytes can come before the spool has to drop something; infinite if there is none.

    In memory there are two stretches: `front`, which is sent next, and `tail`, what came while something waits on the
    disk alone. What waits there lies between the two. Without a spool there is `front` and nothing else.
    """

    def __init__(self, capacity: int, always: Collection[MessageKind] | None = None) -> None:
        """Holds at most `capacity` messages in memory.

        Args:
            capacity: How many.
            always: The kinds that are written before they are sent; None if there is no spool.
        """
        self.disk_room = math.inf
        self._capacity, self._window = capacity, max(1, min(WINDOW, capacity // 2))
        self._always = frozenset(always or ())
        self._opened = always is None  # until then it is not known whether an earlier session has left something
        self._writes = False  # whether there is a disk, and it takes something
        self._spilling = False
        self._front: deque[Queued] = deque()
        self._tail: deque[Queued] = deque()
        self._between = 0  # how many are on the disk alone
        self._last = FIRST  # the place of the last one that came to the front
        self._next_place = 0
        self._orders = DiskOrders()

    def __len__(self) -> int:
        return len(self._front) + self._between + len(self._tail)

    @property
    def has_room(self) -> bool:
        """Whether another message fits into memory."""
        return len(self._front) + len(self._tail) < self._capacity

    @property
    def unwritten_bytes(self) -> int:
        """How much is in memory alone."""
        return sum(len(entry.message.payload) for entry in self._in_memory() if entry.on_disk != "yes")

    @property
    def on_disk(self) -> int:
        """How many are on the disk, whether in memory too or not."""
        return self._between + sum(entry.on_disk == "yes" for entry in self._in_memory())

    @property
    def oldest(self) -> Queued | None:
        """The one that has waited longest, as far as it is in memory."""
        return next(self._in_memory(), None)

    @property
    def pending(self) -> int:
        """How much is to be written to the disk."""
        return len(self._orders)

    @property
    def wants_load(self) -> bool:
        """Whether what is on the disk is soon to be sent."""
        return self._between > 0 and len(self._front) <= self._window // 2

    def append(self, message: Message) -> None:
        """Puts a message at the end."""
        self.disk_room -= len(message.payload)
        entry = Queued(message, self._next_place, time.monotonic())
        self._next_place += 1
        if self._opened and not self._between and not self._tail:
            self._front.append(entry)
            self._last = entry.place
            if self._spilling or message.kind in self._always:
                self._orders.write(entry)
        else:
            self._tail.append(entry)
            self._orders.write(entry)

    def next(self) -> Queued | None:
        """The one to be sent next; None also while it has to be written first."""
        if not self._front:
            return None
        first = self._front[0]
        waits = self._writes and first.on_disk != "yes" and first.message.kind in self._always
        return None if waits else first

    def pop(self) -> Queued:
        """Takes what `next` has returned."""
        entry = self._front.popleft()
        self._join()
        return entry

    def take_out(self, message: Message) -> Queued | None:
        """Takes a message out of the front."""
        found = next((entry for entry in self._front if entry.message is message), None)
        if found is not None:
            self._front.remove(found)
        return found

    def give_back(self, entries: Sequence[Queued]) -> None:
        """Puts what was taken back at the front, in that order."""
        self._front.extendleft(reversed(entries))
        self._trim()

    def finished(self, entry: Queued) -> None:
        """Forgets one that was taken: it was delivered, or never will be."""
        self._orders.forget(entry)

    def refused(self, entry: Queued, why: str) -> None:
        """Forgets one that was taken, except for the record of what was refused."""
        self.finished(entry)
        if self._writes:
            self._orders.keep_refused(entry.message, why)

    def drop_one(self, *, also_events: bool) -> bool:
        """Drops the oldest that may be and is in memory alone, an event if there is nothing else; False: none."""
        droppable = [entry for entry in self._in_memory() if entry.message.droppable and entry.on_disk != "yes"]
        others = (entry for entry in droppable if entry.message.kind != "events")
        victim = next(others, droppable[0] if droppable and also_events else None)
        if victim is None:
            return False
        victim.gone = True
        (self._front if victim in self._front else self._tail).remove(victim)
        self._join()
        return True

    def clear(self) -> None:
        """Forgets everything in memory; what is on the disk stays there."""
        for entries in (self._front, self._tail, self._orders):
            entries.clear()
        self._between = 0

    # The spool's side: what was done on the disk, and what is to be done.

    def opened(self, waiting: int) -> None:
        """The disk can be used, and so many messages wait there, which come before all that is in memory."""
        self._opened, self._writes = True, True
        if waiting:
            self._tail.extendleft(reversed(self._front))
            self._front.clear()
            self._between, self._last = waiting, FIRST
        in_memory = set(self._in_memory())
        for entry in self._orders.write_none():  # and then again, so that all are written in their order
            if entry not in in_memory:
                self._orders.write(entry)  # it is in flight
        for entry in self._in_memory():
            if waiting or entry.message.kind in self._always:
                self._orders.write(entry)
        self._join()

    def no_disk(self, in_flight: Iterable[Queued]) -> int:
        """There is no disk, and what is in memory stays there for now; returns how many were on the disk alone.

        Args:
            in_flight: The messages that were taken.
        """
        self._opened, self._writes = True, False
        lost, self._between, self.disk_room = self._between, 0, math.inf
        for entry in chain(in_flight, self._in_memory()):
            entry.on_disk = "no"
        self._orders.write_none()
        self._join()
        return lost

    def full_disk(self, undone: DiskWork) -> None:
        """The disk takes nothing, and that is still to be done; until then no message waits for it."""
        self._writes = False
        self._orders.put_back(undone)

    def work(self, in_flight: Iterable[Queued], *, closing: bool) -> DiskWork:
        """What the disk is to do now; what it is to write, it has begun with from then on.

        Args:
            in_flight: The messages that were taken, oldest first.
            closing: Whether this is the end, which leaves nothing in memory alone.
        """
        self._spill(list(in_flight), closing)
        return self._orders.take()

    def to_load(self) -> tuple[int, int]:
        """After which place to read on, and how many messages: 0, if none are needed."""
        return self._last, self._window - len(self._front) if self.wants_load else 0

    def done(self, work: DiskWork) -> None:
        """That was done."""
        self._writes = True
        for entry in work.write:
            entry.on_disk = "yes"
            if entry.gone:
                self._orders.forget(entry)
            elif self._tail and self._tail[0] is entry:
                self._tail.popleft()
                self._between += 1
        self._trim()
        self._join()

    def loaded(self, found: Sequence[tuple[int, Message | None, float]], asked_for: int) -> None:
        """Takes messages that come next on the disk, with their places and how old they are [s]; None was dropped."""
        now = time.monotonic()
        self._front.extend(
            Queued(message, place, now, age_s, "yes") for place, message, age_s in found if message is not None
        )
        if found:
            self._last = found[-1][0]
        # Fewer than there should be: somebody has deleted them.
        self._between = max(0, self._between - len(found)) if len(found) == asked_for else 0
        self._join()

    def let_go(self, places: Collection[int], in_flight: Iterable[Queued]) -> int:
        """Those at these places are not on the disk any more, and are dropped unless they are in flight.

        Args:
            places: Where.
            in_flight: The messages that were taken.

        Returns:
            How many were dropped.
        """
        deleted = set(places)
        for entry in in_flight:
            if entry.place in deleted:
                deleted.remove(entry.place)
                entry.on_disk = "no"
        before = len(self)
        self._between -= sum(place > self._last for place in deleted)
        self._front = deque(entry for entry in self._front if entry.place not in deleted)
        self._join()
        return before - len(self)

    def _spill(self, in_flight: Sequence[Queued], closing: bool) -> None:
        """Asks for everything to be written if the sink does not keep up."""
        oldest = next(chain(in_flight, self._front), None)
        waits = oldest is not None and time.monotonic() - oldest.since_mono > AWAY_S
        crowded = 2 * (len(self._front) + len(self._tail)) > self._capacity
        self._spilling = closing or waits or crowded
        if self._spilling:
            for entry in chain(in_flight, self._in_memory()):
                self._orders.write(entry)

    def _trim(self) -> None:
        """Forgets here what is on the disk and not the next to be sent."""
        while len(self._front) > self._window and self._front[-1].on_disk == "yes":
            self._front.pop()
            self._between += 1
            self._last = self._front[-1].place

    def _join(self) -> None:
        """Nothing is between front and tail any more: they are one."""
        if self._opened and not self._between and self._tail:
            self._front.extend(self._tail)
            self._tail.clear()
            self._last = self._front[-1].place

    def _in_memory(self) -> Iterator[Queued]:
        return chain(self._front, self._tail)
