"""GStreamer decodes what libav reads: the same frames at the same times as libav's own decoder. Its software
decoders stand for a Jetson's."""

from __future__ import annotations

import logging
from pathlib import Path

import av
import numpy as np
import pytest
from av.bitstream import BitStreamFilterContext
from av.video.frame import VideoFrame

from edge_app.capture import DecodeHardware, open_source
from edge_app.capture.decode.gstreamer import GStreamerDecoder
from edge_app.core.colour import to_bgr
from edge_app.core.errors import Reason
from tests.capture.conftest import Rig, camera_config
from tests.capture.decoders import software_decoders, write_unsuited, yuv
from tests.capture.test_coding import assert_evenly_timed, combs
from tests.rtsp.clips import LEVEL
from tests.rtsp.fixtures import StartServer


@pytest.fixture
def gstreamer(tmp_path: Path) -> DecodeHardware:
    return software_decoders("h264", tmp_path, gpu=0)


def frames_of(url: str, hardware: DecodeHardware, decode: str) -> list[tuple[float, list[np.ndarray]]]:
    """When each frame of a file was taken, and its planes."""
    rig = Rig()
    rig.add(url, hardware=hardware, decode=decode)
    rig.until(lambda: rig.inbox.exhausted)
    assert rig.metrics.total("frames_dropped") == 0
    return [(frame.meta.time.wall, yuv(frame.convert())) for frame in rig.pending]


def assert_same(url: Path, hardware: DecodeHardware) -> None:
    found, expected = (frames_of(str(url), hardware, decode) for decode in ("gstreamer", "cpu"))
    assert len(found) == len(expected)
    for (at, planes), (wanted_at, wanted) in zip(found, expected, strict=True):
        assert at == wanted_at
        for plane, own in zip(planes, wanted, strict=True):
            np.testing.assert_array_equal(plane, own)


def test_a_file_has_the_planes_and_times_of_libavs_decoder(gstreamer: DecodeHardware, clip: Path):
    assert_same(clip, gstreamer)


def test_so_has_a_transport_stream(gstreamer: DecodeHardware, clip_ts: Path):
    assert_same(clip_ts, gstreamer)


def test_so_have_b_frames(b_frame_clip: tuple[Path, str], tmp_path: Path):
    clip, codec = b_frame_clip
    assert_same(clip, software_decoders(codec, tmp_path, gpu=0))


def test_interlaced_frames_become_whole(rig: Rig, gstreamer: DecodeHardware, interlaced_clip: Path):
    rig.add(str(interlaced_clip), hardware=gstreamer, decode="gstreamer")
    rig.until(lambda: rig.inbox.exhausted)
    assert len(rig.pending) == 25
    assert max(combs(to_bgr(frame.convert())) for frame in rig.pending) < 0.5


def test_the_engine_of_the_cpu_gets_bgr(rig: Rig, tmp_path: Path, clip: Path):
    rig.add(str(clip), hardware=software_decoders("h264", tmp_path), decode="gstreamer")
    rig.until(lambda: rig.inbox.exhausted)
    assert [frame.convert().bgr.shape for frame in rig.pending] == [(240, 320, 3)] * 50


def test_a_jetson_takes_it_by_itself(rig: Rig, gstreamer: DecodeHardware, clip: Path):
    rig.add(str(clip), hardware=DecodeHardware(gpu=0, jetson=True, gstreamer=gstreamer.gstreamer))
    rig.until(lambda: rig.inbox.exhausted)
    assert {frame.convert().format for frame in rig.pending} == {"nv12"}


def decoded(clip: Path, elements: str) -> list[list[VideoFrame | None]]:
    """The frames that came after each packet."""
    with av.open(str(clip)) as container:
        decoder = GStreamerDecoder(container.streams.video[0], "clip", elements, live=True)
        found = [decoder.decode(packet) for packet in container.demux(video=0)]
        decoder.close()
    return found


def test_a_frame_does_not_wait_for_the_next_packet(gstreamer: DecodeHardware, clip: Path):
    assert list(map(len, decoded(clip, gstreamer.gstreamer))) == [1] * 50 + [0]


