"""How large a clip's file is, which is known before it is written."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from edge_app.core.packets import CodedPacket, CodedStream
from edge_app.evidence.clips.mp4_file import Mp4File, head_bytes, packet_bytes
from edge_app.remux.segments import HeldPacket, Segmenter

SIZE, FPS, FRAMES = 480, 25, 50


def held_packets(blocks: int) -> list[HeldPacket]:
    """Of grey pictures; each packet has a unit for so many blocks of its picture, most behind short start codes."""
    context = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt, context.framerate = SIZE, SIZE, "yuv420p", FPS
    context.options = {"preset": "ultrafast", "tune": "zerolatency", "x264-params": f"slice-max-mbs={blocks}"}
    stream, segmenter = CodedStream(codec="h264"), Segmenter()
    picture = av.VideoFrame.from_ndarray(np.full((SIZE, SIZE, 3), 128, np.uint8), "bgr24")
    packets = []
    for index in range(FRAMES):
        picture.pts = index
        packets += context.encode(picture)
    packets += context.encode(None)
    coded = [CodedPacket(stream=stream, packet=each, wall=0.0, timeline_s=n / FPS) for n, each in enumerate(packets)]
    return [held for each in coded if (held := segmenter.take(each)) is not None]


@pytest.mark.parametrize("blocks", [1, 900])
def test_no_file_is_larger_than_was_said(tmp_path: Path, blocks: int):
    held = held_packets(blocks)
    assert len(held) == FRAMES
    path = tmp_path / "clip.mp4"
    path.touch()
    file = Mp4File(path, held[0], 0)
    for index, each in enumerate(held):
        file.add(each, index * 3600, index * 3600)
    file.close()
    said = head_bytes(held[0]) + sum(map(packet_bytes, held))
    assert path.stat().st_size <= said
