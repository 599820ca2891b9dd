"""A live camera's pictures: now and then, upright, over an interruption and a lost connection."""

from __future__ import annotations

import numpy as np
import pytest

from edge_app.calibration import CameraSeries
from edge_app.capture import open_source
from edge_app.capture.config import CameraConfig
from edge_app.core.errors import StreamError

STREET = "synthetic://street?seed=2&fps=50&size=96x64"
SOON = {"initial_s": 0.05, "max_s": 0.2}


@pytest.fixture
def series(tmp_path):
    """A camera's series."""

    def make(url, count=3, every_s=0.1, **settings):
        camera = CameraConfig(url=url, **settings)
        return CameraSeries("gate", open_source(camera), camera, count, every_s, tmp_path / "kept")

    return make


def test_a_live_camera_gives_a_picture_now_and_then_upright(series):
    shown = list(series(STREET, rotate=90).read({0, 2}))
    assert [each.name for each in shown] == ["camera gate #0", "camera gate #2"]
    assert (shown[0].picture.width, shown[0].picture.height) == (64, 96)


def test_an_interrupted_series_goes_on_with_the_pictures_that_it_has(series, http_camera):
    camera = http_camera()
    reading = series(camera.url("mjpeg")).read(range(3))
    first = [next(reading).picture.bgr, next(reading).picture.bgr]
    reading.close()
    camera.pictures = camera.pictures[5:6]
    again = [shown.picture.bgr for shown in series(camera.url("mjpeg")).read(range(3))]
    np.testing.assert_array_equal(again[:2], first)
    assert (again[2] != first[1]).any()
    camera.kill()
    assert len(list(series(camera.url("mjpeg")).read(range(3)))) == 3


def test_another_cameras_pictures_are_not_taken_for_its_own(series):
    assert len(list(series(STREET).read(range(2)))) == 2
    with pytest.raises(StreamError):
        list(series("http://127.0.0.1:9/mjpeg").read(range(2)))


def test_a_lost_connection_is_made_again(series, http_camera, caplog):
    camera = http_camera()
    reading = series(camera.url("mjpeg"), reconnect=SOON).read(range(4))
    next(reading)
    camera.kill()
    http_camera(port=camera.server_port)
    assert [shown.index for shown in reading] == [1, 2, 3]
    assert "camera gate is down (" in caplog.text


def test_a_camera_that_does_not_run_gives_pictures_too(series):
    assert len(list(series(STREET, enabled=False).read(range(2)))) == 2


def test_its_rate_is_that_of_the_calibration_and_not_that_of_run(series):
    """A picture an hour would be the second one."""
    assert len(list(series(STREET, max_fps=1 / 3600).read(range(2)))) == 2


def test_a_camera_that_is_not_there_is_told_by_its_name(series):
    with pytest.raises(StreamError, match=r"^camera gate: .*127\.0\.0\.1:9"):
        list(series("http://127.0.0.1:9/mjpeg").read(range(2)))
