"""One attempt's packets on their way to whoever subscribes to those of its camera."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import av

from edge_app.core.packets import CodedPacket, CodedStream, PacketTap, Turn


class PacketFeed:
    """Takes the packets as they are demuxed; looks at them where somebody subscribes, and else once.

    They are handed on by reference: each has memory of its own, of its size, which decoders leave as it is.
    """

    def __init__(self, tap: PacketTap | None, codec: str, extradata: bytes | None, turn: Turn) -> None:
        """Takes what is known of the stream; None: nobody can subscribe."""
        self._tap = tap
        self._stream = CodedStream(codec=codec, extradata=extradata, turn=turn)

    def put(self, packet: av.Packet[Any], *, wall: float, timeline_s: float) -> None:
        """Hands a packet on, before it is decoded; its times are those of `CodedPacket`."""
        if self._tap is None or not packet.size:  # as the one is with which libav ends a stream
            return
        if packet.has_sidedata("new_extradata"):  # as where another recording begins in a stream of FLV
            self._stream = replace(self._stream, extradata=bytes(packet.get_sidedata("new_extradata")))
        if self._tap.wanted:
            self._tap.put(CodedPacket(stream=self._stream, packet=packet, wall=wall, timeline_s=timeline_s))
