"""Clips that are encoded: of sources without H.264, and where something is not to be seen."""

from __future__ import annotations

import os
import threading
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from edge_app.evidence.clip_orders import ClipOrder
from edge_app.evidence.clips.priority import NICE, lower_priority
from edge_app.evidence.config import ClipsConfig
from tests.capture.http_camera import StartHttpCamera
from tests.evidence.filming import Filming, decoded, shots
from tests.evidence.films import unlike
from tests.rtsp.clips import write_clip
from tests.rtsp.fixtures import StartServer
from tests.waiting import until

CORNER = [[(0.0, 0.0), (0.5, 0.0), (0.5, 0.5), (0.0, 0.5)]]


def check(filming: Filming, order: ClipOrder) -> list[av.VideoFrame]:
    """That a clip is whole, and lasts as long as it is to; its pictures."""
    path = filming.made(order)
    found, pictures = shots(path), decoded(path)
    assert found[0].is_key
    assert found[0].shown == 0
    assert len(pictures) == len(found)
    times = [picture.time for picture in pictures]
    assert all(a < b for a, b in pairwise(times))
    assert filming.late or times[-1] >= 3.9
    return pictures


def detail(picture: av.VideoFrame) -> float:
    """Of the corner in which there is noise."""
    corner = picture.to_ndarray(format="gray")[6:26, 6:26]
    return float(cv2.Laplacian(corner, cv2.CV_64F).std())


@pytest.mark.parametrize("codec", ["h264 with B-frames", "h265"])
def test_what_is_not_to_be_seen_is_in_no_clip(tmp_path: Path, rtsp_server: StartServer, codec: str):
    film = write_clip(tmp_path / "film.mp4", unlike((160, 120), 100), codec=codec)
    assert min(map(detail, decoded(film))) > 60
    filming = Filming(tmp_path, areas={"gate": CORNER})
    filming.add(rtsp_server(film, codec=codec[:4]).url)
    filming.see(4)
    orders = [filming.order()]
    filming.see(1)
    orders.append(filming.order())
    for order in orders:
        pictures = check(filming, order)
        assert max(map(detail, pictures)) < 6
        right = [picture.to_ndarray(format="gray")[:, 100:] for picture in pictures]
        assert np.std([half.mean() for half in right]) > 0.5  # what moves beside it is still there
    assert filming.metrics.gauge_value("clip_ring_bytes", camera="gate", ring="encoded") == 0
    filming.end()


def test_a_clip_that_is_not_yet_encoded_when_the_program_stops_has_what_came_before(
    tmp_path: Path, rtsp_server: StartServer
):
    filming = Filming(tmp_path, areas={"gate": CORNER})
    filming.add(rtsp_server().url)
    filming.see(4)
    order = filming.order()
    filming.end()
    outcome = filming.outcome(order)
    assert outcome.why == "the program stopped"
    assert outcome.draft is not None
    assert decoded(outcome.draft)


def test_an_area_that_is_named_while_a_clip_is_made_ends_it(filming: Filming, rtsp_server: StartServer):
    filming.add(rtsp_server().url)
    filming.see(3)
    order = filming.order()
    filming.see(0.5)
    filming.masks.use({"gate": CORNER})
    outcome = filming.outcome(order)
    assert outcome.draft is None
    assert "not to be seen" in outcome.why
    assert filming.drafts.total == 0
    assert not [path for path in filming.folder.rglob("*") if path.is_file()]


def test_an_area_that_is_named_while_clips_are_encoded_is_in_none_of_them(filming: Filming):
    filming.add("synthetic://street?seed=7&fps=10&size=320x240")
    filming.see(3)
    early = filming.order()
    until(lambda: filming.metrics.gauge_value("clip_ring_bytes", camera="gate", ring="encoded"))
    filming.masks.use({"gate": [[(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)]]})
    late = filming.order()  # of which the pictures before were encoded already, without it
    assert filming.outcome(early).draft is None
    for picture in check(filming, late):
        assert picture.to_ndarray(format="gray")[8:-8, 8:140].std() < 4


def test_a_masked_picture_is_turned_upright_first(tmp_path: Path, rtsp_server: StartServer):
    film = write_clip(tmp_path / "film.mp4", unlike((160, 120), 100))
    filming = Filming(tmp_path, areas={"gate": [[(0.5, 0.0), (1.0, 0.0), (1.0, 0.5), (0.5, 0.5)]]})
    filming.add(rtsp_server(film).url, rotate=90)  # the noise comes to the right upper corner
    filming.see(4)
    pictures = check(filming, filming.order())
    assert (pictures[0].width, pictures[0].height) == (120, 160)
    for picture in pictures:
        corner = picture.to_ndarray(format="gray")[6:26, 94:114]
        assert cv2.Laplacian(corner, cv2.CV_64F).std() < 6
    filming.end()


def test_a_camera_of_jpegs_has_clips(filming: Filming, http_camera: StartHttpCamera):
    filming.add(http_camera().url("mjpeg"))
    filming.see(4)
    pictures = check(filming, filming.order())
    assert (pictures[0].width, pictures[0].height) == (320, 240)
    assert filming.metrics.total("clips_dropped") == 0


def test_a_camera_of_single_pictures_has_clips(tmp_path: Path, http_camera: StartHttpCamera):
    filming = Filming(tmp_path, ClipsConfig(before_s=1, after_s=1))
    filming.add(http_camera().url("picture.png"))
    filming.see(3)
    outcome = filming.outcome(filming.order())
    assert outcome.why == ""
    assert outcome.draft is not None
    assert 3 <= len(decoded(outcome.draft)) <= 5
    filming.end()


def test_a_live_source_without_coded_packets_has_clips(filming: Filming):
    filming.add("synthetic://street?seed=7&fps=10&size=321x241")
    filming.see(4)
    pictures = check(filming, filming.order())
    assert (pictures[0].width, pictures[0].height) == (320, 240)


def test_a_finite_source_without_coded_packets_loses_nothing(filming: Filming):
    filming.events[60] = None
    filming.add("synthetic://street?seed=7&fps=10&size=320x240&frames=120")
    pictures = check(filming, filming.event(60))
    times = [picture.time for picture in pictures]
    assert times[-1] >= 3.9
    assert all(0.09 < b - a < 0.11 for a, b in pairwise(times))


def test_only_the_thread_that_encodes_has_low_priority():
    found: list[int] = []

    def encode() -> None:
        lower_priority()
        found.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    before = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    thread = threading.Thread(target=encode)
    thread.start()
    thread.join()
    assert found == [max(before, NICE)]
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == before
