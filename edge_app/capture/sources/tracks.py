"""Which of a connection's video tracks is read: the first one that can be decoded and sends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from time import monotonic

import av
from av.stream import Stream
from av.video.stream import VideoStream

from edge_app.core.errors import Reason, StreamError


@dataclass(frozen=True)
class Tracks:
    """The tracks of a connection, one of which is read; what the others send only shows that it is alive.

    Attributes:
        description: The camera's URL for people.
        streams: Those with video that can be decoded, in the camera's order.
        patience_s: How long the ones before it may be silent until a later one is taken [s].
        stall_timeout_s: How long the one that is read may be silent while others send [s].
    """

    description: str
    streams: list[VideoStream]
    patience_s: float
    stall_timeout_s: float

    def choose(self, packets: Iterator[av.Packet[Stream]]) -> tuple[VideoStream, Iterator[av.Packet[VideoStream]]]:
        """The track that is read, and its packets.

        Raises:
            StreamError: None of them sends; the iterator raises it once the chosen one falls silent.
        """
        if len(self.streams) == 1:
            return self.streams[0], self._of(self.streams[0], packets, came=False)
        began, heard = monotonic(), set()
        for packet in packets:
            heard.add(packet.stream.index)
            silent_s = monotonic() - began
            sending = [stream for stream in self.streams if stream.index in heard]
            if sending and (sending[0] is self.streams[0] or silent_s > self.patience_s):
                return sending[0], self._of(sending[0], chain([packet], packets), came=True)
            self._check(silent_s, came=False)
        return self.streams[0], iter(())

    def _of(
        self, stream: VideoStream, packets: Iterator[av.Packet[Stream]], *, came: bool
    ) -> Iterator[av.Packet[VideoStream]]:
        last = monotonic()
        for packet in packets:
            if packet.stream.index == stream.index:
                yield packet  # type: ignore[misc]
                last, came = monotonic(), True
            else:
                self._check(monotonic() - last, came=came)

    def _check(self, silent_s: float, *, came: bool) -> None:
        if silent_s <= self.stall_timeout_s:
            return
        if came:
            raise StreamError(Reason.STALLED, f"{self.description}: no more video, though other tracks go on")
        raise StreamError(Reason.TIMEOUT, f"{self.description}: no video came, though other tracks are sent")