def test_b_frames_are_kept_back_and_no_longer_than_that(b_frame_clip: tuple[Path, str], tmp_path: Path):
    clip, codec = b_frame_clip
    found = decoded(clip, software_decoders(codec, tmp_path).gstreamer)
    assert list(map(len, found))[5:25] == [1] * 20
    with av.open(str(clip)) as container:
        expected = [(frame.pts, frame.time_base) for frame in container.decode(video=0)]
    assert [(frame.pts, frame.time_base) for frames in found for frame in frames if frame] == expected


def test_parameter_sets_may_come_beside_the_stream(gstreamer: DecodeHardware, clip: Path, tmp_path: Path):
    bare = tmp_path / "bare.nut"  # as RTSP has them in its SDP
    with av.open(str(clip)) as source, av.open(str(bare), "w") as out:
        given = source.streams.video[0]
        stream = out.add_stream_from_template(given)
        without = BitStreamFilterContext("h264_mp4toannexb,filter_units=remove_types=7-8", given, stream)
        for packet in source.demux(given):
            for part in without.filter(packet if packet.size else None):
                part.stream = stream
                out.mux(part)
    assert_same(bare, gstreamer)


def test_a_camera_is_timed_by_its_clock(rig: Rig, gstreamer: DecodeHardware, rtsp_server: StartServer):
    rig.add(rtsp_server().url, hardware=gstreamer, decode="gstreamer")
    rig.until(lambda: rig.pending and rig.pending[-1].meta.time.source == "rtcp")
    rig.until(rig.more(30))
    assert {frame.convert().format for frame in rig.pending} == {"nv12"}
    assert_evenly_timed(rig, "rtcp")
    assert rig.metrics.total("frames_dropped", reason="decode") == 0


def test_b_frames_of_a_camera_are_shown_in_their_order(
    rig: Rig, rtsp_server: StartServer, b_frame_clip: tuple[Path, str], tmp_path: Path
):
    clip, codec = b_frame_clip
    hardware = software_decoders(codec, tmp_path)
    rig.add(rtsp_server(clip, codec=codec).url, hardware=hardware, decode="gstreamer")
    rig.until(rig.more(60))
    levels = [round(frame.convert().bgr.mean() / LEVEL) for frame in rig.pending]
    counted = np.diff([frame.meta.index for frame in rig.pending])
    np.testing.assert_array_equal(np.diff(levels) % 25, counted % 25)
    assert_evenly_timed(rig, "arrival")
    assert rig.metrics.total("frames_dropped", reason="decode") == 0


def test_a_camera_that_was_away_comes_back(rig: Rig, gstreamer: DecodeHardware, rtsp_server: StartServer):
    server = rtsp_server()
    rig.add(server.url, hardware=gstreamer, decode="gstreamer")
    rig.until(rig.more(10))
    server.kill()
    rig.until(lambda: not rig.is_up())
    server.start()
    rig.until(rig.is_up)
    rig.until(rig.more(10))
    assert rig.metrics.total("reconnects") >= 1


def test_a_camera_that_changes_its_size_goes_on(
    rig: Rig, gstreamer: DecodeHardware, rtsp_server: StartServer, clip: Path, wide_clip: Path
):
    server = rtsp_server(clip, wide_clip)
    rig.add(server.url, hardware=gstreamer, decode="gstreamer")
    rig.until(rig.more(10))
    server.say("next")
    rig.until(lambda: rig.pending[-1].convert().width == 480)
    assert rig.pending[-1].convert().height == 272


def test_damaged_pictures_are_counted_and_healed(rig: Rig, gstreamer: DecodeHardware, rtsp_server: StartServer):
    server = rtsp_server()
    rig.add(server.url, hardware=gstreamer, decode="gstreamer")
    rig.until(rig.more(10))
    server.say("corrupt")
    rig.until(lambda: rig.metrics.total("frames_dropped", reason="decode") > 5)
    server.say("heal")
    rig.until(rig.more(40))
    assert rig.is_up()


