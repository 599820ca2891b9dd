"""What a stream of H.264 or H.265 says of its pictures: how many of them a decoder has to keep, and of what size.

Sequence parameter sets after ITU-T H.264, 7.3.2.1.1, and H.265, 7.3.2.2.1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

# Start codes before type 7 of H.264, whatever its importance, and type 33 of H.265.
SETS = {
    "h264": re.compile(rb"\x00\x00\x01[\x07\x27\x47\x67]"),
    "hevc": re.compile(rb"\x00\x00\x01[\x42\x43]"),
}
TYPES = {"h264": lambda head: head & 31 == 7, "hevc": lambda head: head >> 1 & 63 == 33}
HEADER = {"h264": 1, "hevc": 2}  # bytes
# Where a box says how long its units' sizes are, and where its parameter sets begin (ISO 14496-15, 5.3.3.1, 8.3.3.1).
SIZES_AT = {"h264": 4, "hevc": 21}
IN_HVCC = re.compile(rb"\x42\x01")
LONGEST = 1 << 10  # bytes of a set that are read
# Profiles of H.264 that say how their samples are.
WITH_CHROMA = {44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244}
SAMPLES = (1.0, 1.5, 2.0, 3.0)  # of a pixel, by chroma_format_idc
MOST_KEPT = 16


@dataclass(frozen=True, slots=True)
class Sequence:
    """What a parameter set says.

    Attributes:
        width: Columns that are coded [px].
        height: Rows that are coded [px].
        pixel_bytes: Bytes of a pixel, decoded.
        kept: Pictures that the decoder keeps for others to refer to.
    """

    width: int
    height: int
    pixel_bytes: float
    kept: int


class Bits:
    """Reads a unit bit by bit; raises ValueError past its end."""

    def __init__(self, unit: bytes) -> None:
        data = unit.replace(b"\0\0\3", b"\0\0")
        self._bits, self._left = int.from_bytes(data, "big"), 8 * len(data)

    def take(self, count: int) -> int:
        """The next bits as a number."""
        self._left -= count
        if self._left < 0:
            raise ValueError("the parameter set is cut")
        return self._bits >> self._left & (1 << count) - 1

    def ue(self) -> int:
        """An unsigned number in Exp-Golomb code."""
        zeros = 0
        while not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)


def sequences(codec: str, extradata: bytes | None, packet: bytes | memoryview = b"") -> Iterator[Sequence]:
    """The parameter sets that came with a stream, or those in a packet; one that cannot be read is left out.

    Args:
        codec: libav's name of it; of any but h264 and hevc there is none.
        extradata: What came with the stream: an `avcC` or `hvcC` box, or units behind start codes.
        packet: One of its packets; empty for `extradata` itself.
    """
    if codec not in READERS:
        return
    box = extradata if extradata and extradata[0] == 1 and len(extradata) > SIZES_AT[codec] else None
    if packet and box:
        units = _behind_sizes(codec, packet, (box[SIZES_AT[codec]] & 3) + 1)
    elif box:
        units = _in_box(codec, box)
    else:
        data = packet or extradata or b""
        units = (bytes(data[found.start() + 3 :][:LONGEST]) for found in SETS[codec].finditer(data))
    for unit in units:
        with suppress(ValueError, IndexError):
            yield READERS[codec](Bits(unit[HEADER[codec] :]))


def _behind_sizes(codec: str, packet: bytes | memoryview, length: int) -> Iterator[bytes]:
    """The sets in a packet of units behind their sizes."""
    at = 0
    while at + length < len(packet):
        size, at = int.from_bytes(packet[at : at + length], "big"), at + length
        if TYPES[codec](packet[at]):
            yield bytes(packet[at : at + min(size, LONGEST)])
        at += size


def _in_box(codec: str, box: bytes) -> Iterator[bytes]:
    """The sets in a box."""
    starts = [8] if codec == "h264" else [found.start() for found in IN_HVCC.finditer(box)]
    yield from (box[start : start + LONGEST] for start in starts)


def _h264(bits: Bits) -> Sequence:
    profile = bits.take(8)
    bits.take(16)
    bits.ue()
    chroma, depth = 1, 8
    if profile in WITH_CHROMA:
        chroma, depth = _h264_samples(bits)
    bits.ue()
    _skip_order(bits, bits.ue())
    kept = bits.ue()
    bits.take(1)
    width, units = 16 * (bits.ue() + 1), 16 * (bits.ue() + 1)
    height = units if bits.take(1) else 2 * units
    return Sequence(width, height, SAMPLES[chroma] * (2 if depth > 8 else 1), min(kept, MOST_KEPT))


def _h264_samples(bits: Bits) -> tuple[int, int]:
    """The chroma format and the depth of a sample."""
    chroma = bits.ue()
    if chroma == 3:
        bits.take(1)
    depth = 8 + max(bits.ue(), bits.ue())
    bits.take(1)
    if bits.take(1):
        for index in range(12 if chroma == 3 else 8):
            if bits.take(1):
                _skip_scaling(bits, 16 if index < 6 else 64)
    return chroma, depth


def _skip_scaling(bits: Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            code = bits.ue()
            following = (last + ((code + 1) // 2 if code % 2 else -code // 2)) % 256
        last = following or last


def _skip_order(bits: Bits, kind: int) -> None:
    """What is said of the order of pictures."""
    if kind == 0:
        bits.ue()
    elif kind == 1:
        bits.take(1)
        bits.ue()
        bits.ue()
        for _ in range(bits.ue() % 256):
            bits.ue()


def _h265(bits: Bits) -> Sequence:
    bits.take(4)
    layers = bits.take(3)
    bits.take(1 + 88 + 8)
    present = [(bits.take(1), bits.take(1)) for _ in range(layers)]
    bits.take(2 * (8 - layers) if layers else 0)
    for profile, level in present:
        bits.take(88 * profile + 8 * level)
    bits.ue()
    chroma = bits.ue()
    if chroma == 3:
        bits.take(1)
    width, height = bits.ue(), bits.ue()
    if bits.take(1):
        _ = [bits.ue() for _ in range(4)]
    depth = 8 + max(bits.ue(), bits.ue())
    bits.ue()
    kept = 0
    for _ in range(layers + 1 if bits.take(1) else 1):
        kept = max(kept, bits.ue())
        bits.ue()
        bits.ue()
    return Sequence(width, height, SAMPLES[chroma] * (2 if depth > 8 else 1), min(kept, MOST_KEPT))


READERS: dict[str, Callable[[Bits], Sequence]] = {"h264": _h264, "hevc": _h265}
