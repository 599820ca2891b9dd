"""What stands before the picture in a packet of H.264 or H.265: parameter sets, and whether decoding can begin there.

After ITU-T H.264, 7.3 and D.1.8, and H.265, 7.3; boxes, and units behind their sizes, after ISO 14496-15, 5.3.3, 8.3.3.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

import av

from edge_app.core.packets import CodedStream

START = re.compile(rb"\x00\x00\x01")
RECOVERY_POINT = 6  # of the messages about a picture
MESSAGES = 6  # the type of the units that hold them, in H.264


@dataclass(frozen=True, slots=True)
class Syntax:
    """A codec's units.

    Attributes:
        kind: The type of a unit, from its first byte.
        sets: Types of parameter sets.
        pictures: Types of what is a part of a picture.
        keys: Those of them with which decoding can begin.
        sizes_at: Where a box says how long the units' sizes are.
    """

    kind: Callable[[int], int]
    sets: Collection[int]
    pictures: Collection[int]
    keys: Collection[int]
    sizes_at: int


SYNTAX = {
    "h264": Syntax(lambda head: head & 31, {7, 8}, range(1, 6), {5}, 4),
    "hevc": Syntax(lambda head: head >> 1 & 63, {32, 33, 34}, range(32), range(16, 22), 21),
}


@dataclass(frozen=True, slots=True)
class PacketHead:
    """What a packet says before its picture.

    Attributes:
        is_key: Whether decoding can begin with it.
        sets: Its parameter sets.
    """

    is_key: bool
    sets: frozenset[bytes] = frozenset()


def read_head(stream: CodedStream, packet: av.Packet[Any]) -> PacketHead:
    """Reads a packet as far as its picture; of other codecs what libav says is taken, which is wrong of these two."""
    syntax = SYNTAX.get(stream.codec)
    if syntax is None:
        return PacketHead(packet.is_keyframe)
    sets, recovers = set[bytes](), False
    for unit in units(stream, packet, up_to_picture=True):
        kind = syntax.kind(unit[0])
        if kind in syntax.pictures:
            return PacketHead(kind in syntax.keys or recovers, frozenset(sets))
        if kind in syntax.sets:
            sets.add(bytes(unit).rstrip(b"\0"))
        elif stream.codec == "h264" and kind == MESSAGES:
            recovers = recovers or _recovers_at_once(bytes(unit[1:]))
    return PacketHead(False, frozenset(sets))


def units(stream: CodedStream, packet: av.Packet[Any], *, up_to_picture: bool = False) -> Iterator[memoryview]:
    """The units of a packet, none of them empty.

    Behind start codes zeros at the end of a unit are a part of it; and with `up_to_picture` the first one of a picture
    is the last, with all that follows it, as its end would be looked for.
    """
    data, box, syntax = memoryview(packet), box_of(stream), SYNTAX[stream.codec]
    if box:
        return _behind_sizes(data, (box[syntax.sizes_at] & 3) + 1)
    return _between_starts(data, syntax if up_to_picture else None)


def box_of(stream: CodedStream) -> bytes | None:
    """The `avcC` or `hvcC` box of a stream whose units stand behind their sizes; None: behind start codes."""
    extradata = stream.extradata
    return extradata if extradata and extradata[0] == 1 and len(extradata) > SYNTAX[stream.codec].sizes_at else None


def known_sets(stream: CodedStream) -> frozenset[bytes]:
    """The parameter sets that came with a stream; none of other codecs."""
    syntax = SYNTAX.get(stream.codec)
    if syntax is None:
        return frozenset()
    box = box_of(stream)
    found: Iterator[bytes | memoryview] = _between_starts(memoryview(stream.extradata or b""))
    if box:
        found = _in_avcc(box) if stream.codec == "h264" else _in_hvcc(box)
    return frozenset(bytes(unit).rstrip(b"\0") for unit in found if unit and syntax.kind(unit[0]) in syntax.sets)


def _between_starts(data: memoryview, up_to_picture_of: Syntax | None = None) -> Iterator[memoryview]:
    begin, pictures = None, up_to_picture_of
    for found in START.finditer(data):
        end, following = found.span()
        if begin is not None and begin < end:
            yield data[begin:end]
        begin = following
        if pictures and begin < len(data) and pictures.kind(data[begin]) in pictures.pictures:
            break
    if begin is not None and begin < len(data):
        yield data[begin:]


def _behind_sizes(data: memoryview, length: int) -> Iterator[memoryview]:
    at = 0
    while at + length < len(data):
        size, at = int.from_bytes(data[at : at + length], "big"), at + length
        if size:
            yield data[at : at + size]
        at += size


def _in_avcc(box: bytes) -> Iterator[bytes]:
    at = 5
    for mask in (31, 255):
        count, at = int.from_bytes(box[at : at + 1], "big") & mask, at + 1
        for _ in range(count):
            size, at = int.from_bytes(box[at : at + 2], "big"), at + 2
            yield box[at : at + size]
            at += size


def _in_hvcc(box: bytes) -> Iterator[bytes]:
    at = 23
    for _ in range(int.from_bytes(box[22:23], "big")):
        count, at = int.from_bytes(box[at + 1 : at + 3], "big"), at + 3
        for _ in range(count):
            size, at = int.from_bytes(box[at : at + 2], "big"), at + 2
            yield box[at : at + size]
            at += size


def _recovers_at_once(messages: bytes) -> bool:
    """Whether one of these messages says that all pictures from this one on are right, as before an I-picture."""
    at = 0
    while at + 2 < len(messages):
        kind, at = _number(messages, at)
        size, at = _number(messages, at)
        if kind == RECOVERY_POINT and at < len(messages):
            return bool(messages[at] & 0x80)  # `recovery_frame_cnt` is 0
        at += size
    return False


def _number(messages: bytes, at: int) -> tuple[int, int]:
    """A number that is the sum of bytes up to the first that is not 255, and where it ends."""
    value = 0
    while at < len(messages):
        value, at = value + messages[at], at + 1
        if messages[at - 1] != 255:
            break
    return value, at