def test_a_decoder_that_is_not_there_is_told_once_and_the_cpu_does_it(
    gstreamer: DecodeHardware, clip: Path, caplog: pytest.LogCaptureFixture
):
    source = open_source(camera_config(str(clip), decode="gstreamer"), DecodeHardware())
    with caplog.at_level(logging.INFO):
        for _ in range(2):
            rig = Rig()
            rig.cameras.add("gate", source, camera_config(str(clip)))
            rig.until(lambda rig=rig: rig.inbox.exhausted)
            assert rig.metrics.total("frames_captured") == 50
    (record,) = [record for record in caplog.records if "the CPU decodes" in record.getMessage()]
    assert record.levelno == logging.WARNING
    assert str(clip) in record.getMessage()
    assert 'no element "nvv4l2decoder"' in record.getMessage()


def test_a_pipeline_that_breaks_is_a_lost_camera(rig: Rig, gstreamer: DecodeHardware, rtsp_server: StartServer):
    broken = DecodeHardware(gstreamer="avdec_h264 ! identity error-after=5 ! videoconvert")
    rig.add(rtsp_server().url, hardware=broken, decode="gstreamer")
    rig.until(lambda: rig.is_down(Reason.DECODE_ERRORS))
    assert "GStreamer" in rig.states[-1][1].detail


# What decoders do that are there and do not take the stream: they fail at the first picture, or never give one.
REFUSING = {
    "Internal data stream error": "avdec_h264 ! video/x-raw,width=17 ! videoconvert",
    "no picture comes of its packets": "avdec_h264 ! identity drop-probability=1 ! videoconvert",
}


@pytest.mark.parametrize("why", REFUSING)
def test_a_file_that_it_does_not_take_is_decoded_whole_by_the_cpu(
    gstreamer: DecodeHardware, clip: Path, caplog: pytest.LogCaptureFixture, why: str
):
    source = open_source(camera_config(str(clip), decode="gstreamer"), DecodeHardware(gstreamer=REFUSING[why]))
    levels = []
    for _ in range(2):
        rig = Rig()
        rig.cameras.add("gate", source, camera_config(str(clip)))
        rig.until(lambda rig=rig: rig.inbox.exhausted)
        assert rig.metrics.total("frames_dropped") == 0
        levels.append([frame.meta.time.wall for frame in rig.pending])
    assert levels == [[at for at, _ in frames_of(str(clip), gstreamer, "cpu")]] * 2
    (warning,) = [record.getMessage() for record in caplog.records if "the CPU decodes" in record.getMessage()]
    assert warning.startswith(f"{clip}: decode: gstreamer: ")
    assert why in warning
    assert warning.count(str(clip)) == 1


def test_a_file_that_ends_before_its_decoder_is_found_out_is_decoded_whole(
    rig: Rig, gstreamer: DecodeHardware, tmp_path: Path
):
    short = write_unsuited(tmp_path / "short.mp4", "libx264", "yuv420p")
    silent = DecodeHardware(gstreamer=REFUSING["no picture comes of its packets"])
    rig.add(str(short), hardware=silent, decode="gstreamer")
    rig.until(lambda: rig.inbox.exhausted)
    assert (len(rig.pending), rig.metrics.total("frames_dropped")) == (10, 0)


@pytest.mark.parametrize("why", REFUSING)
def test_a_camera_that_it_does_not_take_comes_up(
    rig: Rig, gstreamer: DecodeHardware, rtsp_server: StartServer, caplog: pytest.LogCaptureFixture, why: str
):
    hardware = DecodeHardware(gstreamer=REFUSING[why])
    rig.add(rtsp_server().url, hardware=hardware, decode="gstreamer", stall_timeout_s=15)
    rig.until(rig.more(60))
    assert [state.state for _, state in rig.states] == ["connecting", "up"]
    assert rig.metrics.total("frames_dropped", reason="decode") == 0
    assert caplog.text.count("the CPU decodes") == 1


def test_ten_bits_are_not_for_it(gstreamer: DecodeHardware, tmp_path: Path, caplog: pytest.LogCaptureFixture):
    ten = write_unsuited(tmp_path / "ten.mp4", "libx264", "yuv420p10le")
    rig = Rig()
    rig.add(str(ten), hardware=gstreamer, decode="gstreamer")
    rig.until(lambda: rig.inbox.exhausted)
    assert [frame.convert().format for frame in rig.pending] == ["bgr"] * 10
    assert "it is yuv420p10le, not 8 bit 4:2:0" in caplog.text
