"""What the pictures of a camera take together is known before they are decoded, and bounded."""

from __future__ import annotations

import io
import threading
from contextlib import suppress
from functools import cache, partial

import av
import cv2
import numpy as np
import pytest

from edge_app.capture.decode.parameter_sets import Sequence, sequences
from edge_app.capture.decode.picture_budget import LARGE_PX, PictureBudget, TooLargeError
from edge_app.capture.decode.unconverted import Unconverted
from edge_app.capture.decode.video_decoder import LibavDecoder
from edge_app.core.errors import Reason
from edge_app.core.frames import Picture
from tests.capture import costly
from tests.capture.conftest import Rig
from tests.capture.http_camera import StartHttpCamera
from tests.waiting import PATIENCE_S, until

WH = (4096, 2304)
LARGER_WH = (4096, 2560)
STILLS_WH = (8192, 4320)

h264, h265, video = cache(costly.h264), cache(costly.h265), cache(costly.video)


def first_packet(content: bytes) -> tuple[str, bytes | None, bytes]:
    """The codec of a video, what comes with the stream, and a packet; empty where one is too short for libav."""
    with av.open(io.BytesIO(content)) as container:
        stream = container.streams.video[0]
        packet = b""
        with suppress(av.EOFError):
            packet = bytes(next(container.demux(stream)))
        return stream.codec_context.name, stream.codec_context.extradata, packet


@pytest.mark.parametrize("container", ["mpegts", "mp4", "matroska"])
@pytest.mark.parametrize(
    ("form", "pixel_bytes"), [("yuv420p", 1.5), ("yuv422p", 2), ("yuv444p", 3), ("yuv420p10le", 3)]
)
@pytest.mark.parametrize(
    ("more", "height"), [("ref=1", 464), ("ref=5:cqm=jvt", 464), ("ref=16:interlaced=1", 480)], ids=["1", "5", "16"]
)
def test_h264_says_what_is_kept(container: str, form: str, pixel_bytes: float, more: str, height: int):
    parameters = {"x264-params": f"bframes=0:level=62:{more}"}
    codec, extradata, _ = first_packet(costly.video("libx264", container, (640, 464), form, 8, **parameters))
    kept = int(more.partition(":")[0][4:])
    assert list(sequences(codec, extradata)) == [Sequence(640, height, pixel_bytes, kept)]


@pytest.mark.parametrize("container", ["mpegts", "mp4"])
@pytest.mark.parametrize(("form", "pixel_bytes"), [("yuv420p", 1.5), ("yuv444p", 3), ("yuv420p10le", 3)])
def test_h265_says_it_in_every_packet_and_with_the_stream(container: str, form: str, pixel_bytes: float):
    parameters = {"x265-params": "ref=5:bframes=0:repeat-headers=1:log-level=none"}
    codec, extradata, packet = first_packet(costly.video("libx265", container, (320, 240), form, 2, **parameters))
    said = [Sequence(320, 240, pixel_bytes, 5)]
    assert list(sequences(codec, extradata)) == list(sequences(codec, extradata, packet)) == said


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_what_is_no_parameter_set_is_left_out(codec: str):
    dice = np.random.default_rng(5)
    for size in (*range(40), 2000):
        noise = dice.integers(0, 256, size, np.uint8).tobytes()
        for begin in (b"", b"\0\0\1\x67", b"\0\0\1\x42\1", b"\1"):
            list(sequences(codec, begin + noise))
            list(sequences(codec, b"\1" + noise, begin + noise))


