"""Crossings of lines: by hand, and whatever the boxes do."""

from __future__ import annotations

import gc
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_app.analytics.lines import LineConfig, Lines
from tests.analytics.tracked import FPS, LABELS, PATIENT, tracked, walk

DOWN = {"from": [0.5, 0.1], "to": [0.5, 0.9]}
UP = {"from": [0.5, 0.9], "to": [0.5, 0.1]}
BERLIN = ZoneInfo("Europe/Berlin")
NOON = 1795604400.0  # 2026-11-25 12:00 in Berlin, a Wednesday


def lines(ends=DOWN, **keys):
    return Lines({"gate": LineConfig.model_validate({**ends, **keys})}, LABELS, BERLIN)


def run(machine, frames):
    return [(crossed.direction, crossed.seen.meta.index) for frame in frames for crossed in machine.update(frame)]


RIGHTWARDS = [0.025 + n / 20 for n in range(20)]


@pytest.mark.parametrize(
    ("ends", "xs", "told"),
    [
        pytest.param(DOWN, RIGHTWARDS, [("out", 10)], id="looking down, the right hand is at the left edge"),
        pytest.param(DOWN, RIGHTWARDS[::-1], [("in", 10)], id="looking down, leftwards"),
        pytest.param(UP, RIGHTWARDS, [("in", 10)], id="looking up, rightwards"),
        pytest.param(UP, RIGHTWARDS[::-1], [("out", 10)], id="looking up, leftwards"),
        pytest.param({"from": [0.5, 0.6], "to": [0.5, 0.9]}, RIGHTWARDS, [], id="past its upper end"),
        pytest.param({"from": [0.5, 0.1], "to": [0.5, 0.4]}, RIGHTWARDS, [], id="past its lower end"),
        pytest.param({"from": [0.5, 0.5], "to": [0.5, 0.9]}, RIGHTWARDS, [("out", 10)], id="through its end"),
        pytest.param({"from": [0.25, 0.25], "to": [0.75, 0.75]}, RIGHTWARDS, [("out", 10)], id="slanted"),
        pytest.param(DOWN, [0.1, 0.9, 0.9], [("out", 1)], id="in one leap"),
    ],
)
def test_in_is_from_the_left_hand_to_the_right_hand_through_the_line(ends, xs, told):
    assert run(lines(ends), walk(*xs)) == told


def test_downwards_over_a_level_line_is_in():
    machine = lines({"from": [0.1, 0.5], "to": [0.9, 0.5]})
    assert run(machine, [tracked(n, {1: (0.5, n / 20 + 0.01)}) for n in range(20)]) == [("in", 10)]


def test_who_wobbles_on_the_line_counts_once():
    wobble = [0.4, *[0.49, 0.51] * 5, 0.6, 0.6, 0.6]
    assert run(lines(), walk(*wobble)) == [("out", 10)]
    assert run(lines(inertia=1), walk(*wobble[:4])) == [("out", 2), ("in", 3)]


def test_who_turns_back_on_the_line_has_not_crossed():
    assert run(lines(), walk(0.4, 0.51, 0.4, 0.5, 0.5, 0.5, 0.4)) == []


@pytest.mark.parametrize("inertia", [1, 2, 3])
def test_who_stops_on_the_line_crosses_when_beyond_it(inertia):
    assert run(lines(inertia=inertia), walk(0.4, 0.5, 0.5, 0.5, 0.6, 0.6, 0.6)) == [("out", 4)]


def test_who_appears_on_the_line_has_not_crossed():
    assert run(lines(), walk(0.5, 0.5, 0.6, 0.6, 0.6)) == []
    assert run(lines(), walk(0.6, 0.6, 0.6)) == []


def test_who_went_round_the_line_and_comes_back_through_it_crosses_once():
    around = [(0.4, 0.05), (0.6, 0.05), (0.6, 0.05), (0.6, 0.5), (0.4, 0.5), (0.4, 0.5)]
    assert run(lines(), [tracked(i, {1: at}) for i, at in enumerate(around)]) == [("in", 4)]


def test_frames_in_which_a_track_is_not_seen_neither_count_nor_interrupt():
    frames = [*walk(0.4, 0.6), tracked(2, {}), tracked(3, {2: (0.4, 0.5)}), *walk(0.6, first=4)]
    assert run(lines(), frames) == [("out", 1)]


def test_only_wanted_labels_and_tracks_count():
    def count(class_id, track_id=1):
        return len(
            run(
                lines(labels=["car"]),
                [tracked(i, {track_id: (x, 0.5)}, class_id=class_id) for i, x in enumerate((0.4, 0.6, 0.6))],
            )
        )

    assert [count(0), count(1), count(2), count(1, track_id=-1)] == [0, 1, 0, 0]


