"""Stays in zones and crowds: by hand, and whatever the boxes do."""

from __future__ import annotations

import gc
from collections import defaultdict
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_app.analytics.facts import Crowded, Dwelt, Entered, Left
from edge_app.analytics.zones import ZoneConfig, Zones
from tests.analytics.tracked import FPS, LABELS, PATIENT, WH, times, tracked, walk

SQUARE = [[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8]]
BERLIN = ZoneInfo("Europe/Berlin")
NOON = 1795604400.0  # 2026-11-25 12:00 in Berlin, 11:00 UTC, a Wednesday


def zone(**keys):
    return ZoneConfig.model_validate({"polygon": SQUARE, **keys})


def zones(**keys):
    return Zones({"square": zone(**keys)}, LABELS, None)


def run(machine, frames):
    return [fact for frame in frames for fact in machine.update(frame)]


def test_who_passes_enters_and_leaves_at_the_first_of_the_frames_that_decide():
    facts = run(zones(), walk(*(0.025 + n / 20 for n in range(20))))
    assert times(facts) == [("Entered", 4), ("Left", 16)]
    assert facts[1].dwell_s == pytest.approx(12 / FPS)
    assert facts[1].entered is facts[0].seen
    assert facts[0].seen.box == pytest.approx([(0.225 - 0.01) * 640, 0.46 * 360, (0.225 + 0.01) * 640, 180], abs=0.01)
    assert (facts[0].seen.track_id, facts[0].seen.source_wh) == (1, WH)


@pytest.mark.parametrize(("inertia", "told"), [(1, True), (2, True), (3, False)])
def test_a_visit_shorter_than_inertia_is_none(inertia, told):
    facts = run(zones(inertia=inertia), walk(0, 0, 0, 0.5, 0.5, 0, 0, 0))
    assert times(facts) == ([("Entered", 3), ("Left", 5)] if told else [])


def test_a_stay_goes_on_where_fewer_frames_than_inertia_are_outside():
    assert times(run(zones(), walk(0.5, 0.5, 0.5, 0, 0, 0.5, 0, 0, 0.5))) == [("Entered", 0)]


def test_frames_in_which_a_track_is_not_seen_neither_count_nor_interrupt():
    machine = zones()
    frames = [*walk(0.5, 0.5), tracked(2, {}), tracked(3, {7: (0, 0)}), *walk(0.5, 0, 0, first=4)]
    frames += [tracked(7, {}), *walk(0, first=8)]
    assert times(run(machine, frames)) == [("Entered", 0), ("Left", 5)]


def test_who_ends_inside_leaves_when_last_seen():
    machine = zones()
    run(machine, walk(0.5, 0.5, 0.5, 0.5))
    run(machine, [tracked(9, {2: (0.5, 0.5)})])
    (left,) = machine.end([1, 2, 3])
    assert times([left]) == [("Left", 3)]
    assert left.dwell_s == pytest.approx(0.3)
    assert machine.end([1, 2, 3]) == machine.close() == []


def test_all_leave_when_no_more_frames_come():
    machine = zones(inertia=1, crowd={"count": 2, "for_s": 0})
    run(machine, [tracked(0, {1: (0.5, 0.5), 2: (0.5, 0.6)})])
    facts = machine.close()
    assert times(facts) == [("Left", 0), ("Left", 0), ("Calmed", 0)]
    assert [fact.seen.track_id for fact in facts[:2]] == [1, 2]
    assert facts[2].count == 0


def test_dwelling_is_told_once_a_stay():
    machine = zones(dwell_s=1.0)
    facts = run(machine, walk(*[0.5] * 30, *[0] * 5, *[0.5] * 12))
    assert times(facts) == [("Entered", 0), ("Dwelt", 10), ("Left", 30), ("Entered", 35), ("Dwelt", 45)]
    assert facts[1].entered.meta.index == 0


def test_who_is_about_to_leave_does_not_dwell():
    """Else a stay that is shorter than `dwell_s` would have been told to be that long."""
    facts = run(zones(dwell_s=1.0), walk(*[0.5] * 9, 0, 0, 0))
    assert times(facts) == [("Entered", 0), ("Left", 9)]


def test_names_of_zones_are_those_in_which_the_stay_is_decided():
    machine = Zones({"square": zone(), "left": zone(polygon=[[0, 0], [0.5, 0], [0.5, 1], [0, 1]])}, LABELS, None)
    assert [machine.update(frame) and machine.names(1) for frame in walk(0.4, 0.4, 0.4)] == [[], [], ("square", "left")]
    run(machine, walk(0.6, 0.6, 0.6, first=3))
    assert machine.names(1) == ("square",)
    assert machine.names(2) == ()


