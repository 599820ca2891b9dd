"""Pictures that are hardly what a camera sees: still or black ones, and those that only look like it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge_app.capture import picture_watch
from edge_app.capture.picture_watch import FETCH_S, LOOK_S, PictureWatch
from edge_app.core.errors import Reason, StreamError
from edge_app.core.frames import Picture, Plane
from tests.capture.conftest import Rig
from tests.capture.http_camera import JPEGS, StartHttpCamera
from tests.rtsp.clips import stripes, write_clip
from tests.rtsp.fixtures import StartServer

SIZE_WH = (320, 240)
TIMEOUT_S = 5.0
GREY = 20  # of a dark night, in which there is something to see


def scene(seed: int = 1) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(60, 200, (SIZE_WH[1], SIZE_WH[0], 3), dtype=np.uint8)


def plain(level: int) -> NDArray[np.uint8]:
    return np.full((SIZE_WH[1], SIZE_WH[0], 3), level, np.uint8)


def noisy(pixels: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
    """The same with a sensor's noise, of one level."""
    noise = np.random.default_rng(seed).integers(-1, 2, pixels.shape)
    return np.clip(pixels + noise, 0, 255).astype(np.uint8)


class Watched:
    """A watch that is shown one picture after the other, as often as it looks."""

    def __init__(self, timeout_s: float = TIMEOUT_S) -> None:
        self.watch, self.now = PictureWatch(timeout_s), 1e5

    def show(self, picture: Picture | NDArray[np.uint8], for_s: float = LOOK_S) -> list[str]:
        """What it warns of after so long a look at the same picture."""
        picture = picture if isinstance(picture, Picture) else Picture.from_bgr(picture)
        found: list[str] = []
        for _ in range(round(for_s / LOOK_S)):
            self.now += LOOK_S
            looked = self.watch.look(picture, self.now)
            found = found if looked is None else [warning.reason for warning in looked]
        return found


def test_a_picture_that_stays_the_same_is_frozen_after_the_timeout_and_not_before() -> None:
    watched = Watched()
    assert watched.show(scene(), TIMEOUT_S) == []
    assert watched.show(scene(), 2) == ["frozen_picture"]


def test_a_still_scene_with_a_sensors_noise_is_not_frozen() -> None:
    watched = Watched()
    assert [watched.show(noisy(scene(), n)) for n in range(20)] == [[]] * 20


def test_a_clock_that_the_camera_writes_into_a_still_picture_is_seen() -> None:
    watched = Watched()
    for second in range(20):
        picture = cv2.resize(scene(), (1920, 1080), interpolation=cv2.INTER_NEAREST)
        cv2.putText(picture, f"{second:02}", (1800, 110), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (255, 255, 255), 2)
        assert watched.show(picture) == []


def test_one_key_frame_does_not_end_a_freeze_and_movement_does() -> None:
    watched = Watched()
    assert watched.show(scene(), TIMEOUT_S + 2) == ["frozen_picture"]
    coded_anew = noisy(scene(), 1)
    assert watched.show(coded_anew) == ["frozen_picture"]
    assert watched.show(coded_anew, 3) == ["frozen_picture"]
    assert watched.show(scene(2)) == ["frozen_picture"]
    assert watched.show(scene(3)) == []
    assert watched.show(scene(3), TIMEOUT_S - 1) == []


def test_black_pictures_are_told_once_and_not_as_frozen_too() -> None:
    watched = Watched()
    assert watched.show(plain(0), TIMEOUT_S) == []
    assert watched.show(plain(0), 2 * TIMEOUT_S) == ["black_picture"]
    assert watched.show(noisy(plain(2), 1)) == ["black_picture"]
    assert [watched.show(noisy(plain(GREY), n)) for n in range(2)] == [["black_picture"], []]


def test_a_grey_night_is_not_black() -> None:
    watched = Watched()
    assert [watched.show(noisy(plain(GREY), n)) for n in range(20)] == [[]] * 20