TOO_MUCH = {
    "H.264 with 16 references": lambda: h264(WH, 16, frames=3),
    "H.264 that begins with small pictures": lambda: h264((320, 240), 1, frames=3) + h264(WH, 16, frames=3),
    "H.265 with 8 references": lambda: h265(WH, 8, frames=3),
    "16 bits": lambda: video("ffv1", "matroska", (4096, 4096), "gbrap16le", 3),
    "VP9, which may keep 8": lambda: video("libvpx-vp9", "matroska", (6144, 3072), "yuv420p", 3, deadline="realtime"),
}
FITS = {
    "H.264 with 4 references": lambda: h264(WH, 4, frames=3),
    "H.264 with 8 references of a larger picture": lambda: h264(LARGER_WH, 8, frames=3),
    "H.265 with 3 references": lambda: h265(WH, 3, frames=3),
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_a_stream_whose_pictures_take_too_much_together_is_down(rig: Rig, http_camera: StartHttpCamera, name: str):
    camera = http_camera()
    camera.video_bytes = TOO_MUCH[name]()
    rig.add(camera.url("content"))
    rig.until(lambda: rig.is_down(Reason.TOO_LARGE))
    assert "MB; max_picture_px allows 268 MB, and with " in str(rig.cameras.statuses()["gate"].detail)
    assert all(each.convert().width == 320 for each in rig.pending)


@pytest.mark.parametrize("name", FITS)
def test_others_lose_no_picture(rig: Rig, http_camera: StartHttpCamera, name: str):
    camera = http_camera()
    camera.video_bytes = FITS[name]()
    rig.add(camera.url("content"), reconnect={"initial_s": 100, "max_s": 100})
    rig.until(lambda: rig.is_down(Reason.ENDED))
    assert rig.metrics.total("frames_captured", camera="gate") == 3
    assert not rig.metrics.total("frames_dropped", camera="gate", reason="decode")


def test_a_larger_max_picture_px_allows_more(rig: Rig, http_camera: StartHttpCamera):
    camera = http_camera()
    camera.video_bytes = h264(WH, 16, frames=3)
    rig.add(camera.url("content"), max_picture_px=80_000_000)
    rig.until(rig.more(1))


@pytest.mark.parametrize("ending", [".png", ".webp"])
def test_a_single_picture_of_too_many_bytes_is_down(rig: Rig, http_camera: StartHttpCamera, ending: str):
    camera = http_camera()
    camera.video_bytes = costly.picture(ending, STILLS_WH)
    rig.add(camera.url("content"))
    rig.until(lambda: rig.is_down(Reason.TOO_LARGE))
    assert not rig.pending


def test_a_picture_that_would_have_to_be_turned_is_down_where_that_takes_too_much(
    rig: Rig, http_camera: StartHttpCamera
):
    camera = http_camera()
    camera.pictures = [costly.turned(costly.picture(".jpg", STILLS_WH))]
    rig.add(camera.url("picture"))
    rig.until(lambda: rig.is_down(Reason.TOO_LARGE))
    assert ": turned, pictures of 8192x4320 take " in str(rig.cameras.statuses()["gate"].detail)


def test_pictures_that_a_decoder_keeps_without_a_word_are_counted():
    """As H.265 can, whatever it says: here who takes the pictures keeps them."""
    with av.open(io.BytesIO(video("mpeg4", "avi", LARGER_WH, "yuv420p", 24))) as container:
        stream = container.streams.video[0]
        decoder, kept = LibavDecoder(stream.codec_context, PictureBudget(), live=True), []
        with pytest.raises(TooLargeError, match="the decoder keeps more than"):
            kept.extend(frame for packet in container.demux(stream) for frame in decoder.decode(packet))
    assert 5 < len(kept) < 20


def test_the_decoder_waits_while_a_large_picture_is_taken_and_another_one_waits():
    unconverted, decoded = Unconverted(), threading.Event()
    taken, waits = partial(Picture.from_bgr, None), partial(Picture.from_bgr, None)  # type: ignore[arg-type]
    unconverted.add(taken)
    unconverted.wait()
    unconverted.add(waits)

    def decode() -> None:
        while len(unconverted) > 1:
            unconverted.wait()
        decoded.set()

    thread = threading.Thread(target=decode)
    thread.start()
    assert not decoded.wait(0.1)
    del taken
    thread.join(PATIENCE_S)
    assert decoded.is_set()
    del waits
    until(lambda: not len(unconverted))


def test_pictures_of_a_large_camera_are_alone(rig: Rig, http_camera: StartHttpCamera):
    large = np.zeros((LARGE_PX // 4096 + 8, 4096, 3), np.uint8)
    for name, pixels in (("small", large[:240, :320]), ("large", large)):
        camera = http_camera()
        camera.pictures = [cv2.imencode(".jpg", pixels)[1].tobytes()]
        rig.add(camera.url("mjpeg"), name)
    rig.until(lambda: len({each.meta.camera for each in rig.pending}) > 1)
    assert {(each.meta.camera, each.alone) for each in rig.pending} == {("small", False), ("large", True)}
