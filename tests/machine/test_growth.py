"""What counts as growth of memory, on series as they are recorded of programs."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from edge_app.machine.growth import HOUR_S, PERIODS, Growth

MINUTE_S, MB = 60.0, 1e6
NOISE = st.floats(0, 30)  # MB above the floor


def most(hours: float, value: Callable[[float], float], began: float = 1e5) -> float | None:
    """The largest growth [MB/h] that was told of a program that takes so many MB at each hour of its life."""
    growth, told = Growth(), list[float]()
    for minute in range(int(hours * 60)):
        growth.add(MB * value(minute / 60), began + minute * MINUTE_S)
        if growth.least is not None:
            told.append(growth.least / MB)
    return max(told, default=None)


def test_nothing_is_told_before_there_are_enough_hours_after_the_first() -> None:
    assert most(PERIODS + 2, lambda hour: 100 * hour) is None
    assert most(PERIODS + 2.1, lambda hour: 100 * hour) is not None


@given(st.floats(1, 100), st.lists(st.floats(0, 0.1), min_size=1, max_size=100))
def test_a_steady_leak_is_found_through_noise(rate: float, noise: list[float]) -> None:
    """Noise of a tenth of what an hour brings."""
    found = most(12, lambda hour: 200 + rate * (hour + noise[round(hour * 60) % len(noise)]))
    assert found is not None
    assert 0.89 * rate < found < 1.11 * rate


@given(st.lists(NOISE, min_size=7, max_size=90))
def test_noise_is_no_growth(noise: list[float]) -> None:
    """However it goes, memory that returns to its floor every hour does not grow."""
    found = most(24, lambda hour: 200 if round(hour * 60) % 60 == 30 else 200 + noise[round(hour * 60) % len(noise)])
    assert found == 0


@given(st.floats(0, 24), st.floats(-500, 500))
def test_a_step_is_no_growth(at: float, height: float) -> None:
    """A reload that adds cameras, another model, a spool that fills memory."""
    assert (most(24, lambda hour: 600 + (height if hour >= at else 0)) or 0) <= 0


@given(st.lists(st.floats(1.0, 24), min_size=1, max_size=4, unique=True), st.floats(1, 500))
def test_a_few_steps_in_a_day_are_none_either(at: list[float], height: float) -> None:
    assert (most(24, lambda hour: 200 + height * sum(hour >= each for each in at)) or 0) <= 0


@given(st.floats(0.05, 0.99), st.floats(1, 500))
def test_what_fills_up_and_is_emptied_within_the_hour_is_no_growth(period: float, height: float) -> None:
    found = most(24, lambda hour: 200 + height * (hour / period % 1))
    assert found is not None
    assert found < height * MINUTE_S / HOUR_S / period  # the floor is seen to the minute


def test_what_warms_up_in_the_first_hour_is_no_growth() -> None:
    assert most(24, lambda hour: 500 * min(hour, 1.0)) == 0


def test_hours_in_which_nobody_looked_begin_everything_anew() -> None:
    growth = Growth()
    for minute in range(8 * 60):
        growth.add(minute * MB, minute * MINUTE_S)
    growth.add(8 * 60 * MB, 8 * HOUR_S)
    assert growth.least == 60 * MB
    growth.add(1e9, 12 * HOUR_S)
    assert growth.least is None
