"""What is larger than `max_picture_px` allows is not decoded, and not even read to its end."""

from __future__ import annotations

from functools import partial
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest

from edge_app.capture.sources.libav_connection import TooMuchError
from edge_app.capture.sources.mp4_body import Mp4Body
from edge_app.core.errors import InputError, Reason
from tests.capture import costly
from tests.capture.conftest import Rig
from tests.capture.http_camera import StartHttpCamera
from tests.rtsp.fixtures import StartServer

PX = 320 * 240  # of all pictures here
HTTP_PATHS = ["mjpeg", "without-length", "picture", "picture.png", "video.ts"]


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_a_stream_of_larger_pictures_is_down_and_one_of_that_size_is_up(
    rig: Rig, rtsp_server: StartServer, h265_clip: Path, codec: str
):
    url = (rtsp_server(h265_clip, codec="h265") if codec == "h265" else rtsp_server()).url
    rig.add(url, "fits", max_picture_px=PX)
    rig.add(url, "gate", max_picture_px=PX - 1)
    rig.until(lambda: rig.is_down(Reason.TOO_LARGE))
    rig.until(lambda: rig.state("fits") == ("up", None))
    assert {each.meta.camera for each in rig.pending} <= {"fits"}
    detail = rig.cameras.statuses()["gate"].detail
    assert detail.endswith(f"is more than the {PX - 1} pixels of max_picture_px")


@pytest.mark.parametrize("path", HTTP_PATHS)
def test_so_it_is_over_http(rig: Rig, http_camera: StartHttpCamera, path: str):
    url = http_camera().url(path)
    rig.add(url, "fits", max_picture_px=PX)
    rig.add(url, "gate", max_picture_px=PX - 1)
    rig.until(lambda: rig.is_down(Reason.TOO_LARGE))
    rig.until(lambda: any(each.meta.camera == "fits" for each in rig.pending))
    assert {each.meta.camera for each in rig.pending} == {"fits"}


def test_a_stream_whose_pictures_grow_is_down_then(rig: Rig, http_camera: StartHttpCamera):
    camera = http_camera()
    rig.add(camera.url("mjpeg"), max_picture_px=PX)
    rig.until(rig.more(3))
    camera.pictures = [cv2.imencode(".jpg", np.zeros((480, 640, 3), np.uint8))[1].tobytes()]
    rig.until(lambda: rig.is_down(Reason.TOO_LARGE))


@pytest.mark.parametrize("path", ["endless", "endless.png"])
def test_a_picture_of_more_bytes_is_not_read_to_its_end(rig: Rig, http_camera: StartHttpCamera, path: str):
    process = psutil.Process()
    before, most = process.memory_info().rss, 0

    def is_down() -> bool:
        nonlocal most
        most = max(most, process.memory_info().rss)
        return rig.is_down(Reason.TOO_LARGE)

    rig.add(http_camera().url(path), max_picture_px=2_000_000)
    rig.until(is_down)
    assert most - before < 60e6


def test_a_video_that_begins_with_much_else_is_not_read_until_a_picture_comes(rig: Rig, http_camera: StartHttpCamera):
    rig.add(http_camera().url("endless.mkv"))
    rig.until(lambda: rig.is_down(Reason.TOO_LARGE))
    assert str(rig.cameras.statuses()["gate"].detail).endswith(f"{8 << 20} bytes without a picture")


@pytest.mark.parametrize("path", ["many-samples.mp4", "many-in-a-fragment.mp4"])
def test_an_mp4_that_announces_millions_of_samples_is_not_read(rig: Rig, http_camera: StartHttpCamera, path: str):
    rig.add(http_camera().url(path))
    rig.until(lambda: rig.is_down(Reason.TOO_LARGE))
    assert "an index of more than" in str(rig.cameras.statuses()["gate"].detail)


class Content(BytesIO):
    """What a camera sends."""

    def wait_until(self, deadline: float) -> None:
        """It is all there."""

    def allow(self, size: int) -> None:
        """It is short."""


