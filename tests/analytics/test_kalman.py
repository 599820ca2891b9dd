"""The filters of boxes."""

from __future__ import annotations

import numpy as np
import pytest

from edge_app.analytics.kalman import BoxFilters

FIRST = np.array([[100.0, 200.0, 40.0, 100.0]])
ALL = np.array([0])


def walked(intervals):
    """A filter that has seen a box go right by 100 px/s at these intervals [s], and the time [s]."""
    filters, t = BoxFilters(), 0.0
    filters.add(FIRST)
    for interval in intervals:
        t += interval
        filters.predict(interval)
        filters.update(ALL, np.add(FIRST, [100 * t, 0, 0, 0]))
    return filters, t


def test_a_step_over_a_second_is_as_good_as_ten_over_a_tenth_each():
    once, often = walked([0.1] * 5)[0], walked([0.1] * 5)[0]
    once.predict(1.0)
    for _ in range(10):
        often.predict(0.1)
    np.testing.assert_allclose(once.boxes, often.boxes)
    far = np.add(FIRST, [300, 50, 0, 0])
    np.testing.assert_allclose(once.distances(far, np.zeros(1)), often.distances(far, np.zeros(1)))


@pytest.mark.parametrize("intervals", [[0.1] * 10, [0.03, 0.5, 0.03, 0.2] * 5])
def test_a_constant_speed_is_learnt_at_even_and_uneven_intervals(intervals):
    filters, t = walked(intervals)
    filters.predict(0.5)
    np.testing.assert_allclose(filters.boxes, np.add(FIRST, [100 * (t + 0.5), 0, 0, 0]), atol=2)


def test_a_replay_forgets_what_was_assumed_while_nothing_was_seen():
    """The box has stopped where it was seen last: a filter that is only corrected believes in more of its speed."""
    corrected, replayed = walked([0.1] * 10)[0], walked([0.1] * 10)[0]
    stopped = np.add(FIRST, [110, 0, 0, 0])
    for filters in corrected, replayed:
        filters.predict(1.0)
    corrected.update(ALL, stopped)
    replayed.replay(ALL, np.array([1.0]), stopped)
    for filters in corrected, replayed:
        filters.predict(0.5)
    ahead = [float(filters.boxes[0, 0] - stopped[0, 0]) for filters in (corrected, replayed)]
    assert 0 < ahead[1] < ahead[0] - 3


def test_boxes_never_get_smaller_than_a_pixel():
    filters = BoxFilters()
    filters.add(FIRST)
    for n in range(1, 10):
        filters.predict(0.1)
        filters.update(ALL, np.subtract(FIRST, [0, 0, 4 * n, 10 * n]))
    filters.predict(60)
    assert filters.boxes[0, 2:].tolist() == [1, 1]
