"""In which frame an object is seen best, and what is kept for that."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest

from edge_app.core.detections import Detections, Latency, Result
from edge_app.core.errors import Reason, StreamError
from edge_app.core.frames import Frame, Picture, Plane
from edge_app.evidence import BestFrames
from tests.frames import frame

WH = 320, 240
NO_TIME = Latency(queue=0, preprocess=0, infer=0, postprocess=0, total=0)
Seen = tuple[int, float, tuple[float, float, float, float]]  # track, score, box


@dataclass
class Camera:
    """Shows tracks frame by frame, ten a second."""

    best: BestFrames
    name: str = "gate"
    now: int = 0

    def shows(self, *seen: Seen, picture: Picture | None = None) -> Frame:
        shown = frame(picture or pixels(), self.name, self.now, mono=self.now / 10)
        found = Detections(
            np.array([box for *_, box in seen], np.float32).reshape(-1, 4),
            np.array([score for _, score, _ in seen], np.float32),
            np.zeros(len(seen), np.int32),
            np.array([track for track, *_ in seen], np.int64),
        )
        self.best.see(shown, Result(meta=shown.meta, source_wh=WH, latency=NO_TIME, detections=found))
        self.now += 1
        return shown

    def index_of(self, track: int) -> int | None:
        shot = self.best.of(self.name, track)
        return None if shot is None else shot.frame.meta.index


def pixels() -> Picture:
    return Picture.from_bgr(np.zeros((WH[1], WH[0], 3), np.uint8))


def square(side: float, left: float = 100, top: float = 50) -> tuple[float, float, float, float]:
    return left, top, left + side, top + side


def test_the_best_frame_shows_the_object_large_sure_and_whole():
    camera = Camera(BestFrames())
    camera.shows((1, 0.9, square(20)))
    camera.shows((1, 0.8, square(60)))  # larger
    camera.shows((1, 0.4, square(60)))  # less sure
    camera.shows((1, 0.9, square(100, left=0)))  # cut off by the edge
    assert camera.index_of(1) == 1


def test_a_shot_has_its_object_alone():
    camera = Camera(BestFrames())
    camera.shows((1, 0.9, square(20)), (2, 0.7, square(50)))
    shot = camera.best.of("gate", 2)
    assert shot is not None
    assert shot.box == square(50)
    assert shot.detections.xyxy.tolist() == [list(square(50))]


def test_a_frame_that_is_too_old_gives_way_to_a_worse_one():
    recent, ever = Camera(BestFrames(recent_s=1.0)), Camera(BestFrames(recent_s=math.inf))
    for camera in (recent, ever):
        camera.shows((1, 0.9, square(60)))
        for _ in range(15):
            camera.shows((1, 0.9, square(20)))
    assert recent.index_of(1) == 11
    assert ever.index_of(1) == 0


def test_what_is_hardly_better_replaces_nothing():
    camera = Camera(BestFrames())
    camera.shows((1, 0.80, square(60)))
    camera.shows((1, 0.85, square(60)))
    assert camera.index_of(1) == 0


def test_a_picture_on_the_host_is_kept_by_reference_and_only_while_it_is_the_best():
    camera = Camera(BestFrames())
    first = camera.shows((1, 0.5, square(20)), (2, 0.5, square(60)))
    shots = [camera.best.of("gate", track) for track in (1, 2)]
    assert all(shot is not None and shot.frame is first for shot in shots)


def on_device(copies: list[int]) -> Picture:
    def fetch() -> Picture:
        copies.append(1)
        return pixels()

    return Picture(*WH, "nv12", (Plane(1, 320), Plane(2, 320)), memory="device", fetch=fetch)


def test_a_picture_on_a_gpu_is_copied_once_and_only_where_it_is_the_best():
    camera, copies = Camera(BestFrames()), list[int]()
    camera.shows((1, 0.5, square(20)), (2, 0.5, square(30)), picture=on_device(copies))
    for _ in range(10):
        camera.shows((1, 0.5, square(20)), (2, 0.5, square(30)), picture=on_device(copies))
    assert len(copies) == 1
    camera.shows((1, 0.9, square(50)), picture=on_device(copies))
    assert len(copies) == 2


def test_a_picture_that_cannot_be_copied_is_not_kept():
    def fetch() -> Picture:
        raise StreamError(Reason.DECODE_ERRORS, "gone")

    camera = Camera(BestFrames())
    camera.shows((1, 0.5, square(20)), picture=Picture(*WH, "nv12", (), memory="device", fetch=fetch))
    assert camera.index_of(1) is None


def test_planes_of_a_decoder_are_copied_since_it_has_few_of_them():
    y = np.zeros((240, 320), np.uint8)
    planes = Plane(y, 320), Plane(np.zeros((120, 320), np.uint8), 320)
    camera = Camera(BestFrames())
    camera.shows((1, 0.5, square(20)), picture=Picture(*WH, "nv12", planes, owner=object()))
    shot = camera.best.of("gate", 1)
    assert shot is not None
    assert shot.frame.picture.owner is None
    assert not np.shares_memory(shot.frame.picture.planes[0].data, y)


def test_what_is_kept_is_bounded_and_what_did_not_get_better_for_longest_goes_first():
    most = 3 * 320 * 240 * 3
    camera = Camera(BestFrames(most_bytes=most))
    for track in range(1, 6):
        camera.shows((track, 0.5, square(20)))
    assert [camera.index_of(track) for track in range(1, 6)] == [None, None, 2, 3, 4]


def test_pictures_that_several_tracks_share_count_once():
    camera = Camera(BestFrames(most_bytes=320 * 240 * 3))
    camera.shows(*[(track, 0.5, square(20)) for track in range(1, 9)])
    assert all(camera.index_of(track) == 0 for track in range(1, 9))


def test_tracks_that_have_ended_are_forgotten_and_so_are_those_of_a_camera_that_ends():
    best = BestFrames()
    gate, yard = Camera(best), Camera(best, "yard")
    gate.shows((1, 0.5, square(20)))
    yard.shows((1, 0.5, square(20)))
    gate.now += 800
    gate.shows((2, 0.5, square(20)))
    assert (gate.index_of(1), gate.index_of(2), yard.index_of(1)) == (None, 801, 0)
    best.forget("yard")
    assert (gate.index_of(2), yard.index_of(1)) == (801, None)


@pytest.mark.parametrize("track", [0, -1])
def test_objects_without_a_track_are_not_kept(track):
    camera = Camera(BestFrames())
    camera.shows((track, 0.5, square(20)))
    assert camera.index_of(track) is None
