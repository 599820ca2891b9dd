"""Files and other finite sources: nothing is lost, and the times are those of the recording."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition
from numpy.typing import NDArray

from edge_app.capture import open_source, probe_source
from edge_app.capture.decode.picture_budget import PictureBudget
from edge_app.capture.decode.stream_decoder import MOST_BROKEN_IN_A_ROW
from edge_app.capture.decode.video_decoder import MOST_THREADS, LibavDecoder
from edge_app.core.errors import ConfigError, InputError, Reason, StreamError
from tests.capture.conftest import Rig, camera_config
from tests.rtsp.clips import stripes, write_clip
from tests.waiting import PATIENCE_S

LOOKED_AT = 5_000_000  # bytes of a file that libav looks at when it opens it


def test_every_frame_of_a_file_is_delivered_as_pyav_decodes_it(rig: Rig, clip: Path):
    with av.open(str(clip)) as container:
        expected = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    rig.add(str(clip))
    rig.until(lambda: rig.inbox.exhausted)
    assert [frame.meta.index for frame in rig.pending] == list(range(50))
    pictures = [frame.convert().bgr for frame in rig.pending]
    assert all(picture.flags["C_CONTIGUOUS"] for picture in pictures)
    np.testing.assert_array_equal(pictures, expected)
    assert rig.is_down(Reason.ENDED)
    assert not any(frame.meta.live for frame in rig.pending)
    assert rig.metrics.total("frames_captured") == 50
    assert rig.metrics.total("frames_dropped") == 0


@pytest.mark.parametrize(("live", "threads", "most"), [(False, 0, MOST_THREADS), (False, 1, 1), (True, 0, 1)])
def test_a_file_is_decoded_by_a_few_threads_and_a_camera_by_one(clip: Path, live, threads, most):
    tasks = Path("/proc/self/task")
    with av.open(str(clip)) as container:
        (stream,) = container.streams.video
        before = {task.name for task in tasks.iterdir()}
        decoder = LibavDecoder(stream.codec_context, PictureBudget(), live=live, threads=threads)
        frames = [frame for packet in container.demux(stream) for frame in decoder.decode(packet)]
        added = {task.name for task in tasks.iterdir()} - before
        assert len(frames) == 50
        assert len(added) == (0 if most == 1 else min(os.cpu_count() or 1, most))


def test_a_files_frames_are_timed_from_start_at(rig: Rig, clip: Path):
    start = datetime(2026, 11, 23, 12, 0, tzinfo=timezone.utc)
    rig.add(str(clip), start_at=start)
    rig.until(lambda: rig.inbox.exhausted)
    times = [frame.meta.time.wall - start.timestamp() for frame in rig.pending]
    assert times == pytest.approx([index / 25 for index in range(50)], abs=1e-4)
    assert {frame.meta.time.source for frame in rig.pending} == {"file"}


def test_without_start_at_a_file_begins_at_its_own_time(rig: Rig, clip: Path, tmp_path: Path):
    copy = Path(shutil.copy(clip, tmp_path / "old.mp4"))
    os.utime(copy, (1_700_000_000, 1_700_000_000))
    rig.add(str(copy))
    rig.until(lambda: rig.inbox.exhausted)
    assert rig.pending[0].meta.time.wall == 1_700_000_000


def test_a_recording_that_does_not_begin_at_zero_is_timed_from_its_first_frame(rig: Rig, clip: Path, tmp_path: Path):
    with av.open(str(clip)) as source, av.open(str(tmp_path / "late.ts"), "w") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                shift = int(100 / packet.time_base)
                packet.pts, packet.dts, packet.stream = packet.pts + shift, packet.dts + shift, stream
                out.mux(packet)
    rig.add(str(tmp_path / "late.ts"), start_at=datetime(2026, 1, 1, tzinfo=timezone.utc))
    rig.until(lambda: rig.inbox.exhausted)
    begin = datetime(2026, 1, 1, tzinfo=timezone.utc).timestamp()
    assert rig.pending[0].meta.time.wall == begin
    assert rig.pending[-1].meta.time.wall == pytest.approx(begin + 49 / 25, abs=1e-3)


def test_raw_h264_without_times_counts_its_frames(rig: Rig, clip: Path, tmp_path: Path):
    with av.open(str(clip)) as source, av.open(str(tmp_path / "raw.h264"), "w", format="h264") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                out.mux(packet)
    rig.add(str(tmp_path / "raw.h264"))
    rig.until(lambda: rig.inbox.exhausted)
    steps = np.diff([frame.meta.time.wall for frame in rig.pending])
    assert len(rig.pending) == 50
    np.testing.assert_allclose(steps, 1 / 25, atol=1e-3)


@pytest.mark.parametrize("content", [None, b"", b"no video at all" * 99], ids=["missing", "empty", "garbage"])
def test_a_file_that_cannot_be_read_is_down_and_the_error_has_its_name(rig: Rig, tmp_path: Path, content: bytes | None):
    if content is not None:
        (tmp_path / "clip.mp4").write_bytes(content)
    rig.add(str(tmp_path / "clip.mp4"))
    rig.until(lambda: rig.threads.kept)
    assert isinstance(rig.threads.kept, InputError)
    assert str(tmp_path / "clip.mp4") in str(rig.threads.kept)
    assert "gate" in str(rig.threads.kept)
    assert rig.state()[0] == "down"
    assert rig.inbox.exhausted
    assert not rig.stop.is_set(), "other cameras go on"


def test_a_title_in_another_encoding_is_no_obstacle(clip: Path, tmp_path: Path):
    with av.open(str(clip)) as source, av.open(str(tmp_path / "clip.mp4"), "w") as out:
        out.metadata["title"] = "Strasse"
        stream = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                out.mux(packet)
    content = (tmp_path / "clip.mp4").read_bytes()
    assert b"Strasse" in content
    (tmp_path / "clip.mp4").write_bytes(content.replace(b"Strasse", "Straßen".encode("latin-1")))
    assert probe_source(open_source(camera_config(str(tmp_path / "clip.mp4"))), timeout_s=PATIENCE_S).width == 320


def test_a_file_without_video_is_named(tmp_path: Path):
    with av.open(str(tmp_path / "sound.wav"), "w") as out:
        stream = out.add_stream("pcm_s16le", rate=8000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        sound.rate = 8000
        out.mux(stream.encode(sound))
    with pytest.raises(StreamError, match=r"sound\.wav: there is no video") as caught:
        probe_source(open_source(camera_config(str(tmp_path / "sound.wav"))), timeout_s=PATIENCE_S)
    assert caught.value.reason is Reason.CODEC


def test_damage_in_the_middle_of_a_file_costs_only_those_frames(rig: Rig, clip: Path, tmp_path: Path):
    content = bytearray(clip.read_bytes())
    with av.open(str(clip)) as container:
        for packet in list(container.demux(video=0))[10:13]:
            content[packet.pos : packet.pos + packet.size] = b"\xff" * packet.size
    (tmp_path / "torn.mp4").write_bytes(content)
    rig.add(str(tmp_path / "torn.mp4"))
    rig.until(lambda: rig.inbox.exhausted)
    lost = rig.metrics.total("frames_dropped", camera="gate", reason="decode")
    assert lost == 3
    assert len(rig.pending) + lost == 50 == rig.metrics.total("frames_captured")
    assert rig.pending[-1].meta.index == 49


def cut_at_its_head(clip: Path, path: Path, *, before: int, after: int) -> Path:
    """A recording that begins after its first key frame: so many frames to the next one, and so many from there on."""
    with av.open(str(clip)) as source, av.open(str(path), "w", format="mpegts") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        packets = [packet for packet in source.demux(video=0) if packet.size]
        key = next(index for index, packet in enumerate(packets) if packet.is_keyframe and index > before)
        assert not any(packet.is_keyframe for packet in packets[key - before : key])
        for packet in packets[key - before : key + after]:
            packet.stream = stream
            out.mux(packet)
    return path


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_what_comes_before_the_first_key_frame_is_counted_and_said(
    rig: Rig, tmp_path: Path, codec: str, caplog: pytest.LogCaptureFixture
):
    whole = write_clip(tmp_path / "whole.mp4", stripes((320, 240), 50), codec=codec)
    path = cut_at_its_head(whole, tmp_path / "cut.ts", before=7, after=20)
    rig.add(str(path))
    rig.until(lambda: rig.inbox.exhausted)
    assert len(rig.pending) == 20
    assert rig.metrics.total("frames_dropped", camera="gate", reason="decode") == 7
    assert f"{path}: 7 of 27 frames are missing or cannot be decoded" in caplog.messages


def test_a_file_of_which_nothing_can_be_decoded_is_an_error(rig: Rig, clip: Path, tmp_path: Path):
    path = cut_at_its_head(clip, tmp_path / "cut.ts", before=12, after=0)
    rig.add(str(path))
    rig.until(lambda: rig.threads.kept)
    assert isinstance(rig.threads.kept, InputError)
    assert f"{path}: none of its 12 frames can be decoded" in str(rig.threads.kept)


def test_a_video_that_breaks_off_says_how_much_is_missing(
    rig: Rig, clip: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    with av.open(str(clip)) as source, av.open(str(tmp_path / "a.mp4"), "w", options={"movflags": "faststart"}) as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                out.mux(packet)
    content = (tmp_path / "a.mp4").read_bytes()
    with av.open(str(tmp_path / "a.mp4")) as whole:
        last = [packet for packet in whole.demux(video=0) if packet.size][30]
        (tmp_path / "cut.mp4").write_bytes(content[: last.pos + last.size // 2])
    rig.add(str(tmp_path / "cut.mp4"))
    rig.until(lambda: rig.inbox.exhausted)
    assert len(rig.pending) == 30
    assert f"{tmp_path / 'cut.mp4'}: 20 of 50 frames are missing or cannot be decoded" in caplog.messages


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("clip.mp4", b"", "is empty"),
        ("notes.txt", b"no video at all\n" * 99, "is text, not a video"),
        ("clip.mp4", b"PK\3\4" + bytes(range(256)) * 99, "is not a video, or not whole"),
    ],
)
def test_what_is_no_video_is_named_by_what_it_is(tmp_path: Path, name: str, content: bytes, says: str):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(StreamError, match=f"{name}: {says}"):
        probe_source(open_source(camera_config(str(tmp_path / name))), timeout_s=PATIENCE_S)


def test_the_cover_of_music_is_no_video(tmp_path: Path):
    with av.open(str(tmp_path / "song.mp3"), "w") as out:
        sound = out.add_stream("mp3", rate=44100)
        cover = out.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 64, "yuvj420p"
        cover.disposition = Disposition.attached_pic.value
        out.mux(cover.encode(av.VideoFrame(64, 64, "yuvj420p")))
        out.mux(cover.encode())
        silence = av.AudioFrame.from_ndarray(np.zeros((2, 1152), np.float32), format="fltp", layout="stereo")
        silence.rate = 44100
        out.mux(sound.encode(silence))
        out.mux(sound.encode())
    with pytest.raises(StreamError, match=r"song\.mp3: there is no video in it, only a cover picture"):
        probe_source(open_source(camera_config(str(tmp_path / "song.mp3"))), timeout_s=PATIENCE_S)


def test_a_slow_taker_is_waited_for_and_does_not_delay_stopping(rig: Rig, clip: Path):
    rig.add(str(clip))
    rig.until(rig.more(3))
    assert rig.end() < 2
    # None but the one that may have waited for room when it was stopped.
    assert set(rig.metrics.by("frames_dropped", "reason", camera="gate")) <= {"removed"}


def test_times_that_no_file_can_have_are_counted_on_from_the_one_before(rig: Rig, clip: Path, tmp_path: Path):
    path = tmp_path / "odd.mkv"
    with av.open(str(clip)) as source, av.open(str(path), "w") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        for index, packet in enumerate(each for each in source.demux(video=0) if each.size):
            jump = int(4e11 / packet.time_base) if index >= 5 else 0
            packet.pts, packet.dts, packet.stream = packet.pts + jump, packet.dts + jump, stream
            out.mux(packet)
    rig.add(str(path))
    rig.until(lambda: rig.inbox.exhausted)
    times = [frame.meta.time.wall for frame in rig.pending]
    assert len(times) == 50
    assert times[-1] - times[0] == pytest.approx(49 / 25, abs=0.1)


def noise(count: int) -> Iterator[NDArray[np.uint8]]:
    """Pictures that are hard to compress: what libav looks at when it opens a file is soon over."""
    rng = np.random.default_rng(0)
    return (rng.integers(0, 256, (240, 320, 3), np.uint8) for _ in range(count))


def with_sound(path: Path) -> Path:
    """A transport stream with tracks of its own: video, and silence."""
    with av.open(str(path), "w", options={"mpegts_start_pid": "400", "mpegts_pmt_start_pid": "4000"}) as out:
        video, sound = out.add_stream("libx264", rate=25), out.add_stream("mp2", rate=48000)
        video.width, video.height, video.pix_fmt = 320, 240, "yuv420p"
        for index, pixels in enumerate(stripes((320, 240), 20)):
            picture = av.VideoFrame.from_ndarray(pixels, format="bgr24")
            picture.pts = index
            out.mux(video.encode(picture.reformat(format="yuv420p")))
            samples = av.AudioFrame.from_ndarray(np.zeros((1, 1152), np.int16), "s16", "mono")
            samples.rate, samples.pts = 48000, index * 1152
            out.mux(sound.encode(samples))
        out.mux(video.encode())
    return path


def test_tracks_that_begin_later_do_not_end_the_reading(rig: Rig, tmp_path: Path):
    alone = write_clip(tmp_path / "alone.ts", stripes((320, 240), 20)).read_bytes()
    both = tmp_path / "both.ts"
    both.write_bytes(alone * 20 + with_sound(tmp_path / "sound.ts").read_bytes() * 2 + alone)
    with av.open(str(both)) as container:
        assert len(container.streams) == 1, "libav has seen the others already"
    rig.add(str(both))
    rig.until(lambda: rig.inbox.exhausted)
    assert len(rig.pending) == 21 * 20


def test_a_recording_that_begins_long_before_its_next_key_frame_is_read(rig: Rig, tmp_path: Path):
    lost = MOST_BROKEN_IN_A_ROW + 100
    whole = write_clip(tmp_path / "whole.mp4", noise(lost + 31), codec="h264 with B-frames", fps=lost + 1)
    path = cut_at_its_head(whole, tmp_path / "cut.ts", before=lost, after=20)
    assert path.stat().st_size > LOOKED_AT
    rig.add(str(path))
    rig.until(lambda: rig.inbox.exhausted)
    assert len(rig.pending) == 20


@pytest.mark.parametrize(("degrees", "turns"), [(90, -1), (180, 2), (270, 1)])
def test_a_camera_that_hangs_askew_is_turned_clockwise(rig: Rig, clip: Path, degrees: int, turns: int):
    rig.add(str(clip), rotate=degrees)
    rig.until(rig.more(1))
    with av.open(str(clip)) as container:
        upright = next(container.decode(video=0)).to_ndarray(format="bgr24")
    picture = rig.pending[0].convert()
    np.testing.assert_array_equal(picture.bgr, np.rot90(upright, turns))
    assert (picture.height, picture.width) == picture.bgr.shape[:2]
    assert picture.bgr.flags["C_CONTIGUOUS"]


def test_max_fps_thins_evenly_and_counts(rig: Rig, clip: Path):
    rig.add(str(clip), max_fps=10)
    rig.until(lambda: rig.inbox.exhausted)
    assert [frame.meta.index for frame in rig.pending[:5]] == [0, 3, 5, 8, 10]
    assert len(rig.pending) == 20
    assert rig.metrics.total("frames_dropped", camera="gate", reason="max_fps") == 30


def test_a_probe_says_what_a_file_holds(clip: Path):
    found = probe_source(open_source(camera_config(str(clip))), timeout_s=PATIENCE_S)
    assert (found.width, found.height, found.codec) == (320, 240, "h264")


@pytest.mark.parametrize("url", ["synthetic://street", "/dev/video0", "."])
def test_what_is_no_coded_video_needs_no_decoder(url: str):
    with pytest.raises(ConfigError, match="decode: nvdec is for coded video; want auto or cpu"):
        open_source(camera_config(url, decode="nvdec"))


def test_a_missing_device_is_not_found():
    with pytest.raises(StreamError, match="/dev/video99: no such device") as caught:
        probe_source(open_source(camera_config("/dev/video99")), timeout_s=PATIENCE_S)
    assert caught.value.reason is Reason.NOT_FOUND


def test_a_device_that_is_no_camera_is_named(capfd: pytest.CaptureFixture[str]):
    with pytest.raises(StreamError, match="/dev/null: not a camera") as caught:
        probe_source(open_source(camera_config("/dev/null")), timeout_s=PATIENCE_S)
    assert caught.value.reason is Reason.FAILED


def test_a_pipe_is_not_waited_for(rig: Rig, tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.mp4")
    rig.add(str(tmp_path / "pipe.mp4"))
    rig.until(lambda: rig.is_down(Reason.FAILED))
    assert "not a file" in rig.cameras.statuses()["gate"].detail
