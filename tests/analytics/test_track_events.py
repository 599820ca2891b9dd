"""`new`, `update` and `end` of tracks."""

from __future__ import annotations

import pytest

from edge_app.analytics.track_events import TrackEvents
from edge_app.core.events import Event, Sighting
from tests.frames import frame_meta

FPS = 10


class Camera:
    """Shows tracks frame by frame, and keeps the events that come of it."""

    def __init__(self, update_s: float = 1.0) -> None:
        self.following, self.now, self.events = TrackEvents(update_s), 0, list[Event]()

    def shows(self, *scores: float, ended: tuple[int, ...] = ()) -> None:
        """One frame; the tracks are 1, 2, …, and a score of 0 is of one that is not seen."""
        meta = frame_meta(index=self.now, wall=1000 + self.now / FPS)
        seen = {
            track: Sighting(
                meta=meta, source_wh=(64, 64), class_id=0, score=score, box=(self.now, 0, 9, 9), track_id=track
            )
            for track, score in enumerate(scores, 1)
            if score
        }
        self.events += self.following.observe(seen, ended, self.now / FPS)
        self.now += 1

    @property
    def told(self) -> list[tuple[str, int, float]]:
        return [(e.type, e.seen.track_id, e.meta.time.wall) for e in self.events if e.seen]


def test_a_track_is_told_of_when_it_begins_at_intervals_and_when_it_is_lost() -> None:
    camera = Camera()
    for _ in range(25):
        camera.shows(0.5)
    camera.shows(0.0, ended=(1,))
    assert camera.told == [
        ("new", 1, 1000),
        ("update", 1, 1001),
        ("update", 1, 1002),
        ("end", 1, pytest.approx(1002.4)),
    ]
    assert len({event.id for event in camera.events}) == 1
    assert camera.events[-1].start_time == 1000
    assert camera.events[-1].end_time == pytest.approx(1002.4)


def test_an_end_shows_the_track_where_its_score_was_best() -> None:
    camera = Camera()
    for score in (0.5, 0.9, 0.6):
        camera.shows(score)
    camera.shows(ended=(1,))
    best = camera.events[-1].seen
    assert best is not None
    assert (best.score, best.meta.index, best.box[0]) == (0.9, 1, 1)


def test_tracks_have_ids_of_their_own_and_end_together_with_the_file() -> None:
    camera = Camera()
    for _ in range(3):
        camera.shows(0.5, 0.6)
    camera.events += camera.following.end()
    assert camera.told[-2:] == [("end", 1, pytest.approx(1000.2)), ("end", 2, pytest.approx(1000.2))]
    assert len({event.id for event in camera.events}) == 2
    assert not camera.following.lives
    assert not list(camera.following.end())
