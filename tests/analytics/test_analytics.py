"""What is made of a camera's detections, and that the program makes it."""

from __future__ import annotations

import time
from itertools import count
from math import inf

import pytest

from edge_app.analytics import AnalyticsConfig, make_analytics
from edge_app.analytics.analytics import LATE_S
from edge_app.analytics.config import TrackConfig
from edge_app.analytics.scene import SceneConfig
from edge_app.app.config import load_config
from edge_app.app.config_sections import CameraSection
from edge_app.app.factory import make_parts
from edge_app.app.start import start
from edge_app.capture import open_source
from edge_app.core.metrics import Metrics
from tests.analytics.objects import CONFIDENCE, found, ids
from tests.frames import frame_meta
from tests.publish.test_message import validator
from tests.waiting import PATIENCE_S

BOX = 100, 200, 40, 100
LABELS = ("person", "car")
SCENE = "synthetic://street?seed=7&fps=10&size=320x180"


def analytics(**track):
    config = TrackConfig(**{"confirm_frames": 1, **track})
    sections = AnalyticsConfig(track=config, events=None, scene=SceneConfig(), time_zone=None)
    return make_analytics(sections, "gate", LABELS, CONFIDENCE, count(1), None, Metrics())


def told(facts):
    """Which tracks' events a frame has."""
    return [(event.type, event.seen.track_id) for event in facts.events]


def test_detections_get_their_ids_and_keep_the_rest():
    detections = found(BOX, (400, 200, 40, 100))
    facts = analytics().update(frame_meta(), (640, 480), detections)
    assert ids(facts.detections) == [1, 2]
    assert facts.detections.xyxy is detections.xyxy
    assert told(facts) == [("new", 1), ("new", 2)]


@pytest.mark.parametrize("live", [True, False])
def test_a_track_began_when_it_was_first_seen_not_when_it_was_confirmed(live):
    camera = analytics(confirm_frames=3)
    for n in range(6):
        meta = frame_meta(index=n, live=live, wall=1000 + n / 10, mono=50 + n / 10)
        facts = camera.update(meta, (640, 480), found(*[BOX] * (n < 4)))
        if n == 2:
            assert told(facts) == [("new", 1)]
            assert (facts.events[0].start_time, facts.events[0].meta.time.wall) == (pytest.approx(1000.0), 1000.2)
    (end,) = camera.close()
    assert (end.start_time, end.end_time) == (pytest.approx(1000.0), pytest.approx(1000.3))


def test_without_a_tracker_there_is_nothing():
    assert analytics(tracker="none") is None


def test_a_picture_of_another_size_ends_all_tracks():
    camera = analytics()
    for n, size in enumerate([(640, 480), (640, 480), (1280, 960)]):
        facts = camera.update(frame_meta(index=n, mono=n / 10), size, found(BOX))
    assert ids(facts.detections) == [2]
    assert told(facts) == [("end", 1), ("new", 2)]


def test_tracks_of_a_live_camera_that_sends_nothing_end():
    camera = analytics(lost_s=1.0)
    camera.update(frame_meta(mono=5.0), (640, 480), found(BOX))
    assert camera.waited(50.0) == camera.waited(51.0 + LATE_S) == ()
    assert [event.type for event in camera.waited(51.1 + LATE_S)] == ["end"]
    assert camera.waited(99.0 + LATE_S) == ()
    facts = camera.update(frame_meta(index=1, mono=8.0 + LATE_S), (640, 480), found(BOX))
    assert told(facts) == [("new", 2)]


def test_a_file_is_waited_for():
    camera = analytics(lost_s=1.0)
    camera.update(frame_meta(live=False), (640, 480), found(BOX))
    assert camera.waited(1e6) == ()


@pytest.mark.parametrize(("live", "clock"), [(True, "mono"), (False, "wall")])
def test_intervals_of_a_live_camera_are_monotonic_and_of_a_file_its_own(live, clock):
    other = {"mono": "wall", "wall": "mono"}[clock]
    camera, ended = analytics(lost_s=1.0), []
    for n, at in enumerate([0.0, 0.1, 5.0]):
        meta = frame_meta(index=n, live=live, **{clock: at, other: n / 1000})
        facts = camera.update(meta, (640, 480), found(BOX))
        ended.append([track for kind, track in told(facts) if kind == "end"])
    assert ended == [[], [], [1]]


def test_tracks_and_stays_of_a_file_end_with_it_beside_a_live_camera(edge_app, configured):
    cameras = {
        "clip": {"url": f"{SCENE}&frames=20", "zones": {"all": {"polygon": [[0, 0], [1, 0], [1, 1], [0, 1]]}}},
        "gate": {"url": SCENE},
    }
    program = edge_app("run", configured(cameras=cameras, track={}))

    def told(kind):
        return [each["id"] for each in program.messages("clip") if each.get("type") == kind]

    program.until(lambda: program.messages("clip")[-1:] and told("end") and set(told("new")) == set(told("end")))
    assert set(told("enter")) == set(told("leave")) != set()
    assert program.terminate()[0] == 0
    assert len(told("end")) == len(set(told("end")))


def test_messages_have_the_ids_of_confirmed_objects_where_tracking_is_asked_for(edge_app, configured):
    cameras, fits = {"a": {"url": f"{SCENE}&frames=20"}}, validator("detections")
    programs = [edge_app("run", configured(cameras=cameras, track={"confirm_frames": 5}))]
    assert programs[0].wait() == 0, programs[0].log
    messages = [each for each in programs[0].messages() if "objects" in each]
    for message in messages:
        fits.validate(message)
    assert not any("track_id" in each for message in messages[:4] for each in message["objects"])
    followed = {each["track_id"] for message in messages[4:] for each in message["objects"] if "track_id" in each}
    assert followed == set(range(1, len(followed) + 1))
    assert followed
    without = edge_app("run", configured(cameras=cameras))
    assert without.wait() == 0, without.log
    assert "track_id" not in without.output


def test_a_camera_that_is_removed_and_added_again_has_new_tracks_and_none_of_the_old_ids(configured):
    config = configured(
        cameras={"a": {"url": SCENE}}, track={"confirm_frames": 1}, publish=[{"type": "file", "path": "/dev/null"}]
    )
    before: set[int] = set()
    after: set[int] = set()
    removed, highest = [inf], []
    with start(make_parts(load_config(config, {}))) as runtime:
        deadline = time.monotonic() + PATIENCE_S

        def look(result):
            of_which = before if result.meta.time.mono <= removed[0] else after
            of_which.update(track_id for track_id in ids(result.detections) if track_id > 0)

        def refresh():
            assert time.monotonic() < deadline
            if before and removed[0] == inf:
                highest.append(max(before))
                runtime.analyser.remove("a")
                removed[0] = time.monotonic()
                section = CameraSection(url=SCENE)
                runtime.analyser.add("a", open_source(section), section)
            elif after:
                runtime.stop.set()

        runtime.analyser.tap("a").subscribe_results(look)
        runtime.run(refresh, 0.01)
    assert min(after) > highest[0]
