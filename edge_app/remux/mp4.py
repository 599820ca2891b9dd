"""Opens a fragmented MP4 for coded packets as they are."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import IO

import av
from av.container import OutputContainer
from av.video.stream import VideoStream

from edge_app.remux.nal_units import SYNTAX, box_of, units
from edge_app.remux.segments import HeldPacket
from edge_app.remux.timestamps import TIME_BASE

HVC1 = "hvc1"  # parameter sets in the box alone, as players of Apple's want it
ONE = 1 << 16  # of a display matrix, in which the last number has another point
UNIT = 1 << 30
# The first four numbers of a display matrix, by the orientation that it describes.
AXES = {
    1: (1, 0, 0, 1),
    2: (-1, 0, 0, 1),
    3: (-1, 0, 0, -1),
    4: (1, 0, 0, -1),
    5: (0, 1, 1, 0),
    6: (0, 1, -1, 0),
    7: (0, -1, -1, 0),
    8: (0, -1, 1, 0),
}
QUARTER = (0, 1, -1, 0)  # clockwise


def open_mp4(
    file: IO[bytes], first: HeldPacket, rotate: int, options: Mapping[str, str]
) -> tuple[OutputContainer, VideoStream]:
    """An MP4 for the packets of a segment from this key frame on, and its video; nothing is written yet.

    Args:
        file: Where it is written.
        first: The key frame.
        rotate: Degrees clockwise by which players are to turn its pictures.
        options: Of libav's muxer.

    Raises:
        OSError, or one of `LIBAV_ERRORS`: It cannot be made, or nothing is known of the video.
    """
    stream = first.packet.stream
    container = av.open(file, "w", format="mp4", options=dict(options))
    try:
        with av.open(io.BytesIO(_annex_b(first)), format=stream.codec) as likeness:
            video: VideoStream = container.add_stream_from_template(likeness.streams.video[0])
        if box := box_of(stream):
            video.codec_context.extradata = box
        if stream.codec == "hevc":
            video.codec_context.codec_tag = HVC1
        video.time_base = TIME_BASE
        video.set_display_matrix(_matrix(stream.turn.orientation, rotate, (video.width, video.height)))
    except BaseException:
        container.close()
        raise
    return container, video


def _annex_b(first: HeldPacket) -> bytes:
    """A key frame as a file of its own, from which libav finds out what the stream is."""
    stream, segment = first.packet.stream, first.segment
    kind = SYNTAX[stream.codec].kind
    parts = sorted(segment.sets, key=lambda unit: kind(unit[0]))
    parts += [bytes(unit) for unit in units(stream, first.packet.packet)]
    return b"".join(b"\0\0\0\1" + part for part in parts)


def _matrix(orientation: int, rotate: int, size_wh: tuple[int, int]) -> list[int] | None:
    """The display matrix of pictures of that orientation that are then turned clockwise; None: they are upright."""
    width, height = size_wh
    a, b, c, d = AXES[orientation]
    for _ in range(rotate // 90):
        e, f, g, h = QUARTER
        a, b, c, d = a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h
    if (a, b, c, d) == AXES[1]:
        return None
    left, top = min(a, 0) * width + min(c, 0) * height, min(b, 0) * width + min(d, 0) * height
    return [a * ONE, b * ONE, 0, c * ONE, d * ONE, 0, -left * ONE, -top * ONE, UNIT]