def i420(level: int, *, full_range: bool) -> Picture:
    width, height = SIZE_WH
    luma = np.full((height, width), level, np.uint8)
    chroma = np.full((height // 2, width // 2), 128, np.uint8)
    planes = Plane(luma, width), Plane(chroma, width // 2), Plane(chroma, width // 2)
    return Picture(width, height, "i420", planes, full_range=full_range)


@pytest.mark.parametrize(
    ("level", "full_range", "found"),
    [
        pytest.param(16, False, ["black_picture"], id="black of video"),
        pytest.param(16, True, ["frozen_picture"], id="grey of full range"),
        pytest.param(5, True, ["black_picture"], id="black of full range"),
        pytest.param(30, False, ["frozen_picture"], id="dark grey of video"),
    ],
)
def test_black_is_that_of_the_pictures_range(level: int, full_range: bool, found: list[str]) -> None:
    assert Watched().show(i420(level, full_range=full_range), TIMEOUT_S + 2) == found


def test_a_picture_on_a_gpu_is_copied_every_five_seconds_at_most() -> None:
    copied: list[int] = []

    def fetch() -> Picture:
        copied.append(1)
        return i420(0, full_range=True)

    surface = replace(i420(0, full_range=True), memory="device", planes=(Plane(7, 320),), fetch=fetch)
    watched = Watched()
    assert watched.show(surface, 4 * FETCH_S) == ["black_picture"]
    assert len(copied) == 4


def test_a_picture_that_cannot_be_copied_says_nothing() -> None:
    def fetch() -> Picture:
        raise StreamError(Reason.DECODE_ERRORS, "gone")

    surface = replace(i420(0, full_range=True), memory="device", planes=(Plane(7, 320),), fetch=fetch)
    assert Watched().show(surface, 60) == []


def test_pictures_between_two_looks_cost_nothing() -> None:
    watch, unreadable = PictureWatch(TIMEOUT_S), Picture(1, 1, "bgr", ())
    assert watch.look(Picture.from_bgr(scene()), 100.0) == ()
    assert watch.look(unreadable, 100.0 + 0.9 * LOOK_S) is None


# With cameras.


@pytest.fixture
def looks(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Takes and converts the pictures of the rig, as the analysis does, until a condition holds; looks are frequent."""
    monkeypatch.setattr(picture_watch, "LOOK_S", 0.1)

    def until(condition: Callable[[], object]) -> None:
        def converted() -> object:
            while rig.pending:
                rig.pending.pop(0).take(0.0)
            return condition()

        rig.until(converted)

    return until


def warned(rig: Rig) -> list[str]:
    return [warning.reason for warning in rig.cameras.statuses()["gate"].warnings]


def jpeg(pixels: NDArray[np.uint8]) -> bytes:
    return cv2.imencode(".jpg", pixels)[1].tobytes()


@pytest.mark.parametrize("rotate", [0, 90])
@pytest.mark.parametrize(
    ("still", "reason"),
    [
        pytest.param(JPEGS[0], "frozen_picture", id="frozen"),
        pytest.param(jpeg(plain(0)), "black_picture", id="black"),
    ],
)
def test_a_camera_that_shows_nothing_of_use_is_up_and_warned_of_until_it_does(
    rig: Rig,
    looks: Callable[..., None],
    http_camera: StartHttpCamera,
    caplog: pytest.LogCaptureFixture,
    still: bytes,
    reason: str,
    rotate: int,
):
    caplog.set_level(logging.INFO)
    server = http_camera()
    rig.add(server.url("mjpeg"), stall_timeout_s=3, rotate=rotate)
    looks(lambda: server.sent > 30)
    server.pictures = [still]
    looks(lambda: warned(rig) == [reason])
    assert rig.is_up()
    server.pictures = list(JPEGS)
    looks(lambda: warned(rig) == [])
    assert rig.is_up()
    assert [status.state for _, status in rig.states] == ["connecting", "up", "up", "up"]
    assert [status.since for _, status in rig.states[1:]] == [rig.states[1][1].since] * 3
    told = [record.getMessage() for record in caplog.records if reason in record.getMessage()]
    assert [text.partition(" for ")[0].partition(": the")[0].partition(": a")[0] for text in told] == [
        f"camera gate: {reason}",
        f"camera gate: {reason} is over",
    ]


def test_a_camera_that_is_lost_is_down_and_no_longer_warned_of(
    rig: Rig, looks: Callable[..., None], http_camera: StartHttpCamera
):
    server = http_camera()
    server.pictures = [JPEGS[0]]
    rig.add(server.url("mjpeg"), stall_timeout_s=2)
    looks(lambda: warned(rig) == ["frozen_picture"])
    server.frozen.set()
    looks(lambda: rig.state()[0] == "down")
    assert warned(rig) == []
    server.frozen.clear()
    looks(lambda: warned(rig) == ["frozen_picture"])
    status = rig.cameras.statuses()["gate"]
    assert status.warnings[0].since >= status.since, "another connection begins anew"


@pytest.mark.parametrize(
    ("pictures", "found"),
    [
        pytest.param([plain(60)] * 50, ["frozen_picture"], id="still"),
        pytest.param([noisy(scene(), n) for n in range(50)], [], id="still with noise"),
        pytest.param([noisy(plain(GREY), n) for n in range(50)], [], id="grey night with noise"),
        pytest.param([plain(0)] * 50, ["black_picture"], id="black"),
        pytest.param(list(stripes(SIZE_WH, 50)), [], id="moving"),
    ],
)
def test_what_a_coder_makes_of_it_is_told_apart(
    rig: Rig,
    looks: Callable[..., None],
    rtsp_server: StartServer,
    tmp_path: Path,
    pictures: list[NDArray[np.uint8]],
    found: list[str],
):
    clip = write_clip(tmp_path / "clip.mp4", pictures)
    rig.add(rtsp_server(clip).url, stall_timeout_s=3)
    looks(lambda: warned(rig) or rig.metrics.total("frames_captured", camera="gate") > 25 * 12)
    assert warned(rig) == found
