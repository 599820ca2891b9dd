"""Hand-over between threads: the inbox, the heartbeats, the group."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from edge_app.core.errors import TemporaryError
from edge_app.core.frames import Picture
from edge_app.core.inbox import EndedError, Inbox
from edge_app.core.threads import Heartbeats, ThreadGroup
from tests.frames import pending
from tests.waiting import PATIENCE_S, until

BLACK = Picture.from_bgr(np.zeros((4, 6, 3), np.uint8))


class Drops(list):
    """Collects the reasons of drops."""


@pytest.fixture
def inbox():
    return Inbox()


def add(inbox, camera, *, live=True, max_age_s=60.0, capacity=1):
    drops = Drops()
    inbox.add(camera, live=live, max_age_s=max_age_s, capacity=capacity, drop=drops.append)
    return drops


def put(inbox, camera, name, age_s=0.0):
    return inbox.put(named(camera, name, age_s), timeout_s=0)


def named(camera, name, age_s=0.0):
    """A frame whose index is its name."""
    return pending(BLACK, camera, int.from_bytes(name.encode(), "big"), mono=time.monotonic() - age_s)


def names(items):
    return [item.meta.index.to_bytes(8, "big").lstrip(b"\0").decode() for item in items]


def test_the_newest_frame_of_a_live_camera_wins_and_the_other_is_counted(inbox):
    drops = add(inbox, "gate")
    assert put(inbox, "gate", "old")
    assert put(inbox, "gate", "new")
    assert names(inbox.take(8, 0)) == ["new"]
    assert drops == ["queue"]


def test_a_finite_source_waits_for_room_and_loses_nothing(inbox):
    drops = add(inbox, "clip", live=False, capacity=2)
    assert put(inbox, "clip", "a")
    assert put(inbox, "clip", "b")
    assert not put(inbox, "clip", "c")
    assert names(inbox.take(8, 0)) == ["a", "b"]
    assert drops == []


def test_put_of_a_finite_source_goes_on_when_a_frame_is_taken(inbox):
    add(inbox, "clip", live=False)
    put(inbox, "clip", "a")
    done = threading.Event()

    def late():
        assert inbox.put(named("clip", "b"), timeout_s=PATIENCE_S)
        done.set()

    thread = threading.Thread(target=late)
    thread.start()
    assert names(inbox.take(1, PATIENCE_S)) == ["a"]
    assert done.wait(PATIENCE_S)
    thread.join()
    assert names(inbox.take(1, 0)) == ["b"]


def test_a_stale_frame_is_dropped_when_its_turn_comes(inbox):
    drops = add(inbox, "gate", max_age_s=1.0)
    put(inbox, "gate", "stale", age_s=2.0)
    assert inbox.take(1, 0) == []
    assert drops == ["stale"]


def test_a_finite_source_has_no_greatest_age(inbox):
    add(inbox, "clip", live=False, max_age_s=1.0)
    put(inbox, "clip", "old", age_s=3600)
    assert names(inbox.take(1, 0)) == ["old"]


def test_a_batch_holds_one_frame_a_live_camera_longest_waiting_first(inbox):
    for camera in "abc":
        add(inbox, camera)
    for camera in "cab":
        put(inbox, camera, camera)
    assert names(inbox.take(2, 0)) == ["c", "a"]
    assert names(inbox.take(2, 0)) == ["b"]


def test_a_fast_camera_does_not_lose_its_place_in_line(inbox):
    """Its newer frames take the place of the older one; they do not go to the end."""
    add(inbox, "fast")
    add(inbox, "slow")
    put(inbox, "fast", "1")
    put(inbox, "slow", "s")
    put(inbox, "fast", "2")
    assert names(inbox.take(1, 0)) == ["2"]


def test_a_finite_source_fills_the_rest_of_a_batch(inbox):
    add(inbox, "gate")
    add(inbox, "clip", live=False, capacity=4)
    for name in "1234":
        put(inbox, "clip", name)
    put(inbox, "gate", "g")
    assert sorted(names(inbox.take(4, 0))) == ["1", "2", "3", "g"]


def test_without_a_camera_it_waits_for_one_and_is_not_exhausted(inbox):
    assert not inbox.exhausted
    add(inbox, "gate")
    inbox.close("gate", removed=True)
    assert not inbox.exhausted
    add(inbox, "clip", live=False)
    inbox.close("clip")
    assert inbox.exhausted
    inbox.close("clip", removed=True)
    assert not inbox.exhausted


def test_while_a_camera_is_replaced_it_is_not_exhausted(inbox):
    add(inbox, "clip", live=False)
    inbox.close("clip")
    with inbox.held():
        assert not inbox.exhausted
    assert inbox.exhausted


def test_once_its_reader_has_gone_no_camera_takes_the_place_of_one_that_ended(inbox):
    add(inbox, "clip", live=False)
    assert not inbox.finish()
    inbox.close("clip")
    assert inbox.finish()
    with pytest.raises(EndedError), inbox.held():
        pass


def test_frames_of_a_closed_finite_source_are_still_taken_and_then_it_is_exhausted(inbox):
    add(inbox, "clip", live=False, capacity=2)
    put(inbox, "clip", "last")
    inbox.close("clip")
    assert not inbox.exhausted
    assert names(inbox.take(1, 0)) == ["last"]
    assert inbox.exhausted


def test_a_camera_has_ended_once_its_frames_are_taken_and_that_is_told_once(inbox):
    add(inbox, "clip", live=False)
    add(inbox, "gate")
    put(inbox, "clip", "a")
    inbox.close("clip")
    assert not inbox.take_ended()
    inbox.take(8, 0)
    assert inbox.take_ended() == {"clip"}
    assert not inbox.take_ended()
    add(inbox, "clip", live=False)
    inbox.close("clip")
    inbox.close("gate", removed=True)
    assert inbox.take_ended() == {"clip"}


def test_a_camera_is_removed_once_no_frame_of_it_is_left_and_that_is_told_once(inbox):
    add(inbox, "clip", live=False)
    put(inbox, "clip", "a")
    inbox.close("clip", removed=True)
    assert names(inbox.take(8, 0)) == ["a"]
    assert not inbox.take_removed()
    assert names(inbox.take(8, 0)) == []
    assert inbox.take_removed() == {"clip"}
    assert not inbox.take_removed()


def test_a_removed_camera_is_told_of_with_the_first_frame_of_the_one_that_took_its_place(inbox):
    add(inbox, "gate")
    put(inbox, "gate", "old")
    assert names(inbox.take(8, 0)) == ["old"]
    inbox.close("gate", removed=True)
    assert not inbox.take_removed()
    add(inbox, "gate")
    put(inbox, "gate", "new")
    assert names(inbox.take(8, 0)) == ["new"]
    assert inbox.take_removed() == {"gate"}


def test_a_closed_live_camera_leaves_nothing(inbox):
    drops = add(inbox, "yard")
    put(inbox, "yard", "x")
    inbox.close("yard")
    assert inbox.exhausted
    assert drops == ["removed"]


def test_a_finite_source_that_returns_before_its_frames_are_taken_loses_none(inbox):
    add(inbox, "clip", live=False, capacity=2)
    put(inbox, "clip", "a")
    put(inbox, "clip", "b")
    inbox.close("clip")
    add(inbox, "clip", live=False, capacity=2)
    assert not put(inbox, "clip", "c")
    assert names(inbox.take(2, 0)) == ["a", "b"]
    assert put(inbox, "clip", "c")


def test_a_camera_that_takes_the_name_of_a_finite_source_drops_what_that_left(inbox):
    old = add(inbox, "gate", live=False, capacity=2)
    put(inbox, "gate", "a")
    put(inbox, "gate", "b")
    inbox.close("gate")
    new = add(inbox, "gate")
    put(inbox, "gate", "c")
    assert names(inbox.take(2, 0)) == ["c"]
    assert (old, new) == (["removed", "removed"], [])


def test_a_stale_frame_is_not_waiting(inbox):
    drops = add(inbox, "gate", max_age_s=1.0)
    put(inbox, "gate", "stale", age_s=2.0)
    assert not inbox.waiting
    assert drops == ["stale"]
    put(inbox, "gate", "fresh")
    assert inbox.waiting


def test_frames_of_finite_sources_are_taken_once_they_fill_a_batch(inbox):
    add(inbox, "clip", live=False, capacity=8)
    add(inbox, "film", live=False, capacity=8)
    put(inbox, "clip", "a")
    put(inbox, "film", "b")
    began = time.monotonic()
    assert sorted(names(inbox.take(3, 0.05))) == ["a", "b"]
    assert time.monotonic() - began >= 0.05
    for camera, name in (("clip", "c"), ("film", "d"), ("clip", "e")):
        put(inbox, camera, name)
    assert sorted(names(inbox.take(3, PATIENCE_S))) == ["c", "d", "e"]


@pytest.mark.parametrize("why", ["a camera's frame", "a full cell", "the end"])
def test_what_finite_sources_have_is_taken_without_a_whole_batch_for(inbox, why):
    add(inbox, "clip", live=False, capacity=2)
    put(inbox, "clip", "a")
    if why == "a camera's frame":
        add(inbox, "gate", capacity=8)  # which says nothing of a camera
        put(inbox, "gate", "g")
    elif why == "a full cell":
        put(inbox, "clip", "b")
    else:
        inbox.close("clip")
    began = time.monotonic()
    assert "a" in names(inbox.take(8, PATIENCE_S))
    assert time.monotonic() - began < PATIENCE_S


def test_take_wakes_for_a_frame(inbox):
    add(inbox, "gate")
    threading.Thread(target=put, args=(inbox, "gate", "x")).start()
    assert names(inbox.take(1, PATIENCE_S)) == ["x"]


def test_a_failed_thread_sets_stop_and_its_error_is_kept():
    stop = threading.Event()
    group = ThreadGroup(stop)

    def fail():
        raise RuntimeError("boom")

    group.start("fail", fail)
    assert stop.wait(PATIENCE_S)
    assert group.join(PATIENCE_S) == []
    assert str(group.error) == "boom"


def test_join_names_the_threads_that_are_stuck():
    group, release = ThreadGroup(threading.Event()), threading.Event()
    group.start("stuck", release.wait)
    group.start("done", lambda: None)
    assert group.join(0.05) == ["stuck"]
    release.set()
    assert group.join(PATIENCE_S) == []


def test_only_loops_that_said_nothing_are_silent():
    beats = Heartbeats()
    beats.beat("analyse")
    beats.beat("publish")
    beats.forget("publish")
    assert beats.silent(60) == []
    assert beats.silent(-1) == ["analyse"]


def test_who_nobody_else_watches_ends_where_a_loop_is_silent() -> None:
    heartbeats, now = Heartbeats(), time.monotonic()
    heartbeats.check(0, now - 1)
    heartbeats.beat("analyse")
    heartbeats.check(60, now)
    with pytest.raises(TemporaryError, match="no sign of life from analyse"):
        heartbeats.check(-1, now)


def test_after_a_pause_of_the_whole_process_no_loop_was_silent() -> None:
    heartbeats = Heartbeats()
    heartbeats.beat("analyse")
    until(lambda: heartbeats.silent(0))
    heartbeats.check(0, time.monotonic() + 100)
    assert heartbeats.silent(0) == []
