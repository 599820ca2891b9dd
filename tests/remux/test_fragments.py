"""Fragments of one picture each: what a browser that gets them one by one would decode."""

from __future__ import annotations

import io
from itertools import pairwise
from pathlib import Path

import av
import pytest

from edge_app.capture.packet_feed import PacketFeed
from edge_app.core.packets import CodedPacket, PacketTap, Turn
from edge_app.remux.fragments import AHEAD, Fragments
from edge_app.remux.segments import HeldPacket, Segmenter
from tests.capture.http_camera import remuxed
from tests.rtsp.clips import LEVEL, levels, stripes, write_clip


class Held:
    """Takes the packets of a file as the live view does."""

    def __init__(self, path: Path) -> None:
        self.packets: list[HeldPacket] = []
        self._segments, tap = Segmenter(), PacketTap()
        tap.subscribe(self)
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            feed = PacketFeed(tap, stream.codec_context.name, stream.codec_context.extradata, Turn())
            for n, packet in enumerate(container.demux(stream)):
                feed.put(packet, wall=n / 25, timeline_s=n / 25)

    def add(self, packet: CodedPacket) -> None:
        if (held := self._segments.take(packet)) is not None:
            self.packets.append(held)

    def end(self, why: str) -> None:
        self._segments.end(why)


def fragments(held: list[HeldPacket]) -> tuple[Fragments, list[tuple[float, bytes]]]:
    made = Fragments(held[:AHEAD])
    found = [made.take(each) for each in held]
    return made, [each for each in found if each is not None]


def brightness(content: bytes) -> list[tuple[float, int]]:
    """When each picture is shown, and how bright it is, in the order in which they are shown."""
    with av.open(io.BytesIO(content)) as container:
        frames = [(float(each.time or 0), each.to_ndarray(format="gray")) for each in container.decode(video=0)]
    return sorted((at, round(float(grey.mean()))) for at, grey in frames)


@pytest.mark.parametrize("codec", ["h264", "h264 with B-frames"])
@pytest.mark.parametrize("container", ["mp4", "mpegts"])
def test_every_picture_is_there_at_its_time(tmp_path: Path, codec: str, container: str) -> None:
    film = write_clip(tmp_path / "film.mp4", levels((160, 120), 24), codec=codec)
    if container != "mp4":
        (tmp_path / "film.ts").write_bytes(remuxed(film, container))
        film = tmp_path / "film.ts"
    made, found = fragments(Held(film).packets)
    shown = brightness(made.head + b"".join(content for _, content in found))
    assert len(shown) == 24
    assert all(abs((b - a) - LEVEL) <= 4 for (_, a), (_, b) in pairwise(shown))
    assert [round(b - a, 3) for (a, _), (b, _) in pairwise(shown)] == [0.04] * 23
    assert sorted(round(at, 4) for at, _ in found) == [round(at, 4) for at, _ in shown]


def test_a_browser_may_begin_at_each_key_frame(tmp_path: Path) -> None:
    held = Held(write_clip(tmp_path / "film.mp4", stripes((160, 120), 60))).packets
    made, found = fragments(held)
    keys = [n for n, each in enumerate(held) if each.is_key]
    assert keys == [0, 25, 50]
    for key in keys:
        assert len(brightness(made.head + b"".join(content for _, content in found[key:]))) == 60 - key


def test_the_codec_is_named_as_browsers_call_it(tmp_path: Path) -> None:
    made, _ = fragments(Held(write_clip(tmp_path / "film.mp4", levels((160, 120), 12))).packets)
    profile, level = int(made.codec[5:7], 16), int(made.codec[9:11], 16)
    assert made.codec.startswith("avc1.")
    assert profile in (66, 77, 100)
    assert 9 <= level <= 62


def test_a_fragment_says_no_more_than_it_must(tmp_path: Path) -> None:
    held = Held(write_clip(tmp_path / "film.mp4", levels((160, 120), 12))).packets
    _, found = fragments(held)
    for each, (_, content) in zip(held, found, strict=True):
        assert len(content) <= each.packet.packet.size + 140


def test_video_without_parameters_is_refused(tmp_path: Path) -> None:
    held = Held(write_clip(tmp_path / "film.mp4", levels((160, 120), 12))).packets
    held[0].segment.sets = frozenset()
    with pytest.raises((ValueError, OSError, RuntimeError)):
        Fragments(held[:AHEAD])
