"""`new`, `update` and `end` of tracks."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from edge_app.analytics.facts import TrackedFrame
from edge_app.analytics.track_events import TrackEvents
from edge_app.core.events import SceneEvent
from tests.analytics.tracked import tracked


class Camera:
    """Shows tracks frame by frame, ten a second, and keeps the events that come of it."""

    def __init__(self) -> None:
        self.tracks, self.now, self.events = TrackEvents(update_s=1), 0, list[SceneEvent]()

    def shows(self, *scores: float) -> None:
        """One frame of the tracks 1, 2, … with these scores; 0 is of one that it does not show."""
        seen = {track: score for track, score in enumerate(scores, 1) if score}
        frame = tracked(self.now, dict.fromkeys(seen, (0.1 + 0.01 * self.now, 0.5)))
        found = dataclasses.replace(frame.detections, score=np.array(list(seen.values()), np.float32))
        self.events += self.tracks.update(TrackedFrame(frame.meta, frame.source_wh, found))
        self.now += 1

    @property
    def told(self) -> list[tuple[str, int, int]]:
        return [(e.type, e.seen.track_id, e.meta.index) for e in self.events if e.seen]


def test_a_track_is_told_of_when_it_begins_at_intervals_and_when_it_is_lost() -> None:
    camera = Camera()
    for _ in range(25):
        camera.shows(0.5)
    camera.events += camera.tracks.end([1])
    assert camera.told == [("new", 1, 0), ("update", 1, 10), ("update", 1, 20), ("end", 1, 24)]
    assert len({event.id for event in camera.events}) == 1
    assert (camera.events[-1].start_time, camera.events[-1].end_time) == (0, pytest.approx(2.4))


def test_an_end_shows_the_track_where_its_score_was_best() -> None:
    camera = Camera()
    for score in (0.5, 0.9, 0.6):
        camera.shows(score)
    (end,) = camera.tracks.end([1])
    assert end.seen is not None
    assert (end.seen.score, end.seen.meta.index, end.seen.box[2]) == (pytest.approx(0.9), 1, pytest.approx(0.12 * 640))


def test_an_end_may_show_the_track_where_it_was_last_seen() -> None:
    camera = Camera()
    camera.tracks = TrackEvents(update_s=1, best_frame=False)
    for score in (0.5, 0.9, 0.6):
        camera.shows(score)
    (end,) = camera.tracks.end([1])
    assert end.seen is not None
    assert (end.seen.score, end.seen.meta.index) == (pytest.approx(0.6), 2)


def test_tracks_have_ids_of_their_own_and_all_end_where_no_more_frames_come() -> None:
    camera = Camera()
    for _ in range(3):
        camera.shows(0.5, 0.6)
    camera.events += camera.tracks.close()
    assert camera.told == [("new", 1, 0), ("new", 2, 0), ("end", 1, 2), ("end", 2, 2)]
    assert len({event.id for event in camera.events}) == 2
    assert list(camera.tracks.close()) == list(camera.tracks.end([1])) == []


def test_what_is_not_confirmed_is_not_told_of() -> None:
    tracks = TrackEvents(update_s=1)
    assert list(tracks.update(tracked(0, {-1: (0.5, 0.5)}))) == []
    assert list(tracks.close()) == []


def test_a_picture_whose_file_is_older_silences_no_track() -> None:
    tracks = TrackEvents(update_s=1)
    frames = [tracked(n, {1: (0.5, 0.5)}, time=at) for n, at in enumerate([1000.0, 1000.5, 10.0, 10.5, 11.0])]
    told = [(event.type, event.meta.index) for frame in frames for event in tracks.update(frame)]
    assert told == [("new", 0), ("update", 2), ("update", 4)]