def test_a_box_that_is_called_something_else_for_a_moment_still_crosses():
    frames = [*walk(0.4), tracked(1, {1: (0.55, 0.5)}, class_id=2), *walk(0.6, 0.6, first=2)]
    assert run(lines(labels=["person"]), frames) == [("out", 2)]


def test_each_line_has_its_own_anchor_and_state():
    config = {"from": [0, 0.48], "to": [1, 0.48], "inertia": 1}
    both = {name: LineConfig.model_validate({**config, "anchor": name}) for name in ("bottom_center", "top_center")}
    machine = Lines(both, LABELS, None)
    facts = [fact for i in range(10) for fact in machine.update(tracked(i, {1: (0.5, 0.445 + i / 100)}))]
    assert [(fact.line, fact.direction, fact.seen.meta.index) for fact in facts] == [
        ("bottom_center", "in", 4),
        ("top_center", "in", 8),
    ]


@pytest.mark.parametrize("source_wh", [(1920, 1080), (360, 640), (100, 1000)])
def test_places_are_shares_of_the_upright_picture(source_wh):
    path = [(0.25, 0.3), (0.25, 0.2), (0.25, 0.1)]  # the diagonal is at y = x, whatever the picture's sides
    frames = [tracked(i, {1: at}, source_wh=source_wh) for i, at in enumerate(path)]
    assert run(lines({"from": [0, 0], "to": [1, 1]}), frames) == [("out", 1)]


def test_a_stream_that_changes_its_resolution_crosses_nothing_by_that():
    frames = [tracked(i, {1: (0.6, 0.5)}, source_wh=wh) for i, wh in enumerate([(1920, 1080)] * 4 + [(640, 360)] * 6)]
    assert run(lines(), frames) == []


def test_outside_its_hours_a_line_is_silent_and_forgets_who_was_where():
    def crossings(hours):
        machine = lines(active=[hours])
        path = [0.4] * 5 + [0.6] * 10 + [0.4] * 10
        return run(machine, [tracked(i, {1: (x, 0.5)}, time=NOON - 1 + i / FPS) for i, x in enumerate(path)])

    assert crossings("wed 06:00-13:00") == [("out", 5), ("in", 15)]
    assert crossings("wed 06:00-12:00") == [("out", 5)]
    assert crossings("wed 12:00-13:00") == [("in", 15)]
    assert crossings("sun 00:00-23:59") == []


def test_who_changes_sides_while_a_line_sleeps_has_not_crossed_it():
    machine = lines(active=["wed 11:59-12:00", "wed 12:01-12:02"])
    path = [(-1, 0.4), (0, 0.4), (30, 0.6), (60, 0.6), (61, 0.6), (62, 0.6)]
    assert run(machine, [tracked(i, {1: (x, 0.5)}, time=NOON + s) for i, (s, x) in enumerate(path)]) == []


def settled(sides, inertia):
    """The first and the last side (−1, 1) that counts: on which it was first, and then in so many frames in a row."""
    first = next((side for side in sides if side), 0)
    now, run_of = first, 0
    for side in sides:
        run_of = run_of + 1 if side == -now else 0
        if first and run_of == inertia:
            now, run_of = side, 0
    return first, now


XS = st.sampled_from([0.25, 0.375, 0.4375, 0.5, 0.5625, 0.75])


@PATIENT
@given(st.lists(st.dictionaries(st.integers(1, 3), XS, max_size=3), max_size=60), st.integers(1, 3))
def test_in_minus_out_is_the_change_of_side_whatever_the_boxes_do(scene, inertia):
    machine = lines({"from": [0.5, 0], "to": [0.5, 1]}, inertia=inertia)
    balance, last = dict.fromkeys((1, 2, 3), 0), dict.fromkeys((1, 2, 3), "")
    for i, xs in enumerate(scene):
        for crossed in machine.update(tracked(i, {track: (x, 0.5) for track, x in xs.items()})):
            track = crossed.seen.track_id
            assert crossed.direction != last[track]
            last[track] = crossed.direction
            balance[track] += 1 if crossed.direction == "in" else -1
    for track, total in balance.items():
        # Looking down the picture, the right hand is at its left edge.
        first, now = settled([(xs[track] < 0.5) - (xs[track] > 0.5) for xs in scene if track in xs], inertia)
        assert total == (now - first) / 2


def test_ended_tracks_leave_nothing_behind():
    machine = lines()

    def pass_by(tracks):
        for track in tracks:
            run(machine, walk(0.4, 0.6, 0.6, track_id=track))
            machine.end([track])
        gc.collect()
        return len(gc.get_objects())

    pass_by(range(1, 10))
    before = pass_by(range(10, 50))
    assert pass_by(range(50, 500)) - before < 50


def test_a_track_that_has_ended_does_not_lend_its_side_to_another():
    machine = lines()
    run(machine, walk(0.4, 0.4))
    machine.end([1])
    assert run(machine, walk(0.6, 0.6, 0.6, first=2)) == []