def test_only_wanted_labels_and_tracks_count():
    machine = zones(labels=["person", "truck"], inertia=1)
    facts = run(machine, [tracked(i, {i + 1: (0.5, 0.5)}, class_id=i) for i in range(3)])
    assert [(fact.seen.track_id, LABELS[fact.seen.class_id]) for fact in facts] == [(1, "person"), (3, "truck")]
    assert run(machine, [tracked(5, {-1: (0.5, 0.5)}), tracked(6, {0: (0.5, 0.5)})]) == []


def test_a_box_that_is_called_something_else_for_a_while_stays():
    machine = zones(labels=["person"], dwell_s=0.8)
    frames = [tracked(i, {1: (0.5, 0.5)}, class_id=1 if 3 <= i <= 8 else 0) for i in range(12)]
    facts = run(machine, [*frames, tracked(12, {1: (0, 0)}, class_id=1)]) + machine.close()
    assert times(facts) == [("Entered", 0), ("Dwelt", 9), ("Left", 11)]
    assert {fact.seen.class_id for fact in facts} == {0}


def test_the_anchor_decides():
    """The box is 0.04 high: with its foot at 0.82 its middle is at the edge, with its foot at 0.84 its top."""
    for anchor, lowest in (("bottom_center", 0.8), ("center", 0.82), ("top_center", 0.84)):
        for foot, is_in in ((lowest - 0.01, True), (lowest + 0.01, False)):
            assert bool(run(zones(inertia=1, anchor=anchor), [tracked(0, {1: (0.5, foot)})])) == is_in


@pytest.mark.parametrize("source_wh", [(640, 360), (1920, 1080), (360, 640), (100, 1000)])
def test_places_are_shares_of_the_upright_picture(source_wh):
    machine = zones(polygon=[[0.5, 0], [1, 0], [1, 1], [0.5, 1]], inertia=1)
    feet = {1: (0.25, 0.75), 2: (0.75, 0.25), 3: (0.5, 1.0)}
    assert [fact.seen.track_id for fact in run(machine, [tracked(0, feet, source_wh=source_wh)])] == [2, 3]


def test_a_stream_that_changes_its_resolution_ends_no_stay():
    machine = zones()
    frames = [tracked(i, {1: (0.7, 0.7)}, source_wh=wh) for i, wh in enumerate([(1920, 1080)] * 4 + [(640, 360)] * 6)]
    assert times(run(machine, frames)) == [("Entered", 0)]
    assert times(machine.close()) == [("Left", 9)]


def test_a_crowd_is_one_when_it_has_lasted_and_calm_when_it_has_been_over_as_long():
    machine = zones(inertia=1, crowd={"count": 2, "for_s": 0.5})
    two = {1: (0.5, 0.5), 2: (0.6, 0.5)}
    one = {1: (0.5, 0.5), 2: (0, 0)}
    shown = [two] * 4 + [one] + [two] * 10 + [one] * 3 + [two] * 2 + [one] * 7
    facts = run(machine, [tracked(i, feet) for i, feet in enumerate(shown)])
    told = [(type(fact).__name__, fact.meta.index, fact.count) for fact in facts if hasattr(fact, "count")]
    assert told == [("Crowded", 10, 2), ("Calmed", 25, 1)]


def test_who_is_hidden_for_a_while_is_of_the_crowd_until_its_track_ends():
    machine = zones(inertia=1, crowd={"count": 2, "for_s": 0.5})
    run(machine, [tracked(0, {1: (0.5, 0.5), 2: (0.6, 0.5)})])
    facts = run(machine, [tracked(i, {1: (0.5, 0.5)}) for i in range(1, 8)])
    assert [type(fact) for fact in facts] == [Crowded]
    machine.end([2])
    assert times(run(machine, [tracked(i, {1: (0.5, 0.5)}) for i in range(8, 20)])) == [("Calmed", 13)]


def test_a_live_camera_whose_clock_is_set_stays_as_long_as_it_did():
    machine = zones(inertia=1, dwell_s=0.5, crowd={"count": 1, "for_s": 0.7})
    for clock in (1000, -1000):
        frames = [tracked(i, {1: (0.5, 0.5)}, time=2000 + clock * (i > 2), mono=i / FPS) for i in range(10)]
        assert times(run(machine, frames)) == [("Entered", 0), ("Dwelt", 5), ("Crowded", 7)]
        left, _ = machine.close()
        assert left.dwell_s == pytest.approx(0.9)


def test_files_that_are_older_than_those_before_neither_hold_up_a_crowd_nor_make_a_stay_negative():
    machine = zones(inertia=1, crowd={"count": 1, "for_s": 0.5})
    facts = run(machine, [tracked(i, {1: (0.5, 0.5)}, time=100 - 50 * (i > 2) + i / FPS) for i in range(10)])
    assert times(facts) == [("Entered", 0), ("Crowded", 8)]
    assert machine.close()[0].dwell_s == 0.0


