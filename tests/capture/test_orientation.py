"""Pictures that are stored turned or mirrored come upright from every kind of source, before `rotate`."""

from __future__ import annotations

import gc
import struct
import threading
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.bitstream import BitStreamFilterContext
from numpy.typing import NDArray

from edge_app.calibration.series import VideoSeries
from edge_app.capture import DecodeHardware, open_source, probe_source
from edge_app.capture.decode.jpeg import exif_orientation
from edge_app.capture.decode.orientation import FrameOrientation
from edge_app.capture.sources import file
from edge_app.core.colour import to_bgr
from tests.capture.conftest import Rig, camera_config
from tests.capture.decoders import software_decoders
from tests.capture.http_camera import StartHttpCamera
from tests.waiting import PATIENCE_S

Pixels = NDArray[np.uint8]
# Exif 2.3, section 4.6.4: where the row and the column that are stored first have to be shown.
UPRIGHT: dict[int, Callable[[Pixels], Pixels]] = {
    1: lambda pixels: pixels,
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
    8: lambda pixels: np.rot90(pixels, 1),
}
# ISO/IEC 14496-12, 8.3.2: a, b, c and d of a track's matrix, which shows the pixel (x, y) at (ax + cy, bx + dy).
MATRICES = {
    1: (1, 0, 0, 1), 2: (-1, 0, 0, 1), 3: (-1, 0, 0, -1), 4: (1, 0, 0, -1),
    5: (0, 1, 1, 0), 6: (0, 1, -1, 0), 7: (0, -1, -1, 0), 8: (0, -1, 1, 0),
}  # fmt: skip
TASKS = Path("/proc/self/task")  # a folder for each thread
STORED = np.full((48, 64, 3), 90, np.uint8)
STORED[:12] = (255, 0, 0)
STORED[:, :16] = (0, 0, 255)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """Six frames with a key frame in each three."""
    path = tmp_path / "plain.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=10, options={"g": "3", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for index in range(6):
            frame = av.VideoFrame.from_ndarray(STORED, format="bgr24").reformat(format="yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, 10)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


def with_matrix(video: Path, orientation: int) -> Path:
    """The same video as a phone writes it."""
    a, b, c, d = (value * 0x10000 for value in MATRICES[orientation])
    content = bytearray(video.read_bytes())
    at = content.index(b"tkhd") + 44
    content[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 0x40000000)
    turned = video.with_name(f"turned-{orientation}.mp4")
    turned.write_bytes(content)
    return turned


def with_exif(orientation: int, order: str = "<") -> bytes:
    """The picture as a JPEG whose Exif says so."""
    jpeg = cv2.imencode(".jpg", STORED)[1].tobytes()
    tiff = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(
        f"{order}IHHHIHHHHIHHI", 8, 2, 0x0100, 3, 1, 64, 0, 0x0112, 3, 1, orientation, 0, 0
    )
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(tiff) + 8) + b"Exif\0\0" + tiff + jpeg[2:]


def plain(video: Path, index: int = 0) -> Pixels:
    with av.open(str(video)) as container:
        return list(container.decode(video=0))[index].to_ndarray(format="bgr24")


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_a_video_is_turned_as_its_container_says(rig: Rig, video: Path, orientation: int):
    rig.add(str(with_matrix(video, orientation)))
    rig.until(lambda: rig.inbox.exhausted)
    assert len(rig.pending) == 6
    for index, frame in enumerate(rig.pending):
        picture = frame.convert()
        np.testing.assert_array_equal(picture.bgr, UPRIGHT[orientation](plain(video, index)))
        assert (picture.height, picture.width) == picture.bgr.shape[:2]
        assert picture.bgr.flags["C_CONTIGUOUS"]


def test_rotate_turns_what_is_upright_already(rig: Rig, video: Path):
    rig.add(str(with_matrix(video, 5)), rotate=90)
    rig.until(rig.more(1))
    np.testing.assert_array_equal(rig.pending[0].convert().bgr, np.rot90(UPRIGHT[5](plain(video)), -1))


@pytest.mark.parametrize("orientation", [1, 6])
def test_for_an_engine_that_reads_planes_only_turned_pictures_are_bgr(rig: Rig, video: Path, orientation: int):
    rig.add(str(with_matrix(video, orientation)), hardware=DecodeHardware(gpu=0), decode="cpu")
    rig.until(rig.more(1))
    picture = rig.pending[0].convert()
    assert picture.format == ("i420" if orientation == 1 else "bgr")
    difference = to_bgr(picture).astype(int) - UPRIGHT[orientation](plain(video))
    assert np.abs(difference).mean() < 3


def test_a_decoder_that_is_not_told_of_the_container_turns_too(rig: Rig, video: Path, tmp_path: Path):
    hardware = software_decoders("h264", tmp_path)
    rig.add(str(with_matrix(video, 7)), hardware=hardware, decode="gstreamer")
    rig.until(rig.more(1))
    difference = rig.pending[0].convert().bgr.astype(int) - UPRIGHT[7](plain(video))
    assert np.abs(difference).mean() < 3


