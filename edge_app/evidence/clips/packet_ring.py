"""The newest coded packets of one camera, from a key frame that lies far enough back."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from itertools import islice

from edge_app.core.packets import CodedPacket
from edge_app.remux.segments import BEGAN, HeldPacket, Segmenter

MOST_BYTES = 32 << 20  # of one camera: 10 s at 25 Mbit/s
OVERHEAD = 600  # bytes that a packet takes beside its own
LONGEST_WAIT_S = 5.0  # that a finite source waits for whoever reads, a disk that hangs for example
# Why what is read begins later than it was to.
NO_ROOM = "there was no room in memory for what came before"
TOLD_LATE = "it was ordered when what came before was gone"


class PacketRing:
    """Takes packets from one thread; others read them, each from where it has begun.

    What is older than `keep_s` goes in whole groups of pictures, unless somebody has not read it; beyond `most_bytes`
    the oldest group goes in any case. A finite source's thread waits instead, for a while.
    """

    def __init__(
        self,
        keep_s: float,
        *,
        most_bytes: int = MOST_BYTES,
        waits: bool = False,
        on_size: Callable[[int], object] = lambda size: None,
    ) -> None:
        """Holds nothing yet.

        Args:
            keep_s: How far back the oldest key frame is to lie at least [s].
            most_bytes: What it holds at most [bytes].
            waits: Whether `add` waits for readers where it is full.
            on_size: Told with each key frame what it holds [bytes].
        """
        self._keep_s, self._most_bytes, self._waits, self._on_size = keep_s, most_bytes, waits, on_size
        self._changed = threading.Condition()
        self._held: deque[HeldPacket] = deque()
        self._keys: deque[int] = deque()  # their numbers
        self._first = 0  # the number of the oldest packet
        self._size = 0
        self._lacks_room = False  # whether the last group that went had to
        self._segments = Segmenter()
        self._readers: list[PacketReader] = []
        self._closed = False

    def add(self, packet: CodedPacket) -> None:
        """Takes the next packet, unless no key frame came before it."""
        size = packet.packet.size + OVERHEAD
        with self._changed:
            held = self._segments.take(packet)
            if held is None:
                return
            self._make_room(size)
            if self._closed or (not self._held and not held.is_key):
                return
            if held.is_key:
                self._keys.append(self._first + len(self._held))
            self._held.append(held)
            self._size += size
            self._drop_old(packet.timeline_s - self._keep_s)
        if held.is_key:
            self._on_size(self._size)

    def end(self, why: str) -> None:
        """The connection has ended: what comes is a part of another segment."""
        with self._changed:
            self._segments.end(why)

    def close(self) -> None:
        """Takes and holds nothing any more."""
        self.end("the camera was removed")
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            if not self._readers:
                self._clear()
        self._on_size(self._size)

    def reader(self, start_s: float, at_s: float) -> PacketReader:
        """Reads from the last key frame no later than `start_s`, in the segment that shows `at_s` [s, timeline].

        Where there is none so early it begins with the first one of that segment, or else with the first that comes.
        """
        with self._changed:
            reader = PacketReader(self, *self._begin(start_s, at_s))
            self._readers.append(reader)
            return reader

    def reaches(self, start_s: float) -> bool:
        """Whether it has a key frame that is no later than that [s, timeline]."""
        with self._changed:
            return bool(self._held) and self._held[0].packet.timeline_s <= start_s

    @property
    def codec(self) -> str | None:
        """What it holds, by libav's name; None before the first packet."""
        segment = self._segments.segment
        return None if segment is None else segment.stream.codec

    @property
    def size(self) -> int:
        """What it holds [bytes]."""
        return self._size

    def read(self, reader: PacketReader, most: int) -> list[HeldPacket]:
        """The next packets of a reader, at most so many; see `PacketReader.read`."""
        with self._changed:
            reader.lost = reader.lost or reader.number < self._first
            begin = max(0, reader.number - self._first)
            found = list(islice(self._held, begin, begin + most))
            reader.number = self._first + begin + len(found)
            if found:
                self._changed.notify_all()
            return found

    def leave(self, reader: PacketReader) -> None:
        """A reader reads no more."""
        with self._changed:
            self._readers = [other for other in self._readers if other is not reader]
            self._changed.notify_all()
            if self._closed and not self._readers:
                self._clear()

    def _begin(self, start_s: float, at_s: float) -> tuple[int, str]:
        """The number of the first packet of a reader, and why that is later than `start_s`, if it is."""
        keys = [(number, self._held[number - self._first]) for number in self._keys]
        if not keys:
            return self._first + len(self._held), BEGAN
        shown = [held.segment for _, held in keys if held.packet.timeline_s <= at_s]
        segment = shown[-1] if shown else keys[0][1].segment
        of_segment = [(number, held.packet.timeline_s) for number, held in keys if held.segment is segment]
        early = [number for number, timeline_s in of_segment if timeline_s <= start_s]
        if early:
            return early[-1], ""
        number, timeline_s = of_segment[0]
        gone = NO_ROOM if self._lacks_room else TOLD_LATE
        return number, segment.before if timeline_s <= segment.began_s else gone

    def _drop_old(self, horizon_s: float) -> None:
        read = min((reader.number for reader in self._readers), default=self._first + len(self._held))
        while len(self._keys) > 1 and self._keys[1] <= read:
            if self._held[self._keys[1] - self._first].packet.timeline_s > horizon_s:
                return
            self._lacks_room = False
            self._drop_group()

    def _make_room(self, size: int) -> None:
        if self._waits and self._size + size > self._most_bytes:
            self._changed.wait_for(lambda: self._has_room(size), LONGEST_WAIT_S)
        while self._held and self._size + size > self._most_bytes:
            self._lacks_room = True
            self._drop_group()

    def _has_room(self, size: int) -> bool:
        """Whether what everybody has read can make room."""
        self._drop_old(self._held[-1].packet.timeline_s - self._keep_s if self._held else 0.0)
        behind = any(reader.number < self._first + len(self._held) for reader in self._readers)
        return self._closed or not behind or self._size + size <= self._most_bytes

    def _drop_group(self) -> None:
        """Drops the oldest group of pictures."""
        self._keys.popleft()
        end = self._keys[0] if self._keys else self._first + len(self._held)
        while self._first < end:
            self._size -= self._held.popleft().packet.packet.size + OVERHEAD
            self._first += 1

    def _clear(self) -> None:
        while self._keys:
            self._drop_group()


class PacketReader:
    """Reads a ring from one packet to the next.

    Attributes:
        number: Of the next packet.
        late: Why it begins later than it was to, in words; empty if it does not.
        lost: Whether packets went before they were read.
    """

    def __init__(self, ring: PacketRing, number: int, late: str) -> None:
        self.number, self.late, self.lost = number, late, False
        self._ring = ring

    def read(self, most: int = 1 << 30) -> list[HeldPacket]:
        """What came since the last call, at most so many packets."""
        return self._ring.read(self, most)

    def close(self) -> None:
        """Reads no more: what was not read may go."""
        self._ring.leave(self)
