"""Where pictures come from, which of them are taken, and that each is seen as the model will see it."""

from __future__ import annotations

import io
import os
import re

import av
import cv2
import numpy as np
import pytest

from edge_app.calibration.cache import CalibrationCache, open_cache, spaced
from edge_app.calibration.dataset import gather
from edge_app.calibration.series import PictureSeries, SeriesPicture, VideoSeries, find_series
from edge_app.core.errors import DataError, InputError
from edge_app.core.frames import Picture
from edge_app.model import InputSpec
from edge_app.preprocess import Letterboxer

SPEC = InputSpec(
    width=40, height=32, color="rgb", scale=1 / 255, mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.4), letterbox="centre"
)
WH = 48, 36


def pixels(number):
    """A picture of its own for each number."""
    return np.random.default_rng(number).integers(0, 256, (WH[1], WH[0], 3), np.uint8)


@pytest.fixture
def folder(tmp_path):
    """Ten pictures, 1.png to 10.png."""
    path = tmp_path / "pictures"
    path.mkdir()
    for number in range(1, 11):
        cv2.imwrite(str(path / f"{number}.png"), pixels(number))
    return path


@pytest.fixture
def video(tmp_path):
    """Twenty frames, each brighter than the one before."""
    path = tmp_path / "film.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = *WH, "yuv420p"
        for index in range(20):
            frame = av.VideoFrame.from_ndarray(np.full((WH[1], WH[0], 3), 10 * index, np.uint8), format="bgr24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.fixture
def caches(tmp_path):
    with open_cache(tmp_path / "a", SPEC) as calibrating, open_cache(tmp_path / "b", SPEC) as judging:
        yield calibrating, judging


def names(series, wanted):
    return [shown.name for shown in series.read(wanted)]


def gathered(caches, data, holdout=(), images=400):
    told = []
    gather(data, holdout, images, caches, lambda *step: told.append(step))
    return [[item.name for item in cache.items] for cache in caches], told


def test_a_folders_pictures_come_in_natural_order_with_their_files(folder):
    (series,) = find_series([folder])
    assert series.count == 10
    shown = list(series.read({9, 0}))
    assert [each.file for each in shown] == [folder / "1.png", folder / "10.png"]
    np.testing.assert_array_equal(shown[1].picture.bgr, pixels(10))


def test_every_folder_in_a_folder_is_a_series_and_single_pictures_are_one(folder, video):
    (folder / "night").mkdir()
    cv2.imwrite(str(folder / "night" / "1.jpg"), pixels(0))
    (folder / "._1.png").write_text("what macOS knows of it")
    counts = [series.count for series in find_series([folder, video, folder / "2.png", folder / "1.png"])]
    assert counts == [10, 1, 20, 2]


def test_a_videos_frames_are_those_asked_for(video):
    series = VideoSeries(video)
    shown = list(series.read({3, 17}))
    assert [each.index for each in shown] == [3, 17]
    with av.open(str(video)) as container:
        frames = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    for each in shown:
        np.testing.assert_array_equal(each.picture.bgr, frames[each.index])
    assert (frames[3] != frames[4]).any()


@pytest.mark.parametrize("what", ["missing", "empty", "text"])
def test_what_holds_no_picture_is_an_input_error_that_names_it(tmp_path, what):
    path = tmp_path / what
    if what == "empty":
        path.mkdir()
    elif what == "text":
        path.write_text("no video")
    with pytest.raises(InputError, match=re.escape(str(path))):
        find_series([path])


def test_a_broken_picture_is_left_out(folder):
    (folder / "3.png").write_bytes(b"broken")
    assert names(PictureSeries(list(folder.iterdir())), range(4)) == ["1.png", "2.png", "4.png"]


def test_pictures_are_evenly_spaced():
    assert spaced(795, 3) == [132, 397, 662]
    assert spaced(5, 9) == [0, 1, 2, 3, 4]
    assert spaced(0, 3) == []


def test_as_many_pictures_are_taken_as_asked_for_from_all_series(caches, folder, video):
    series = find_series([folder, video])
    (calibrating, judging), told = gathered(caches, series, [Once()], images=6)
    assert len(calibrating) == 6
    assert sum(name.startswith("film.mp4") for name in calibrating) == 4
    assert judging == ["once"]
    assert told[-1] == ("reading pictures", 8, 8)  # one more, had it been in the holdout too


class Once:
    name, count = "once", 1

    def read(self, wanted):
        yield SeriesPicture(0, "once", Picture.from_bgr(pixels(99)))


def test_without_a_holdout_a_block_of_time_is_held_out_and_no_neighbour_of_it_calibrates(caches, video):
    (calibrating, judging), _ = gathered(caches, [VideoSeries(video)])
    used, held = ([int(name.split("#")[1]) for name in names] for names in (calibrating, judging))
    assert len(held) >= 4
    assert min(abs(a - b) for a in used for b in held) > 1


def test_a_picture_of_the_holdout_does_not_calibrate(caches, folder, caplog):
    (folder / "held").mkdir()
    for number in (2, 5):
        os.link(folder / f"{number}.png", folder / "held" / f"other{number}.png")
    everything = PictureSeries([path for path in folder.iterdir() if path.is_file()])
    held = find_series([folder / "held"])
    (calibrating, judging), _ = gathered(caches, [everything], held)
    assert judging == ["other2.png", "other5.png"]
    assert calibrating == [f"{n}.png" for n in (1, 3, 4, 6, 7, 8, 9, 10)]
    assert "2 pictures are in the holdout too" in caplog.text
    np.testing.assert_array_equal(drawn(Picture.from_bgr(pixels(3))), drawn(caches[0][1]))


def test_pictures_of_the_holdout_are_made_up_for(caches, folder):
    held = find_series([folder / "2.png", folder / "5.png"])
    (calibrating, judging), _ = gathered(caches, find_series([folder]), held, images=8)
    assert judging == ["2.png", "5.png"]
    assert len(calibrating) == 8


def test_a_holdout_of_the_same_pictures_is_refused(caches, folder):
    with pytest.raises(DataError, match=rf"{re.escape(str(folder))}: every picture .* the two must differ"):
        gathered(caches, find_series([folder]), find_series([folder]))


def test_pictures_that_cannot_be_read_at_all_are_refused(caches, tmp_path, folder):
    (tmp_path / "bad.png").write_bytes(b"bad")
    with pytest.raises(DataError, match=re.escape(f"{tmp_path}/bad.png: none of these pictures can be read")):
        gathered(caches, find_series([tmp_path / "bad.png"]), find_series([folder]))


def test_too_few_to_hold_some_out_are_named(caches, folder):
    (folder / "few").mkdir()
    for number in (50, 51):
        cv2.imwrite(str(folder / f"few/{number}.png"), pixels(number))
    with pytest.raises(DataError, match=re.escape(f"{folder}/few: 2 pictures are too few")):
        gathered(caches, find_series([folder]))


def drawn(picture, spec=SPEC):
    tensor = np.zeros((3, spec.height, spec.width), np.float32)
    Letterboxer(spec, tensor).fill(picture)
    return tensor


@pytest.mark.parametrize("letterbox", ["centre", "top_left", "stretch"])
@pytest.mark.parametrize("rounding", ["floor", "round"])
def test_a_picture_from_the_album_is_to_the_model_the_picture_itself(letterbox, rounding):
    spec = SPEC.model_copy(update={"letterbox": letterbox, "rounding": rounding, "pad": 30})
    cache, picture = CalibrationCache(io.BytesIO(), spec), Picture.from_bgr(pixels(1))
    cache.add(Picture.from_bgr(pixels(0)), "another")
    cache.add(picture, "it")
    np.testing.assert_array_equal(drawn(cache[1], spec), drawn(picture, spec))


def test_equal_pixels_of_another_shape_have_another_digest():
    cache = CalibrationCache(io.BytesIO(), SPEC)
    for shape in ((2, 8, 3), (8, 2, 3), (2, 8, 3)):
        cache.add(Picture.from_bgr(np.zeros(shape, np.uint8)), "black")
    first, second, third = (item.sha256 for item in cache.items)
    assert first == third != second
