"""H.264 in RTP, interleaved into an RTSP connection (RFC 2326, 10.12; RFC 3550; RFC 6184)."""

from __future__ import annotations

import struct
import time
from fractions import Fraction
from functools import cache

import av

from tests.rtsp.clips import stripes

Unit = list[bytes]
FPS = 20
CLOCK = 90_000  # ticks of a time stamp in a second
MTU = 1200


@cache
def units(width: int = 320, height: int = 240) -> list[Unit]:
    """Access units of H.264 as lists of NAL units, with parameter sets in every fifth, which is a key frame."""
    coder = av.CodecContext.create("libx264", "w")
    coder.width, coder.height, coder.pix_fmt, coder.time_base = width, height, "yuv420p", Fraction(1, FPS)
    coder.options = {"preset": "ultrafast", "tune": "zerolatency", "x264-params": "repeat-headers=1:keyint=5:slices=1"}
    pictures = [av.VideoFrame.from_ndarray(picture, format="bgr24") for picture in stripes((width, height), 20)]
    coded = [packet for picture in pictures for packet in coder.encode(picture.reformat(format="yuv420p"))]
    return [[nal for nal in bytes(packet).replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1") if nal] for packet in coded]


class Rtp:
    """The RTP packets of one track."""

    def __init__(self, channel: int = 0, payload_type: int = 96, ssrc: int = 0x1234) -> None:
        self.channel, self.payload_type, self.ssrc, self.sequence = channel, payload_type, ssrc, 1

    def unit(self, nals: Unit, stamp: int) -> bytes:
        """One picture."""
        parts = [part for nal in nals for part in _fragments(nal)]
        return b"".join(self.packet(part, stamp, last=part is parts[-1]) for part in parts)

    def packet(self, payload: bytes, stamp: int, *, last: bool = True) -> bytes:
        kind, self.sequence = self.payload_type | (0x80 if last else 0), self.sequence + 1
        head = struct.pack(">BBHII", 0x80, kind, self.sequence & 0xFFFF, stamp & 0xFFFFFFFF, self.ssrc)
        return interleaved(self.channel, head + payload)

    def report(self, stamp: int) -> bytes:
        """A sender report of RTCP."""
        ntp = int((time.time() + 2_208_988_800) * 2**32)
        return interleaved(
            self.channel + 1, struct.pack(">BBHIQIII", 0x80, 200, 6, self.ssrc, ntp, stamp & 0xFFFFFFFF, 1, 1)
        )


def interleaved(channel: int, data: bytes) -> bytes:
    return b"$" + bytes([channel]) + len(data).to_bytes(2, "big") + data


def _fragments(nal: bytes) -> list[bytes]:
    """The NAL unit, as FU-A where it is too long for a packet."""
    if len(nal) <= MTU:
        return [nal]
    head, parts = nal[0], [nal[at : at + MTU] for at in range(1, len(nal), MTU)]
    marks = [0x80, *[0] * (len(parts) - 2), 0x40]
    return [bytes([head & 0xE0 | 28, mark | head & 31]) + part for mark, part in zip(marks, parts, strict=True)]