def test_outside_its_hours_a_zone_is_silent_and_who_was_inside_has_left():
    config = zone(inertia=2, active=["wed 06:00-12:00"], crowd={"count": 1, "for_s": 0}, dwell_s=1000)
    machine = Zones({"square": config}, LABELS, BERLIN)
    facts = run(machine, [tracked(i, {1: (0.5, 0.5)}, time=NOON - 1 + i / FPS) for i in range(30)])
    assert times(facts) == [("Entered", 0), ("Crowded", 1), ("Left", 9), ("Calmed", 9)]
    assert machine.names(1) == ()
    assert run(machine, [tracked(99, {}, time=NOON + 60)]) == machine.close() == []


def test_who_is_inside_when_the_hours_begin_enters_then():
    machine = Zones({"square": zone(active=["mon-fri 12:00-13:00"])}, LABELS, BERLIN)
    facts = run(machine, [tracked(i, {1: (0.5, 0.5)}, time=NOON - 1 + i / FPS) for i in range(30)])
    assert times(facts) == [("Entered", 10)]


SPOTS = st.sampled_from([(0.5, 0.5), (0.2, 0.8), (0.1, 0.5), (0.9, 0.9)])
SCENES = st.lists(st.dictionaries(st.integers(1, 3), SPOTS, max_size=3), max_size=60)


@PATIENT
@given(SCENES, st.integers(1, 4), st.data())
def test_enter_and_leave_alternate_whatever_the_boxes_do(scene, inertia, data):
    machine = zones(inertia=inertia, dwell_s=0.5, crowd={"count": 2, "for_s": 0.2})
    told, crowd, gone = defaultdict(list), [], set()
    for i, feet in enumerate(scene):
        ended = data.draw(st.sets(st.integers(1, 3), max_size=1)) if i % 10 == 9 else set()
        facts = machine.end(ended)
        gone |= ended
        facts += machine.update(tracked(i, {track + 10 * (track in gone): at for track, at in feet.items()}))
        for fact in facts:
            (crowd if hasattr(fact, "count") else told[fact.seen.track_id]).append(fact)
        for track in (1, 2, 3, 11, 12, 13):
            inside = sum({Entered: 1, Left: -1, Dwelt: 0}[type(fact)] for fact in told[track])
            assert bool(machine.names(track)) == bool(inside)
    for fact in machine.close():
        (crowd if hasattr(fact, "count") else told[fact.seen.track_id]).append(fact)
    for facts in told.values():
        kinds = [type(fact) for fact in facts if not isinstance(fact, Dwelt)]
        assert kinds == [Entered, Left] * (len(kinds) // 2)
        for entered, left in zip(*[iter(f for f in facts if not isinstance(f, Dwelt))] * 2, strict=True):
            assert left.entered is entered.seen
            assert left.seen.meta.index >= entered.seen.meta.index
            dwells = [f for f in facts if isinstance(f, Dwelt) and f.entered is entered.seen]
            assert len(dwells) <= (left.dwell_s >= 0.5 - 1e-9)
    assert [type(fact).__name__ for fact in crowd] == ["Crowded", "Calmed"] * (len(crowd) // 2)


def stays(path, inertia):
    """[(first frame inside, first frame outside)] of {frame: whether inside}, by looking for runs of `inertia`."""
    found, began = [], None
    frames = sorted(path)
    for i in range(len(frames)):
        ahead = [path[n] for n in frames[i : i + inertia]]
        if ahead == [began is None] * inertia:
            if began is None:
                began = frames[i]
            else:
                found, began = [*found, (began, frames[i])], None
    return found + ([(began, frames[-1])] if began is not None else [])


@PATIENT
@given(st.dictionaries(st.integers(0, 40), st.booleans(), min_size=1), st.integers(1, 4))
def test_stays_are_those_that_looking_ahead_finds(path, inertia):
    machine = zones(inertia=inertia)
    frames = [tracked(n, {1: (0.5, 0.5) if path[n] else (0.1, 0.5)}) for n in sorted(path)]
    facts = run(machine, frames) + machine.close()
    assert [(f.entered.meta.index, f.seen.meta.index) for f in facts if isinstance(f, Left)] == stays(path, inertia)


def test_ended_tracks_leave_nothing_behind():
    machine = zones(crowd={"count": 2, "for_s": 0})

    def pass_by(tracks):
        for track in tracks:
            run(machine, walk(0.5, 0.5, 0.5, 0.5, track_id=track))
            machine.end([track])
        gc.collect()
        return len(gc.get_objects())

    pass_by(range(1, 10))
    before = pass_by(range(10, 50))
    assert pass_by(range(50, 500)) - before < 50
