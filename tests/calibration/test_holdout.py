"""Pictures that judge are not those that calibrate, nor their neighbours."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_app.calibration.dataset import held_out, not_held_out
from edge_app.core.errors import DataError


@given(st.integers(8, 5000))
def test_no_picture_that_calibrates_is_a_neighbour_of_one_that_judges(count):
    calibration, holdout = held_out(count)
    both = set(calibration) | set(holdout)
    assert both <= set(range(count))
    assert not set(calibration) & {index + step for index in holdout for step in (-1, 0, 1)}
    assert len(holdout) >= count // 8
    assert len(calibration) >= count // 2


def blocks(indices):
    return 1 + sum(b != a + 1 for a, b in pairwise(indices))


def test_the_holdout_is_a_few_blocks_spread_over_the_time():
    _, holdout = held_out(800)
    assert blocks(holdout) == 4
    assert len(holdout) == 200
    assert (holdout[0], holdout[-1]) == (75, 724)


def test_a_block_keeps_a_distance_that_grows_with_the_film():
    calibration, holdout = held_out(800)
    assert min(abs(a - b) for a in calibration for b in holdout) == 11
    assert min(abs(a - b) for a in held_out(10)[0] for b in held_out(10)[1]) == 2


def test_ten_pictures_make_one_block():
    assert held_out(10) == ([0, 1, 2, 7, 8, 9], [4, 5])


def test_too_few_pictures_are_refused():
    with pytest.raises(DataError, match="7 pictures are too few to hold some out"):
        held_out(7)


def test_a_picture_that_judges_does_not_calibrate():
    assert not_held_out(["a", "b", "c", "b"], {"b", "x"}) == [0, 2]


def test_black_pictures_calibrate_nothing_where_they_judge():
    with pytest.raises(DataError, match="every picture for the calibration is in the holdout too"):
        not_held_out(["black"] * 8, ["black"] * 2)