@pytest.mark.parametrize(("said", "orientation"), [("rotate=90", 8), ("rotate=180", 3), ("rotate=0:flip=vertical", 4)])
def test_a_message_of_a_key_frame_turns_the_frames_up_to_the_next_one(
    rig: Rig, video: Path, said: str, orientation: int
):
    path = video.with_name("message.h264")
    with av.open(str(video)) as source, av.open(str(path), "w", format="h264") as out:
        stream = source.streams.video[0]
        to = out.add_stream_from_template(stream)
        tell = BitStreamFilterContext(f"h264_mp4toannexb,h264_metadata=display_orientation=insert:{said}", stream)
        plainly = BitStreamFilterContext("h264_mp4toannexb", stream)
        for index, packet in enumerate(source.demux(video=0)):
            for filtered in (tell if index == 0 else plainly).filter(packet) if packet.size else []:
                filtered.stream = to
                out.mux(filtered)
    rig.add(str(path))
    rig.until(lambda: rig.inbox.exhausted)
    for index, (frame, expected) in enumerate(zip(rig.pending, [orientation] * 3 + [1] * 3, strict=True)):
        np.testing.assert_array_equal(frame.convert().bgr, UPRIGHT[expected](plain(video, index)))


@pytest.mark.skipif(not TASKS.exists(), reason="this system does not list threads")
def test_one_thread_looks_how_a_file_is_stored_before_other_hardware_decodes_it(video: Path, monkeypatch):
    """Libav would start one for each core: of 64 files on 16 cores, more than two hundred at the same time."""
    seen: list[set[Path]] = []

    class Orientation(FrameOrientation):
        def of(self, frame: av.VideoFrame) -> int:
            seen.append(set(TASKS.iterdir()))
            return super().of(frame)

    monkeypatch.setattr(file, "FrameOrientation", Orientation)
    before = set(TASKS.iterdir())
    with open_source(camera_config(str(video), decode="nvdec")).open(threading.Event()):
        assert len(seen) == 1
        assert seen[0] <= before


@pytest.mark.parametrize("path", ["mjpeg", "picture"])
@pytest.mark.parametrize("orientation", UPRIGHT)
def test_a_picture_over_http_is_turned_as_its_exif_says(http_camera: StartHttpCamera, orientation: int, path: str):
    camera = http_camera()
    camera.pictures = [with_exif(orientation)]
    stored = cv2.imdecode(np.frombuffer(with_exif(1), np.uint8), cv2.IMREAD_COLOR)
    with open_source(camera_config(camera.url(path))).open(threading.Event()) as frames:
        shown = next(frames).convert().bgr
    assert np.abs(shown.astype(int) - UPRIGHT[orientation](stored)).mean() < 3


def test_each_part_of_a_stream_is_turned_by_itself(rig: Rig, http_camera: StartHttpCamera):
    camera = http_camera()
    camera.pictures = [with_exif(6), with_exif(1)]
    rig.add(camera.url("mjpeg"))
    rig.until(rig.more(10))
    widths = {frame.convert().width for frame in rig.pending}
    assert widths == {48, 64}


@pytest.mark.parametrize("order", ["<", ">"])
def test_exif_is_read_in_either_order_of_bytes(order: str):
    assert [exif_orientation(memoryview(with_exif(each, order))) for each in UPRIGHT] == list(UPRIGHT)


@pytest.mark.parametrize("length", range(2, 42, 5))
def test_exif_that_is_cut_or_odd_is_upright(length: int):
    assert exif_orientation(memoryview(with_exif(6)[:length])) == 1
    assert exif_orientation(memoryview(with_exif(99))) == 1
    assert exif_orientation(memoryview(with_exif(6).replace(b"II*", b"XX*"))) == 1


def test_a_probe_and_a_calibration_see_it_upright(video: Path):
    turned = with_matrix(video, 6)
    found = probe_source(open_source(camera_config(str(turned))), timeout_s=PATIENCE_S)
    assert (found.width, found.height) == (48, 64)
    (one,) = VideoSeries(turned).read([3])
    np.testing.assert_array_equal(one.picture.bgr, UPRIGHT[6](plain(video, 3)))


def test_no_frame_is_left_to_the_garbage_collector(video: Path):
    """An attempt that ends would leave its pictures behind, which are large and few."""
    turned = str(with_matrix(video, 5))
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        with open_source(camera_config(turned)).open(threading.Event()) as frames:
            for frame in frames:
                frame.convert()
        del frame, frames
        gc.collect()
        assert not any(isinstance(left, av.VideoFrame) for left in gc.garbage)
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


def test_a_folder_and_a_snapshot_agree(rig: Rig, http_camera: StartHttpCamera, tmp_path: Path):
    (tmp_path / "1.jpg").write_bytes(with_exif(8))
    rig.add(str(tmp_path))
    rig.until(lambda: rig.inbox.exhausted)
    camera = http_camera()
    camera.pictures = [with_exif(8)]
    rig.add(camera.url("picture"), "door")
    rig.until(rig.more(1))
    of_folder, of_camera = (frame.convert().bgr.astype(int) for frame in rig.pending[:2])
    assert np.abs(of_folder - of_camera).mean() < 3
