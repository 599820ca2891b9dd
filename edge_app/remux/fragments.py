"""Packets as fragments of an MP4 of one picture each, for a browser that shows them at once.

After ISO/IEC 14496-12, 8.8 (`moof` and what is in it), and 14496-15, 5.3.2 (units behind their sizes). libav's own
muxer waits for the next picture, to know how long this one is shown.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from contextlib import closing

from edge_app.remux.mp4 import open_mp4
from edge_app.remux.nal_units import units
from edge_app.remux.segments import HeldPacket
from edge_app.remux.timestamps import CLOCK, Timestamps

AHEAD = 6  # packets that are looked at first, to find how they are reordered
WITHOUT_MEDIA = {"movflags": "empty_moov+default_base_moof"}
# How long a picture is said to be shown: a browser that is told less than half of the time to the next one shows
# nothing until the next key frame (Media Source Extensions, 3.5.8), and cameras send when they like.
SHOWN = 2 * CLOCK
KIND, SPS = 31, 7  # of a unit of H.264: where its first byte says its type, and one of these
LEFT_OUT = frozenset({7, 8, 9})  # parameter sets, which are in the head, and delimiters
KEY, OTHER = 0x02000000, 0x01010000  # sample flags: depends on no other, or on others and is no place to begin
TRACK = 1
BASE_IS_MOOF, OFFSET_THERE, COMPOSED = 0x020000 | 0x8 | 0x10 | 0x20, 0x1, 0x800
# Of `moof`: itself, `mfhd`, `traf`, and in that `tfhd`, `tfdt` and `trun`; then the head of `mdat`. Made at once, as it
# is made for every picture.
MOOF = struct.Struct(">I4s I4sII I4s I4sIIIII I4sIQ I4sIIii I4s")


class Fragments:
    """Those of one segment of H.264; for one thread at a time.

    Attributes:
        codec: How a browser calls it, `avc1.4d401e`.
        head: With which every browser begins: what the video is, without any of it.
    """

    def __init__(self, first: Sequence[HeldPacket]) -> None:
        """Looks at its first packets, some `AHEAD` of them, the key frame first; they are not taken yet.

        Raises:
            OSError, or one of `LIBAV_ERRORS`: Nothing is known of the video.
        """
        self._times = Timestamps([held.packet for held in first])
        self._number = 0
        self.codec = _codec(first[0])
        self.head = _head(first[0])

    def take(self, held: HeldPacket) -> tuple[float, bytes] | None:
        """When the next packet is shown [s], and its fragment; None: it can never be shown."""
        times = self._times.of(held.packet)
        if times is None:
            return None
        shown, decoded = times
        self._number += 1
        return shown / CLOCK, _fragment(self._number, decoded, shown - decoded, held)


def _head(first: HeldPacket) -> bytes:
    """`ftyp` and `moov`."""
    file = io.BytesIO()
    container, _ = open_mp4(file, first, 0, WITHOUT_MEDIA)
    with closing(container):
        container.start_encoding()
        return file.getvalue()


def _codec(first: HeldPacket) -> str:
    """Profile, constraints and level, as the sequence's parameter set has them."""
    found = sorted(unit for unit in first.segment.sets if unit[0] & KIND == SPS and len(unit) > 3)
    if not found:
        raise ValueError("no parameters of the video came with it")
    return f"avc1.{found[0][1:4].hex()}"


def _fragment(number: int, decoded: int, later: int, held: HeldPacket) -> bytes:
    """`moof` and `mdat` of one picture, decoded then and shown so much later [ticks]."""
    parts = _units(held)
    size = sum(map(len, parts))
    before = MOOF.pack(
        *(MOOF.size - 8, b"moof"),
        *(16, b"mfhd", 0, number),
        *(80, b"traf"),
        *(28, b"tfhd", BASE_IS_MOOF, TRACK, SHOWN, size, KEY if held.is_key else OTHER),
        *(20, b"tfdt", 1 << 24, decoded),
        *(24, b"trun", 1 << 24 | OFFSET_THERE | COMPOSED, 1, MOOF.size, later),
        *(8 + size, b"mdat"),
    )
    return b"".join((before, *parts))


def _units(held: HeldPacket) -> list[bytes]:
    """The picture's units, each behind its size; its parameter sets are in the head."""
    parts = list[bytes]()
    for unit in units(held.packet.stream, held.packet.packet):
        if unit[0] & KIND not in LEFT_OUT:
            whole = bytes(unit).rstrip(b"\0")
            parts += len(whole).to_bytes(4, "big"), whole
    return parts
