"""The life of tracks, for every tracker."""

from __future__ import annotations

from math import inf, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analytics.objects import CONFIDENCE, TRACKERS, found, ids, tracker

each_tracker = pytest.mark.parametrize("name", TRACKERS)


def walk(t, speed=100.0):
    """A person that goes right, by its time [s]."""
    return 100 + speed * t, 200, 40, 100


@each_tracker
def test_an_object_has_an_id_from_the_frame_on_that_confirms_it(name):
    following = tracker(name, confirm_frames=3)
    updates = [following.update(found(walk(n / 10)), n / 10) for n in range(5)]
    assert [ids(update) for update in updates] == [[-1], [-1], [1], [1], [1]]
    assert [update.started for update in updates] == [(), (), (1,), (), ()]
    assert updates[4].first_s.tolist() == [0.0]
    assert np.isnan(updates[1].first_s).all()


@each_tracker
def test_what_is_seen_once_and_missed_in_the_next_frame_begins_anew(name):
    following = tracker(name, confirm_frames=2)
    seen = [found(walk(0)), found(), found(walk(0)), found(walk(0))]
    assert [ids(following.update(each, n / 10)) for n, each in enumerate(seen)] == [[-1], [], [-1], [1]]


@each_tracker
@pytest.mark.parametrize("fps", [5, 30])
def test_ids_stay_with_objects_that_pass_each_other_in_whatever_order_they_are_found(name, fps):
    following = tracker(name, confirm_frames=1)
    for n in range(4 * fps):
        t, one, other = n / fps, walk(n / fps), (500 - 100 * n / fps, 300, 40, 100)
        update = following.update(found(one, other), t) if n % 2 == 0 else following.update(found(other, one), t)
        assert ids(update) == ([1, 2] if n % 2 == 0 else [2, 1]), t


@each_tracker
def test_an_object_that_was_away_for_less_than_lost_s_keeps_its_id_and_a_longer_time_ends_it(name):
    for away_s, same in ((1.0, True), (2.0, False)):
        following = tracker(name, confirm_frames=1, lost_s=1.5)
        for n in range(21):
            following.update(found(walk(n / 10, speed=20)), n / 10)
        update = following.update(found(walk(2 + away_s, speed=20)), 2 + away_s)
        assert (ids(update), update.ended) == (([1], ()) if same else ([2], (1,)))


def test_uneven_intervals_are_real_ones():
    following, t = tracker(confirm_frames=1), 0.0
    for step in (0.03, 0.2, 0.03, 0.5, 0.03, 0.9, 0.03, 0.4) * 3:
        assert ids(following.update(found(walk(t, speed=300)), t)) == [1], t
        t += step


def test_a_small_object_that_moves_by_more_than_its_size_between_two_frames_is_followed():
    following = tracker(confirm_frames=1)
    assert [ids(following.update(found((100 + 12 * n, 50, 8, 8)), n / 5)) for n in range(10)] == [[1]] * 10


def test_a_box_of_low_score_is_followed_and_begins_nothing():
    following, low, high = tracker(confirm_frames=1), CONFIDENCE + 0.01, 0.9
    assert ids(following.update(found(walk(0), score=low), 0.0)) == [-1]
    assert ids(following.update(found(walk(0), score=high), 0.1)) == [1]
    assert ids(following.update(found(walk(0), score=low), 0.2)) == [1]


def test_an_object_keeps_its_id_when_the_model_changes_its_mind_on_the_class():
    following = tracker(confirm_frames=1)
    assert [ids(following.update(found(walk(n / 10), class_id=n % 2), n / 10)) for n in range(6)] == [[1]] * 6


def test_two_that_cover_each_other_are_told_apart_by_their_classes():
    following = tracker(confirm_frames=1)
    following.update(found((100, 200, 40, 100), (110, 200, 40, 100), class_id=[1, 2]), 0.0)
    update = following.update(found((104, 200, 40, 100), (106, 200, 40, 100), class_id=[2, 1]), 0.1)
    assert ids(update) == [2, 1]


@each_tracker
def test_a_time_that_goes_back_ends_nothing_and_breaks_nothing(name):
    following = tracker(name, confirm_frames=1)
    for n, t in enumerate([1000.0, 1000.1, 5.0, 5.1, 5.1, 5.2]):
        update = following.update(found((100 + n, 200, 40, 100)), t)
        assert (ids(update), update.ended) == ([1], ())
    assert update.first_s == pytest.approx([4.9])


@each_tracker
def test_the_end_of_all_tracks_tells_their_ids_and_later_ones_are_new(name):
    following = tracker(name, confirm_frames=1)
    following.update(found(walk(0), (400, 200, 40, 100)), 0.0)
    assert following.end() == (1, 2)
    assert ids(following.update(found(walk(0)), 0.1)) == [3]


@each_tracker
@pytest.mark.parametrize("broken", [nan, inf])
def test_a_box_that_is_not_finite_has_no_id_and_spoils_no_other(name, broken):
    following = tracker(name, confirm_frames=1)
    for n in range(4):
        update = following.update(found((broken, 10, 20, 20), walk(n / 10)), n / 10)
        assert ids(update) == [-1, 1]


coordinate = st.integers(0, 400).map(float)
box = st.tuples(coordinate, coordinate, st.integers(1, 300).map(float), st.integers(1, 300).map(float))
one = st.tuples(box, st.integers(30, 100).map(lambda percent: percent / 100), st.integers(0, 2))
frames = st.lists(st.tuples(st.lists(one, max_size=6), st.sampled_from([0.0, 0.04, 0.2, 0.9, 3.0])), max_size=25)


@each_tracker
@settings(deadline=None, max_examples=60)
@given(frames=frames)
def test_whatever_is_found_no_id_is_twice_in_a_frame_or_used_again(name, frames):
    following, t, live, highest = tracker(name, confirm_frames=2, lost_s=1.0), 0.0, set(), 0
    for rows, interval in frames:
        t += interval
        boxes, scores, classes = zip(*rows, strict=True) if rows else ((), (), ())
        update = following.update(found(*boxes, score=list(scores), class_id=list(classes)), t)
        assert update.started == tuple(range(highest + 1, highest + 1 + len(update.started)))
        assert set(update.ended) <= live
        live = (live - set(update.ended)) | set(update.started)
        highest += len(update.started)
        given_ids = [each for each in ids(update) if each != -1]
        assert len(set(given_ids)) == len(given_ids)
        assert set(given_ids) <= live
        assert (np.isnan(update.first_s) == (update.track_id == -1)).all()
    assert set(following.end()) == live


@each_tracker
def test_a_long_run_of_strangers_keeps_nothing(name):
    following, random = tracker(name, confirm_frames=1, lost_s=0.5), np.random.default_rng(7)
    most = 0
    for n in range(3000):
        boxes = [(*random.uniform(0, 2000, 2), *random.uniform(5, 200, 2)) for _ in range(5)]
        following.update(found(*boxes), n / 10)
        most = max(most, len(following.end()) if n % 100 == 99 else 0)
    assert 0 < most <= 5 * 6
