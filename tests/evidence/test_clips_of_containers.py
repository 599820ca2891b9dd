"""Clips of what is no RTSP: files and cameras over HTTP, whose packets are wrapped in other ways."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.capture.http_camera import StartHttpCamera, remuxed
from tests.evidence.filming import Filming
from tests.evidence.films import FPS, FRAMES, Films, check

FRAGMENTED = {"movflags": "empty_moov+frag_keyframe"}


@pytest.mark.parametrize(
    ("codec", "container"),
    [
        ("h264 with B-frames", "mp4"),
        ("h264 with B-frames", "mpegts"),
        ("h264 with B-frames", "flv"),
        ("h264 with B-frames", "matroska"),
        ("h265 with B-frames", "mp4"),
        ("h265 with B-frames", "mpegts"),
        ("h265 with B-frames", "matroska"),
    ],
)
def test_a_clip_of_a_file_holds_its_own_packets(
    filming: Filming, films: Films, tmp_path: Path, codec: str, container: str
):
    film = tmp_path / f"film.{container}"
    film.write_bytes(remuxed(films(codec), container))
    filming.events[150] = None
    filming.add(str(film))
    found = check(filming.made(filming.event(150)), films(codec))
    assert 4 <= max(shot.shown for shot in found) - found[0].shown < 5.5


def test_an_event_at_the_end_of_a_file_has_what_there_is(filming: Filming, films: Films):
    filming.events[280] = None
    filming.add(str(films("h264")))
    outcome = filming.outcome(filming.event(280))
    assert outcome.why == "no more video (ended)"
    assert outcome.draft is not None
    found = check(outcome.draft, films("h264"))
    assert 2.7 < found[-1].shown < 3.9


@pytest.mark.parametrize(("container", "options"), [("mpegts", {}), ("flv", {}), ("mp4", FRAGMENTED)])
def test_a_clip_of_a_camera_over_http_holds_its_own_packets(
    filming: Filming, http_camera: StartHttpCamera, films: Films, container: str, options: dict[str, str]
):
    camera = http_camera()
    camera.video_bytes, camera.video_s = remuxed(films("h264"), container, **options), FRAMES / FPS
    filming.add(camera.url("paced"))
    filming.see(4)
    check(filming.made(filming.order()), films("h264"))
