"""Metres from the picture: where a point is on the ground, and how fast a track is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_app.analytics.ground import GroundConfig, GroundPlane, Speeds
from tests.analytics.tracked import PATIENT, tracked

FLAT = {"points": [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]], "size_m": [8, 16]}  # seen from above: 10 x 20 m
ROAD = {"points": [[0.25, 1], [0.75, 1], [0.625, 0.5], [0.375, 0.5]], "size_m": [4, 10]}


def ground(keys):
    return GroundPlane(GroundConfig.model_validate(keys))


def positions(keys, *points):
    return ground(keys).positions(np.array(points, np.float64))


def test_from_above_metres_are_in_proportion():
    assert positions(FLAT, (0.1, 0.1), (0.9, 0.9), (0.5, 0.5), (0.0, 0.1)) == pytest.approx(
        np.array([[0, 0], [8, 16], [4, 8], [-1, 0]]), abs=1e-9
    )


def test_the_corners_are_where_the_size_says_and_the_diagonals_meet_in_the_middle():
    assert positions(ROAD, *ROAD["points"]) == pytest.approx(np.array([[0, 0], [4, 0], [4, 10], [0, 10]]), abs=1e-9)
    # The diagonals meet where x = 0.5: from (0.25, 1) to (0.625, 0.5) at y = 2/3.
    assert positions(ROAD, (0.5, 2 / 3)) == pytest.approx(np.array([[2, 5]]), abs=1e-9)


def test_above_the_horizon_there_is_no_ground():
    """The road's sides meet at y = 0: they are 0.5 apart at 1, and 0.25 at 0.5."""
    far, *above = positions(ROAD, (0.5, 0.01), (0.5, 0.005), (0.5, 0.0), (0.5, -0.1))
    assert far[1] > 100
    assert np.isnan(above).all()
    # The same where the corners go round the other way, and where the first two are the far ones.
    for turned in (ROAD["points"][::-1], ROAD["points"][2:] + ROAD["points"][:2]):
        assert np.isnan(positions({**ROAD, "points": turned}, (0.5, -0.1))).all()
        assert not np.isnan(positions({**ROAD, "points": turned}, (0.5, 0.9))).any()


def test_what_is_level_in_the_picture_of_a_level_camera_is_equally_far():
    """The horizon goes through the picture's corner at (0, 0), which a solution that divides by what is there lacks."""
    near, same, beyond = positions(ROAD, (0.5, 0.75), (0.1, 0.75), (0.1, 0.7))
    assert same[1] == pytest.approx(near[1])
    assert beyond[1] > near[1]


MATRIX = st.tuples(*[st.floats(-0.2, 0.2)] * 8)


@PATIENT
@given(MATRIX, st.tuples(st.floats(0.1, 100), st.floats(0.1, 100)), st.floats(0, 1), st.floats(0, 1))
def test_what_any_camera_projects_is_where_it_was(noise, size, along, across):
    a, b, c, d, e, f, g, h = noise
    camera = np.array([[0.5 + a, b, 0.3 + 0.5 * c], [d, 0.5 + e, 0.3 + 0.5 * f], [g, h, 1]])

    def seen(x, y):
        u, v, w = camera @ [x, y, 1]
        return [u / w, v / w]

    picture = [seen(0, 0), seen(1, 0), seen(1, 1), seen(0, 1)]
    config = GroundConfig.model_construct(points=tuple(map(tuple, picture)), size_m=size)
    found = GroundPlane(config).positions(np.array([seen(along, across)]))[0]
    assert found == pytest.approx([along * size[0], across * size[1]], abs=1e-6 * max(size))


def speeds(feet_by_time, keys=FLAT):
    """The speed of track 1 after each frame."""
    machine = Speeds(GroundConfig.model_validate(keys))
    told = []
    for i, (time, foot) in enumerate(feet_by_time):
        machine.update(tracked(i, {} if foot is None else {1: foot}, time=time, source_wh=(1000, 1000)))
        told.append(machine.speed_mps(1))
    return told


def test_a_speed_is_known_after_half_a_second_and_in_all_directions():
    # 3 m/s along the first side (10 m across the picture), 4 m/s along the second (20 m down it).
    told = speeds([(n / 10, (0.1 + 0.3 * n / 10, 0.1 + 0.2 * n / 10)) for n in range(20)])
    assert told[:5] == [None] * 5
    assert told[5:] == pytest.approx([5.0] * 15, abs=0.01)


def test_a_speed_is_that_of_the_last_second_at_any_interval():
    still = [(n / 5, (0.2, 0.5)) for n in range(10)]
    moving = [(2 + t, (0.2 + 0.2 * t, 0.5)) for t in (0, 0.04, 0.3, 0.5, 0.51, 0.9, 1.2, 1.3)]
    assert speeds(still)[-1] == pytest.approx(0, abs=1e-6)
    assert speeds(still + moving)[-1] == pytest.approx(2.0, abs=0.01)


def test_one_box_that_jumps_does_not_decide():
    """Its last of 11 positions a second is 0.4 m ahead: 0.4 * 0.5 / 1.1 m/s by least squares, 0.4 by the ends alone."""
    path = [(n / 10, (0.1 + 0.02 * n, 0.5)) for n in range(10)]
    assert speeds([*path, (1.0, (0.34, 0.5))])[-1] == pytest.approx(2.18, abs=0.01)
    assert speeds([*path[:5], (0.5, (0.24, 0.5)), *path[6:], (1.0, (0.3, 0.5))])[-1] == pytest.approx(2.0, abs=0.01)


def test_after_a_gap_or_a_clock_that_is_put_back_the_speed_is_unknown_until_it_is_known_again():
    path = [(n / 10, (0.1 + 0.02 * n, 0.5)) for n in range(10)]
    assert speeds([*path, (5.0, (0.9, 0.5))])[-1] is None
    assert speeds([*path, (0.45, (0.9, 0.5)), (0.5, (0.9, 0.5))])[-1] is None
    assert speeds([*path, (1.0, None)])[-1] == pytest.approx(2.0, abs=0.01)


def test_an_ended_track_and_one_that_never_was_have_no_speed():
    machine = Speeds(GroundConfig.model_validate(FLAT))
    for n in range(10):
        machine.update(tracked(n, {1: (0.1 + n / 50, 0.5), -1: (0.5, 0.5)}))
    assert machine.speed_mps(1) is not None
    assert machine.speed_mps(-1) is machine.speed_mps(2) is None
    machine.end([1, 2])
    assert machine.speed_mps(1) is None


def test_a_track_above_the_horizon_has_no_speed():
    assert set(speeds([(n / 10, (0.1 + n / 50, 0.0)) for n in range(10)], ROAD)) == {None}


def test_a_track_that_comes_to_the_horizon_keeps_no_speed_from_before():
    path = [(n / 10, (0.5, 0.9 - n / 100)) for n in range(10)]
    told = speeds([*path, (1.0, (0.5, 0.0))], ROAD)
    assert told[-2] is not None
    assert told[-1] is None
