"""Pictures and videos that want much memory to be decoded, and are small to be sent."""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

import av
import cv2
import numpy as np

from edge_app.capture import limit_allocations

MOST_PX = (1 << 31) // 3  # with three bytes each, about what libav takes by itself
SizeWh = tuple[int, int]


def plain(size_wh: SizeWh, form: str, frames: int) -> Iterator[av.VideoFrame]:
    """Pictures of one brightness each, in one piece of memory that is filled again and again."""
    limit_allocations(MOST_PX, 0)  # another test may have left a lower limit, which encoders keep to as well
    frame = av.VideoFrame(*size_wh, form)
    for index in range(frames):
        for plane in frame.planes:
            plane.update(bytes([100 + index % 100]) * plane.buffer_size)
        frame.pts, frame.time_base = index, Fraction(1, 25)
        yield frame


def video(
    encoder: str, container: str, size_wh: SizeWh, form: str = "yuv420p", frames: int = 24, **options: str
) -> bytes:
    """A video of them."""
    content = io.BytesIO()
    muxed = {"movflags": "empty_moov+frag_keyframe+default_base_moof"} if container == "mp4" else {}
    with av.open(content, "w", format=container, options=muxed) as out:
        stream = out.add_stream(encoder, rate=25, options=options)
        (stream.width, stream.height), stream.pix_fmt = size_wh, form
        for frame in plain(size_wh, form, frames):
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
        out.close()
    return content.getvalue()


def h264(size_wh: SizeWh, references: int, *, frames: int = 24, form: str = "yuv420p", more: str = "") -> bytes:
    """H.264 whose every picture may refer to so many, of which a decoder keeps all."""
    parameters = f"keyint=250:bframes=0:scenecut=0:weightp=0:level=62:ref={references}{more}"
    return video("libx264", "mpegts", size_wh, form, frames, preset="ultrafast", **{"x264-params": parameters})


def h265(size_wh: SizeWh, references: int, *, frames: int = 24) -> bytes:
    """The same in H.265."""
    parameters = f"keyint=250:bframes=0:scenecut=0:ref={references}:log-level=none"
    return video("libx265", "mpegts", size_wh, "yuv420p", frames, preset="ultrafast", **{"x265-params": parameters})


def picture(ending: str, size_wh: SizeWh) -> bytes:
    """One plain picture."""
    return cv2.imencode(ending, np.full((*size_wh[::-1], 3), 90, np.uint8))[1].tobytes()


def turned(jpeg: bytes) -> bytes:
    """The picture with an Exif that says that it is turned by a quarter."""
    exif = b"Exif\0\0" + b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 0x0112, 3, 1, 6) + bytes(4)
    return jpeg[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + jpeg[2:]


def box(kind: bytes, *content: bytes) -> bytes:
    """A box of an MP4."""
    body = b"".join(content)
    return struct.pack(">I", 8 + len(body)) + kind + body


def fragmented(tracks: int = 1) -> tuple[bytes, list[bytes]]:
    """An MP4 with a fragment for each picture: what it begins with, and they; other tracks are empty."""
    whole = video("libx264", "mp4", (320, 240), frames=8, g="1", bf="0")
    parts = [whole[found.start() - 4 :] for found in re.finditer(b"moof", whole)]
    begins, ends = whole[: len(whole) - len(parts[0])], len(whole[whole.index(b"mfra") - 4 :])
    fragments = [part[: len(part) - len(after)] for part, after in pairwise([*parts, whole[-ends:]])]
    moov, trak = begins.index(b"moov") - 4, begins.index(b"trak") - 4
    size = int.from_bytes(begins[trak : trak + 4], "big")
    more = b"".join(numbered(begins[trak : trak + size], 2 + index) for index in range(tracks - 1))
    grown = int.from_bytes(begins[moov : moov + 4], "big") + len(more)
    return begins[:moov] + grown.to_bytes(4, "big") + begins[moov + 4 : trak + size] + more + begins[
        trak + size :
    ], fragments


def numbered(trak: bytes, number: int) -> bytes:
    """A track with another number."""
    at = trak.index(b"tkhd") + 16
    return trak[:at] + number.to_bytes(4, "big") + trak[at + 4 :]


def empty_fragments(tracks: int, fragments: int) -> Iterator[bytes]:
    """An MP4 with eight pictures, and after each so many fragments without any, in pieces of a thousand."""
    begins, pictures = fragmented(tracks)
    thousand = box(b"moof", box(b"mfhd", bytes(8)), box(b"traf", box(b"tfhd", struct.pack(">II", 0x20000, 1)))) * 1000
    yield begins
    for each in pictures:
        yield each
        for _ in range(fragments // 1000):
            yield thousand
