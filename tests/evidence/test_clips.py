"""Clips of real cameras: an RTSP server, whose packets are told from one another."""

from __future__ import annotations

import contextlib
from pathlib import Path

import av
import pytest

from edge_app.capture.decode.orientation import FrameOrientation
from edge_app.evidence.clips.clips import MOST_AT_ONCE
from tests.evidence.filming import Filming, decoded
from tests.evidence.films import Films, check, unlike
from tests.rtsp.clips import write_clip
from tests.rtsp.fixtures import StartServer
from tests.waiting import Stopwatch, until

CODINGS = [("h264", 1), ("h264", 4), ("h264 with B-frames", 1), ("h265", 1), ("h265", 4), ("h265 with B-frames", 4)]


@pytest.mark.parametrize(
    ("codec", "gop_s"),
    CODINGS,
)
def test_a_clip_holds_the_cameras_own_packets_from_before_the_event_to_after_it(
    filming: Filming, rtsp_server: StartServer, films: Films, codec: str, gop_s: int
):
    film = films(codec, gop_s)
    filming.add(rtsp_server(film, codec=codec[:4]).url)
    filming.see(gop_s + 3)
    order = filming.order()
    path = filming.made(order)
    found = check(path, film)
    assert filming.drafts.total < 2 * path.stat().st_size + 10_000
    assert 4 <= max(shot.shown for shot in found) - found[0].shown < 4 + gop_s + 1.5


def test_a_connection_that_is_lost_ends_a_clip_and_the_next_one_has_clips_of_its_own(
    filming: Filming, rtsp_server: StartServer, films: Films
):
    film = films("h264 with B-frames")
    server = rtsp_server(film)
    filming.add(server.url)
    filming.see(4)
    order = filming.order()
    filming.see(0.5)
    server.kill()
    outcome = filming.outcome(order)
    assert "no more video" in outcome.why
    assert outcome.draft is not None
    assert 2 <= check(outcome.draft, film, cut=True)[-1].shown < 4.5
    seen = len(filming.metas)
    server.start()
    until(lambda: len(filming.metas) > seen)
    early = filming.order()
    filming.see(4)
    late = filming.order()
    check(filming.made(late), film)
    begun = filming.outcome(early)
    assert "it begins" in begun.why
    assert begun.draft is not None
    check(begun.draft, film)


def widths(path: Path) -> set[int]:
    """Of the pictures of a clip; the server begins another film within a group of pictures, which does not decode."""
    found = set()
    with av.open(str(path)) as container:
        for packet in container.demux(video=0):
            with contextlib.suppress(av.FFmpegError):
                found |= {picture.width for picture in packet.decode()}
    return found


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_a_clip_has_pictures_of_one_size(filming: Filming, rtsp_server: StartServer, tmp_path: Path, codec: str):
    films = [write_clip(tmp_path / f"{width}.mp4", unlike((width, 120), 100), codec=codec) for width in (160, 240)]
    server = rtsp_server(*films, codec=codec)
    filming.add(server.url)
    filming.see(4)
    order = filming.order()
    filming.see(0.5)
    server.say("next")
    outcome = filming.outcome(order)
    assert "other parameters" in outcome.why
    assert outcome.draft is not None
    assert widths(outcome.draft) == {160}
    later = filming.outcome(filming.order())
    assert later.draft is not None
    assert widths(later.draft) == {240}
    filming.see(3)
    assert widths(filming.made(filming.order())) == {240}


def test_events_that_overlap_have_a_clip_each_and_take_no_more_memory(
    filming: Filming, rtsp_server: StartServer, films: Films
):
    film = films("h264")
    filming.add(rtsp_server(film).url)
    filming.see(8)
    size = filming.metrics.gauge_value("clip_ring_bytes", camera="gate", ring="camera")
    orders = []
    for _ in range(20):
        orders.append(filming.order())
        filming.see(0.05)
    assert size is not None
    for order in orders:
        check(filming.made(order), film)
    assert filming.metrics.gauge_value("clip_ring_bytes", camera="gate", ring="camera") < 1.5 * size
    assert filming.metrics.total("clips", camera="gate") == 20


def test_what_is_more_than_can_be_made_is_refused_and_counted(filming: Filming, rtsp_server: StartServer, films: Films):
    filming.add(rtsp_server(films("h264")).url)
    filming.see(1)
    orders = [filming.order() for _ in range(MOST_AT_ONCE)]
    assert not filming.clips.order(orders[0])
    assert filming.metrics.total("clips_dropped", camera="gate", reason="busy") == 1
    assert all(filming.outcome(order).draft for order in orders)
    filming.order()


def test_a_clip_that_is_being_made_when_the_program_stops_is_readable(
    filming: Filming, rtsp_server: StartServer, films: Films
):
    film = films("h264 with B-frames")
    filming.add(rtsp_server(film).url)
    filming.see(4)
    order = filming.order()
    filming.see(0.3)
    watch = Stopwatch()
    filming.end()
    assert watch.read() < 3
    outcome = filming.outcome(order)
    assert outcome.why == "the program stopped"
    assert outcome.draft is not None
    check(outcome.draft, film, cut=True)


def test_a_clip_that_cannot_be_written_is_told_and_the_next_one_can(
    filming: Filming, rtsp_server: StartServer, films: Films
):
    filming.add(rtsp_server(films("h264")).url)
    filming.see(3)
    in_the_way = filming.folder / "gate"
    in_the_way.write_text("a file where a folder is to be")
    outcome = filming.outcome(filming.order())
    assert outcome.draft is None
    assert "could not be written" in outcome.why
    in_the_way.unlink()
    assert filming.made(filming.order()).exists()


def test_a_clip_that_finds_no_more_room_ends_early_and_another_begins_when_there_is_some(
    filming: Filming, rtsp_server: StartServer, films: Films
):
    film = films("h264")
    filming.add(rtsp_server(film).url)
    filming.see(3)
    whole = filming.made(filming.order())
    size = filming.drafts.total
    filming.drafts.most = size + size // 2
    short = filming.outcome(filming.order())
    assert "no more than a quarter" in short.why
    assert short.draft is not None
    check(short.draft, film)
    assert whole.stat().st_size + short.draft.stat().st_size <= filming.drafts.most
    assert not filming.clips.order(short.order)
    assert filming.metrics.total("clips_dropped", reason="busy") == 1
    filming.drafts.ended(short.draft)
    filming.drafts.most = size + size // 8
    none = filming.outcome(filming.order())
    assert none.draft is None
    assert "no more than a quarter" in none.why
    filming.drafts.most = 3 * size
    assert filming.made(filming.order()).exists()


def test_a_camera_that_is_mounted_turned_has_its_own_packets_and_players_turn_them(
    filming: Filming, rtsp_server: StartServer, films: Films
):
    film = films("h264")
    filming.add(rtsp_server(film).url, rotate=90)
    filming.see(3)
    path = filming.made(filming.order())
    check(path, film)
    upright = [FrameOrientation().of(picture) for picture in decoded(path)[:1]]
    assert upright == [6]