@pytest.mark.parametrize("size", [1, 7, 8, 1000])
@pytest.mark.parametrize(
    "box", [b"....stsz" + bytes(8) + b"\0\x3d\x09\0", b"\0\0\0\1trun" + bytes(16), b"....cmov"], ids=["32", "64", "zip"]
)
def test_they_are_found_however_the_bytes_come(size: int, box: bytes):
    head = b"\0\0\0\x0cftypisom" + b"\0\0\0\1mdat" + (16 + len(box)).to_bytes(8, "big") + box
    body = Mp4Body(Content(head + b"\0\0\0\0moov" + box))
    assert b"".join(body.read(size) for _ in range(len(head) // size)) == head[: len(head) // size * size]
    with pytest.raises(TooMuchError):
        list(iter(partial(body.read, size), b""))
    assert body.read(size) == b""


def test_an_mp4_of_fragments_without_end_is_read_until_they_are_too_many(rig: Rig, http_camera: StartHttpCamera):
    camera, process, most = http_camera(), psutil.Process(), 0
    camera.video_bytes = b"".join(costly.empty_fragments(tracks=16, fragments=20_000))
    rig.add(camera.url("content"), reconnect={"initial_s": 100, "max_s": 100})
    before = process.memory_info().rss

    def is_down() -> bool:
        nonlocal most
        most = max(most, process.memory_info().rss)
        return rig.is_down(Reason.TOO_LARGE)

    rig.until(is_down)
    assert "samples and fragments" in str(rig.cameras.statuses()["gate"].detail)
    assert most - before < 200e6


REFERENCES = (60_000).to_bytes(2, "big")


@pytest.mark.parametrize(
    "fragments",
    [
        b"\0\0\0\x08moof" * 700_000,
        (b"\0\0\0\x20sidx" + bytes(22) + REFERENCES) * 20,
        (b"\0\0\0\x28sidx\1" + bytes(29) + REFERENCES) * 20,
        b"\0\0\0\x08trak" * 15 + b"\0\0\0\x08moof" * 75_000,
    ],
    ids=["fragments", "an index of them", "a long one", "of many tracks"],
)
def test_fragments_count_as_much_as_libav_takes_for_them(fragments: bytes):
    body = Mp4Body(Content(b"\0\0\0\x0cftypisom" + (len(fragments) + 8).to_bytes(4, "big") + b"free" + fragments))
    with pytest.raises(TooMuchError):
        list(iter(partial(body.read, 1000), b""))


def test_a_day_of_short_fragments_is_no_attack():
    """One a second, of 25 pictures; what is read is counted on for as long as the connection lasts."""
    fragment = b"\0\0\0\x1cmoof" + b"\0\0\0\x14trun" + bytes(4) + (25).to_bytes(4, "big") + bytes(4)
    body = Mp4Body(Content(b"\0\0\0\x0cftypisom" + fragment * 60_000))
    assert len(b"".join(iter(partial(body.read, 1000), b""))) == 12 + len(fragment) * 60_000


def test_a_file_of_larger_pictures_is_an_error(rig: Rig, clip: Path):
    rig.add(str(clip), max_picture_px=PX - 1)
    rig.until(lambda: rig.is_down(Reason.TOO_LARGE) and rig.threads.kept)
    assert isinstance(rig.threads.kept, InputError)


def test_a_larger_picture_of_a_folder_is_left_out(rig: Rig, tmp_path: Path):
    for index, side in enumerate((64, 65, 64)):
        cv2.imwrite(str(tmp_path / f"{index}.png"), np.zeros((64, side, 3), np.uint8))
    rig.add(str(tmp_path), max_picture_px=64 * 64)
    rig.until(lambda: rig.inbox.exhausted)
    assert len(rig.pending) == 2
    assert rig.metrics.total("frames_dropped", camera="gate", reason="decode") == 1


def test_a_picture_that_claims_to_be_huge_takes_no_memory(rig: Rig, tmp_path: Path):
    """A few bytes that say 65000x65000: 12 GB of pixels."""
    whole = cv2.imencode(".bmp", np.zeros((8, 8, 3), np.uint8))[1].tobytes()
    side = (65_000).to_bytes(4, "little")
    (tmp_path / "0.bmp").write_bytes(whole[:18] + side + side + whole[26:])
    cv2.imwrite(str(tmp_path / "1.png"), np.zeros((8, 8, 3), np.uint8))
    rig.add(str(tmp_path))
    rig.until(lambda: rig.inbox.exhausted)
    assert len(rig.pending) == 1
