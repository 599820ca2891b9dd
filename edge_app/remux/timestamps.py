"""The times of a clip's packets: from 0 on, in the order of decoding, each shown no earlier than it is decoded."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from fractions import Fraction

from edge_app.core.packets import CodedPacket

CLOCK = 90_000  # ticks a second
TIME_BASE = Fraction(1, CLOCK)
LONGEST_STEP = 10 * CLOCK  # between two packets; beyond it, or back by as much, their clock has jumped
FRAME = CLOCK // 25  # where a stream does not say how long a picture is shown
AHEAD = 16  # packets among which the first picture that is shown after the key frame is


class Timestamps:
    """Gives the packets of one segment, from a key frame on, their times in a file.

    What libav says of decoding times is not used: of RTSP it is missing or wrong where there are B-frames. Presentation
    times that are missing, or jump, are made from the times of capture.
    """

    def __init__(self, packets: Sequence[CodedPacket]) -> None:
        """Looks at the first packets, a second of them or so, the key frame first, to find how they are reordered."""
        self._frame = _frame_of(packets[0])
        self._last = self._offset = 0
        self._previous_s: float | None = None  # of the packet before, which is not kept [s, timeline]
        self._base = _base_of(packets)
        self._begin(packets)
        shown = [self._shown(packet) for packet in packets]
        self._depth = _depth([ticks for ticks in shown if ticks >= 0])
        self._begin(packets)
        self._waiting: list[int] = []  # times of pictures, of which the earliest are the next to be decoded
        self._number, self._decoded = 0, -1

    def of(self, packet: CodedPacket) -> tuple[int, int] | None:
        """When the next packet is shown and decoded [ticks]; None: shown before the key frame, it cannot be decoded."""
        shown = self._shown(packet)
        if shown < 0:
            return None
        heapq.heappush(self._waiting, shown)
        if len(self._waiting) > self._depth:
            decoded = heapq.heappop(self._waiting) + self._depth * self._frame
        else:
            decoded = self._number * self._frame
        self._number += 1
        self._decoded = max(decoded, self._decoded + 1)
        return max(shown + self._depth * self._frame, self._decoded), self._decoded

    def _begin(self, packets: Sequence[CodedPacket]) -> None:
        self._previous_s, self._last = None, 0
        first = self._ticks(packets[0])
        if first is None:  # as of the first packet of an RTSP connection
            following = [ticks for packet in packets[1:AHEAD] if (ticks := self._ticks(packet)) is not None]
            first = min(following, default=0) - self._frame
        self._offset = -first

    def _shown(self, packet: CodedPacket) -> int:
        """When a packet is shown after the first one [ticks]."""
        previous_s, ticks = self._previous_s, self._ticks(packet)
        self._previous_s = packet.timeline_s
        if previous_s is None:
            return 0
        after = self._last + max(1, round((packet.timeline_s - previous_s) * CLOCK))
        if ticks is None:
            self._last = after
        elif abs(ticks + self._offset - self._last) > LONGEST_STEP:
            self._last, self._offset = after, after - ticks
        else:
            self._last = ticks + self._offset
        return self._last

    def _ticks(self, packet: CodedPacket) -> int | None:
        pts = packet.packet.pts
        if pts is None:
            return None
        numerator, denominator = self._base  # not the packet's own: fractions are slow
        return (2 * pts * numerator * CLOCK + denominator) // (2 * denominator)


def _base_of(packets: Sequence[CodedPacket]) -> tuple[int, int]:
    """Numerator and denominator of the time base, which packets of one connection have in common [s]."""
    base = next((each.packet.time_base for each in packets if each.packet.time_base), TIME_BASE)
    return base.numerator, base.denominator


def _frame_of(packet: CodedPacket) -> int:
    coded = packet.packet
    return round((coded.duration or 0) * coded.time_base * CLOCK) or FRAME if coded.time_base else FRAME


def _depth(shown: Sequence[int]) -> int:
    """How many pictures a decoder has to hold back: by how many places one is shown before it is decoded."""
    places = {ticks: place for place, ticks in enumerate(sorted(shown))}
    return max((number - places[ticks] for number, ticks in enumerate(shown)), default=0)
