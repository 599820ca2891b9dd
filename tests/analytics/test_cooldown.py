"""What comes too soon after the same is left out, with all that follows it."""

from __future__ import annotations

from dataclasses import replace

from edge_app.analytics.cooldown import Cooldown
from edge_app.core.events import EventType, SceneEvent, Sighting
from tests.frames import frame_meta


def event(at: float, identity: str, kind: EventType = "enter", *, zone: str = "door", class_id: int = 0) -> SceneEvent:
    meta = frame_meta(mono=at)
    seen = Sighting(meta=meta, source_wh=(64, 64), track_id=1, class_id=class_id, score=0.5, box=(0, 0, 1, 1))
    return SceneEvent(id=identity, type=kind, meta=meta, source_wh=(64, 64), seen=seen, zone=zone)


def passed(cooldown_s: float, *events: SceneEvent) -> list[tuple[str, str]]:
    cooldown = Cooldown(cooldown_s)
    return [(each.id, each.type) for each in events if cooldown.lets_pass(each)]


def test_the_same_comes_again_only_after_the_cooldown_and_takes_what_follows_with_it() -> None:
    events = [
        event(0, "a"),
        event(3, "b"),
        event(4, "a", "leave"),
        event(5, "b", "dwell"),
        event(6, "b", "leave"),
        event(10, "c"),
    ]
    assert passed(10, *events) == [("a", "enter"), ("a", "leave"), ("c", "enter")]
    assert len(passed(0, *events)) == len(events)


def test_other_places_labels_and_types_have_times_of_their_own() -> None:
    events = [event(0, "a"), event(1, "b", zone="yard"), event(2, "c", class_id=1), event(3, "d", "new")]
    assert [identity for identity, _ in passed(10, *events)] == ["a", "b", "c", "d"]


def test_what_was_left_out_is_forgotten_when_it_ends_and_a_clock_that_goes_back_silences_nothing() -> None:
    cooldown = Cooldown(10)
    assert cooldown.lets_pass(event(100, "a"))
    assert not cooldown.lets_pass(event(101, "b"))
    assert not cooldown.lets_pass(event(102, "b", "leave"))
    assert not cooldown._left_out
    assert cooldown.lets_pass(event(5, "c"))


def test_a_crowd_has_no_object() -> None:
    crowd = replace(event(0, "a", "crowd"), seen=None)
    assert passed(10, crowd, replace(crowd, id="b")) == [("a", "crowd")]


def test_of_those_who_stay_long_one_is_told_in_a_cooldown_and_all_leave() -> None:
    events = [event(0, "a"), event(12, "b"), event(20, "a", "dwell"), event(21, "b", "dwell"), event(22, "b", "leave")]
    assert passed(10, *events) == [("a", "enter"), ("b", "enter"), ("a", "dwell"), ("b", "leave")]


def test_an_event_that_is_decided_later_and_tells_of_a_time_before_comes_too_soon() -> None:
    assert passed(10, event(20, "a"), event(19, "b"), event(31, "c")) == [("a", "enter"), ("c", "enter")]
