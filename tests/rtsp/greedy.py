"""Cameras that want the memory of whoever watches them."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from itertools import count

from tests.rtsp.manners import FIRST, HEAD, STEP, Connection, Manner, Video, media, only, unit
from tests.rtsp.rtp import Rtp

FILL = b"\xaa" * 60_000
AT_ONCE = 8  # packets, so that Python is no bottleneck
SILENT = r"\((timeout|stalled|too_large)\)"  # which of them depends on what libav gives up first


def endless(begin: bytes, go_on: bytes, *, polite: int = 0, step: int = 0, payload_type: int = 96) -> Video:
    """So many pictures, and then one that does not end, as fast as it goes through; `step` is what time stamps move."""

    def video(connection: Connection) -> Iterator[bytes]:
        track = Rtp(payload_type=payload_type)
        for index in range(polite):
            yield track.unit(unit(index), STEP * index)
        yield track.packet(begin + FILL, STEP * polite, last=False)
        for index in count():
            stamp = STEP * polite + step * index
            yield b"".join(track.packet(go_on + FILL, stamp, last=False) for _ in range(AT_ONCE))

    return video


def endless_jpeg(connection: Connection) -> Iterator[bytes]:
    """One JPEG that does not end (RFC 2435)."""
    track = Rtp(payload_type=26)
    for index in count():
        head = struct.pack(">I", index * len(FILL) & 0xFFFFFF) + bytes([1, 50, 40, 30])
        yield track.packet(head + FILL, 0, last=False)


def body(content: bytes) -> Callable[[bytes], bytes]:
    """The answer with another description."""

    def change(answer: bytes) -> bytes:
        head = answer.partition(b"\r\n\r\n")[0]
        return re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % len(content), head) + b"\r\n\r\n" + content

    return change


def copied(sources: int, tracks: int) -> bytes:
    """A description of which libav copies each source for each track."""
    source = b"a=source-filter: incl IN IP4 224.1.1.1 10.0.0.1\r\n"
    every = b"".join(media(f"track{index}").encode() for index in range(tracks))
    return HEAD.encode() + source * sources + every


def header_without_end(method: str, answer: bytes) -> bytes:
    return answer.partition(b"\r\n")[0] + b"\r\nX: yyyyyyyyyyyyyy" * 5_000_000 if method == "SETUP" else answer


def coded(codec: str) -> str:
    return HEAD + media(codec=codec, sets="")


GREEDY = {
    "an endless picture": Manner(SILENT, video=endless(b"\x7c\x85", b"\x7c\x05", polite=FIRST)),
    "an endless picture from the start": Manner(SILENT, video=endless(b"\x7c\x85", b"\x7c\x05", step=STEP)),
    "endless parameter sets": Manner(SILENT, video=endless(b"\x7c\x87", b"\x7c\x87", step=STEP)),
    "endless remarks": Manner(SILENT, video=endless(b"\x06", b"\x06", polite=FIRST)),
    "an endless picture of H.265": Manner(SILENT, sdp=coded("H265"), video=endless(b"\x62\x01\x93", b"\x62\x01\x13")),
    "an endless picture of MPEG-4": Manner(SILENT, sdp=coded("MP4V-ES"), video=endless(b"\0\0\1\xb6", b"")),
    "an endless picture of VP8": Manner(SILENT, sdp=coded("VP8"), video=endless(b"\x10\0\0\0", b"\0\0\0\0")),
    "an endless JPEG": Manner(SILENT, sdp=HEAD + "m=video 0 RTP/AVP 26\r\na=control:video\r\n", video=endless_jpeg),
    "lengths that are wrong": Manner(SILENT, video=lambda connection: (b"$\x00\xff\xff" + b"$" * 400 for _ in count())),
    "as many tracks as a description has room for": Manner(answer=only("DESCRIBE", body(copied(620, 110)))),
    "a thousand tracks": Manner(r"\(too_large\)", answer=only("DESCRIBE", body(copied(8000, 1000)))),
    "a description without end": Manner(r"\(too_large\)", answer=only("DESCRIBE", body(b"a=x\r\n" * 40_000_000))),
    "headers without end": Manner(r"\(too_large\)", answer=header_without_end),
}
