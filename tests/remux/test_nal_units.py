"""What is read of coded pictures: whatever container they come in, and where they are damaged."""

from __future__ import annotations

from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_app.core.packets import CodedStream
from edge_app.remux.nal_units import known_sets, read_head
from tests.capture.http_camera import remuxed
from tests.rtsp.clips import stripes, write_clip

IDR, SLICE, SPS, PPS = b"\x65\x88", b"\x41\x9a", b"\x67\x64\x00\x0a", b"\x68\xee"
STREAM = CodedStream(codec="h264")


def coded(*units: bytes) -> av.Packet:
    return av.Packet(b"".join(b"\0\0\0\1" + unit for unit in units))


@pytest.mark.parametrize("codec", ["h264", "h265 with B-frames"])
def test_a_stream_has_the_same_sets_and_key_frames_in_every_container(tmp_path: Path, codec: str):
    film = write_clip(tmp_path / "film.mp4", stripes((160, 120), 60), codec=codec)
    (tmp_path / "film.ts").write_bytes(remuxed(film, "mpegts"))
    found = []
    for path in (film, tmp_path / "film.ts"):
        with av.open(str(path)) as container:
            video = container.streams.video[0]
            stream = CodedStream(codec=video.codec_context.name, extradata=video.codec_context.extradata)
            heads = [read_head(stream, packet) for packet in container.demux(video) if packet.size]
            found.append((known_sets(stream), [head.is_key for head in heads]))
            if path.suffix == ".ts":
                assert heads[0].sets == known_sets(stream)
    assert found[0] == found[1]
    assert len(found[0][0]) == (2 if codec == "h264" else 3)
    assert [index for index, is_key in enumerate(found[0][1]) if is_key][:3] == [0, 25, 50]


def test_libavs_mark_of_a_key_frame_is_not_believed():
    packet = coded(SLICE)
    packet.is_keyframe = True  # as of the pictures behind a key frame, over RTSP
    assert not read_head(STREAM, packet).is_key
    assert read_head(STREAM, coded(SPS, PPS, IDR)).is_key


def test_an_i_picture_at_which_decoding_may_begin_is_one():
    recovers, later = b"\x06\x06\x01\xc4\x80", b"\x06\x06\x01\x24\x80"
    other = b"\x06\x05\x02\x06\x80\x80"
    assert read_head(STREAM, coded(recovers, SLICE)).is_key
    assert not read_head(STREAM, coded(later, SLICE)).is_key
    assert not read_head(STREAM, coded(other, SLICE)).is_key


def test_only_what_stands_before_the_picture_is_read():
    assert read_head(STREAM, coded(SLICE, SPS)).sets == frozenset()
    assert read_head(STREAM, coded(SPS, PPS)).sets == {SPS, PPS}
    assert not read_head(STREAM, coded(SPS, PPS)).is_key


@pytest.mark.parametrize("size", range(30))
def test_a_box_that_is_cut_off_holds_what_it_holds(size: int):
    for codec in ("h264", "hevc"):
        known_sets(CodedStream(codec=codec, extradata=(b"\1" + b"\xff" * 40)[:size]))


@given(
    st.sampled_from(["h264", "hevc"]),
    st.one_of(st.none(), st.binary(max_size=60), st.binary(max_size=60).map(lambda box: b"\1" + box)),
    st.binary(min_size=1, max_size=200),
)
def test_noise_is_read_without_an_error(codec: str, extradata: bytes | None, data: bytes):
    stream = CodedStream(codec=codec, extradata=extradata)
    read_head(stream, av.Packet(data))
    known_sets(stream)
