"""Writes coded packets as they are into a fragmented MP4."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import av

from edge_app.capture.decode.video_decoder import LIBAV_ERRORS
from edge_app.core import files
from edge_app.evidence.names import FILE_MODE
from edge_app.remux.mp4 import open_mp4
from edge_app.remux.segments import HeldPacket
from edge_app.remux.timestamps import TIME_BASE

# What is cut off is readable up to its last fragment; libav keeps a fragment in memory until it is whole.
FRAGMENTED = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "frag_duration": "500000"}
# What the format takes at most [bytes]: for itself and each packet.
HEAD, PACKET = 4096, 256
START_CODE = b"\0\0\1"  # a unit's length takes its place, which is a byte longer


def head_bytes(first: HeldPacket) -> int:
    """What a file that begins with that key frame takes at most without a packet."""
    return HEAD + sum(map(len, first.segment.sets))


def packet_bytes(held: HeldPacket) -> int:
    """What a packet takes in it at most."""
    content = bytes(held.packet.packet)
    return PACKET + len(content) + content.count(START_CODE)


class Mp4File:
    """One file of H.264 or H.265, of one segment."""

    def __init__(self, path: Path, first: HeldPacket, rotate: int) -> None:
        """Makes the file for packets from this key frame on, whose pictures are shown turned clockwise by `rotate` [°].

        Raises:
            OSError, or one of `LIBAV_ERRORS`: It cannot be made, or nothing is known of the video.
        """
        with ExitStack() as stack:
            descriptor = files.open_to_write(path, os.O_RDWR | os.O_TRUNC, FILE_MODE)
            # Ours, because libav does not report failures when it closes a file that it opened itself.
            self._file = stack.enter_context(os.fdopen(descriptor, "w+b"))
            self._container, self._stream = open_mp4(self._file, first, rotate, FRAGMENTED)
            stack.enter_context(self._container)
            self._open = stack.pop_all()

    def add(self, held: HeldPacket, shown: int, decoded: int) -> None:
        """Appends a packet that is shown and decoded then [ticks]; raises OSError or one of `LIBAV_ERRORS`."""
        packet: av.Packet[Any] = av.Packet(held.packet.packet)  # type: ignore[arg-type]  # of the same bytes; that one is read by others
        packet.stream, packet.time_base = self._stream, TIME_BASE
        packet.pts, packet.dts, packet.is_keyframe = shown, decoded, held.is_key
        self._container.mux(packet)

    def close(self) -> None:
        """Finishes the file; raises OSError, or one of `LIBAV_ERRORS`, if its end cannot be written."""
        self._container.close()
        self._file.flush()
        self._open.close()

    def abandon(self) -> None:
        """Closes it after a failure."""
        with suppress(*LIBAV_ERRORS):
            self._open.close()
