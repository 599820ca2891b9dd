"""Where a camera's coded packets can be had while it runs, as its source sends them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import av


@dataclass(slots=True, eq=False)
class Turn:
    """How a stream's pictures have to be turned, in Exif's numbers: known once the first one is decoded."""

    orientation: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CodedStream:
    """What the packets of a connection have in common.

    Attributes:
        codec: libav's name of it.
        extradata: What came with the stream: parameter sets, or a box of them; None if nothing did.
        turn: How its pictures have to be turned.
    """

    codec: str
    extradata: bytes | None = None
    turn: Turn = field(default_factory=Turn, compare=False, repr=False)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CodedPacket:
    """One packet, not to be changed: others read it too.

    Attributes:
        stream: What it is a part of.
        packet: The demuxer's own, by reference; its `pts`, in its `time_base`, may be None.
        wall: Wall clock when its picture was taken, or when it arrived [s since 1970].
        timeline_s: The same on the clock of `FrameMeta.timeline_s` [s].
    """

    stream: CodedStream
    packet: av.Packet[Any]
    wall: float
    timeline_s: float


class PacketObserver(Protocol):
    """Gets the packets of one camera, in the thread that reads them; what it raises ends the program."""

    def add(self, packet: CodedPacket) -> None:
        """The next packet; must not wait, unless the source is finite."""

    def end(self, why: str) -> None:
        """No more packets come of this connection, for a reason in words; those of another one may follow."""


class PacketTap:
    """Hands one camera's packets on, before they are decoded; costs nothing while nobody subscribes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._observers: tuple[PacketObserver, ...] = ()  # replaced, never changed: `put` reads it without the lock

    @property
    def wanted(self) -> bool:
        """Whether anybody subscribes."""
        return bool(self._observers)

    def subscribe(self, observer: PacketObserver) -> Callable[[], None]:
        """Hands it every packet from now on, until what is returned is called, or once more."""
        with self._lock:
            self._observers = (*self._observers, observer)
        return lambda: self._remove(observer)

    def put(self, packet: CodedPacket) -> None:
        """Hands a packet to the subscribers."""
        for observer in self._observers:
            observer.add(packet)

    def end(self, why: str) -> None:
        """Tells the subscribers that a connection has ended."""
        for observer in self._observers:
            observer.end(why)

    def _remove(self, observer: PacketObserver) -> None:
        with self._lock:
            self._observers = tuple(other for other in self._observers if other is not observer)
