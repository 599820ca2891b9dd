"""Which packets in a row fit into one MP4."""

from __future__ import annotations

from dataclasses import dataclass

from edge_app.core.packets import CodedPacket, CodedStream
from edge_app.remux.nal_units import known_sets, read_head

CHANGED = "the video has other parameters"
# Why there is nothing before a segment.
BEGAN = "the video began only then"
BEGAN_ANEW = "the video had other parameters before"


@dataclass(slots=True, eq=False, kw_only=True)
class Segment:
    """Packets in a row that fit into one file: of one connection, with one set of parameters.

    Attributes:
        stream: What they are a part of.
        sets: The parameter sets among them.
        began_s: When its first packet was taken [s, timeline].
        before: Why there is nothing before that, in words.
        ended: Why no more come, in words; empty while more may come.
    """

    stream: CodedStream
    sets: frozenset[bytes]
    began_s: float
    before: str
    ended: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class HeldPacket:
    """A packet, and where it belongs.

    Attributes:
        packet: The packet.
        segment: Which packets it goes together with.
        is_key: Whether decoding can begin with it.
    """

    packet: CodedPacket
    segment: Segment
    is_key: bool


class Segmenter:
    """Takes a camera's packets in their order; for one thread at a time."""

    def __init__(self) -> None:
        self._segment: Segment | None = None

    @property
    def segment(self) -> Segment | None:
        """The newest; None before the first key frame."""
        return self._segment

    def take(self, packet: CodedPacket) -> HeldPacket | None:
        """The packet with its segment; None: no key frame came before it, from which it could be decoded."""
        head = read_head(packet.stream, packet.packet)
        if head.is_key:
            self._continue(packet, head.sets)
        segment = self._segment
        if segment is None or segment.ended or packet.stream != segment.stream:
            return None
        return HeldPacket(packet, segment, head.is_key)

    def end(self, why: str) -> None:
        """The connection has ended: what comes is a part of another segment."""
        if self._segment is not None:
            self._segment.ended = self._segment.ended or why

    def _continue(self, packet: CodedPacket, sets: frozenset[bytes]) -> None:
        """A key frame came: another segment begins if the one before has ended, or has other parameters."""
        segment, stream, began_s = self._segment, packet.stream, packet.timeline_s
        if segment is None or segment.ended or segment.stream != stream:
            self._segment = Segment(stream=stream, sets=sets or known_sets(stream), began_s=began_s, before=BEGAN)
        elif not sets <= segment.sets:
            self._segment = Segment(stream=stream, sets=sets, began_s=began_s, before=BEGAN_ANEW)
        if segment is not None and segment is not self._segment:
            segment.ended = segment.ended or CHANGED
