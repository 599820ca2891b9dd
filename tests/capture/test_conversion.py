"""Decoded frames to pictures: planes as they are where the engine reads them, else BGR as libav makes it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from edge_app.capture import DecodeHardware
from edge_app.capture.decode.conversion import Converter
from edge_app.core.colour import to_bgr
from edge_app.core.frames import Picture
from tests.capture.conftest import Rig

BT709, UNKNOWN, BT601, BT2020 = 1, 2, 6, 9  # as libav counts them
LIMITED, FULL = 1, 2
TASKS = Path("/proc/self/task")  # a folder for each thread


def random_frame(form: str, size: tuple[int, int], colorspace: int = UNKNOWN, color_range: int = 0) -> VideoFrame:
    """Noise, in the padding of the rows too."""
    frame, dice = VideoFrame(*size, form), np.random.default_rng(3)
    for plane in frame.planes:
        plane.update(dice.integers(0, 256, plane.buffer_size, np.uint8).tobytes())
    frame.colorspace, frame.color_range = colorspace, color_range
    return frame


def packed(picture: Picture) -> NDArray[np.uint8]:
    """All planes one after the other, without padding, as `VideoFrame.to_ndarray` has them."""
    return np.concatenate([np.asarray(plane.data).reshape(-1) for plane in picture.planes])


@pytest.mark.parametrize("size", [(64, 48), (70, 50), (34, 2)])
@pytest.mark.parametrize("form", ["nv12", "yuv420p", "yuvj420p"])
def test_planes_are_the_frames_own(form: str, size: tuple[int, int]):
    frame = random_frame(form, size)
    picture = Converter(planes=True)(frame)
    np.testing.assert_array_equal(packed(picture), frame.to_ndarray().reshape(-1))
    assert (picture.width, picture.height, picture.memory) == (*size, "host")
    assert picture.format == ("nv12" if form == "nv12" else "i420")
    assert all(
        np.shares_memory(plane.data, np.frombuffer(own, np.uint8))
        for plane, own in zip(picture.planes, frame.planes, strict=True)
    )
    assert [plane.pitch for plane in picture.planes] == [own.line_size for own in frame.planes]


def test_odd_pictures_have_a_chroma_sample_for_their_last_pixel():
    picture = Converter(planes=True)(random_frame("yuv420p", (37, 23)))
    assert [plane.data.shape for plane in picture.planes] == [(23, 37), (12, 19), (12, 19)]
    picture = Converter(planes=True)(random_frame("nv12", (37, 23)))
    assert [plane.data.shape for plane in picture.planes] == [(23, 37), (12, 38)]


@pytest.mark.parametrize(
    ("form", "colorspace", "color_range", "found"),
    [
        ("yuv420p", UNKNOWN, 0, ("bt601", False)),
        ("yuv420p", BT601, LIMITED, ("bt601", False)),
        ("yuv420p", BT709, LIMITED, ("bt709", False)),
        ("nv12", BT709, FULL, ("bt709", True)),
        ("yuvj420p", UNKNOWN, 0, ("bt601", True)),
    ],
)
def test_colours_are_what_the_stream_says_and_libav_makes_of_it(form, colorspace, color_range, found):
    frame = random_frame(form, (64, 48), colorspace, color_range)
    smooth = VideoFrame.from_ndarray(np.full((48, 64, 3), (40, 90, 200), np.uint8), "bgr24").reformat(
        format=form, dst_colorspace=colorspace if colorspace != UNKNOWN else None, dst_color_range=color_range or None
    )
    smooth.colorspace, smooth.color_range = colorspace, color_range
    assert (Converter(planes=True)(frame).matrix, Converter(planes=True)(frame).full_range) == found
    colour = np.array([40, 90, 200])
    assert np.abs(to_bgr(Converter(planes=True)(smooth)) - colour).max() <= 3
    if int(av.__version__.split(".")[0]) >= 18:  # PyAV 16 takes all for BT.601 in limited range
        assert np.abs(Converter(planes=False)(smooth).bgr - colour).max() <= 3


@pytest.mark.parametrize(
    ("form", "colorspace"), [("yuv422p", UNKNOWN), ("yuv420p10le", UNKNOWN), ("gray", UNKNOWN), ("yuv420p", BT2020)]
)
def test_what_the_kernel_does_not_read_is_bgr(form: str, colorspace: int):
    frame = random_frame(form, (64, 48), colorspace)
    np.testing.assert_array_equal(Converter(planes=True)(frame).bgr, frame.to_ndarray(format="bgr24"))


@pytest.mark.skipif(
    not TASKS.exists() or (os.cpu_count() or 1) < 2, reason="threads are not listed, or libav wants none"
)
def test_a_scaler_has_no_threads():
    """With one for each core in each camera's, 64 cameras on 16 cores had several hundred."""
    frame, before = random_frame("nv12", (640, 480)), set(TASKS.iterdir())
    converter = Converter(planes=False)
    converter(frame)
    assert set(TASKS.iterdir()) <= before


def test_the_engine_of_the_cpu_gets_bgr():
    frame = random_frame("nv12", (64, 48))
    np.testing.assert_array_equal(Converter(planes=False)(frame).bgr, frame.to_ndarray(format="bgr24"))


def test_a_picture_on_the_device_is_fetched_for_who_looks():
    host = Converter(planes=True)(random_frame("nv12", (64, 48)))
    surface = replace(host, planes=(), memory="device", fetch=lambda: host)
    np.testing.assert_array_equal(to_bgr(surface), to_bgr(host))


@pytest.mark.parametrize("rotate", [0, 90])
def test_a_file_for_the_gpu_is_given_in_planes_unless_it_is_turned(rig: Rig, clip: Path, rotate: int):
    rig.add(str(clip), hardware=DecodeHardware(gpu=0), decode="cpu", rotate=rotate)
    rig.until(lambda: rig.inbox.exhausted)
    pictures = [frame.convert() for frame in rig.pending]
    assert {picture.format for picture in pictures} == {"bgr" if rotate else "i420"}
    with av.open(str(clip)) as container:
        for picture, frame in zip(pictures, container.decode(video=0), strict=True):
            if rotate:
                np.testing.assert_array_equal(picture.bgr, np.rot90(frame.to_ndarray(format="bgr24"), -1))
            else:
                np.testing.assert_array_equal(packed(picture), frame.to_ndarray().reshape(-1))
