"""How old evidence is, whatever is done to the clock."""

from __future__ import annotations

import time

import pytest

from edge_app.evidence.age_clock import AgeClock, ClockReading

DAY = 86_400.0


class Clock:
    """The system's, as far as the clock asks it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.mono, self.wall, self.true = 1000.0, 1.8e9, True
        monkeypatch.setattr(time, "monotonic", lambda: self.mono)
        monkeypatch.setattr(time, "time", lambda: self.wall)

    def passes(self, seconds: float) -> None:
        self.mono += seconds
        self.wall += seconds

    def boots(self, last: ClockReading, *, wall: float, true: bool) -> AgeClock:
        self.mono, self.wall, self.true = 5.0, wall, true
        return AgeClock(last, lambda: self.true)


@pytest.fixture
def clock(monkeypatch) -> Clock:
    return Clock(monkeypatch)


def test_it_goes_on_with_the_time_that_passes_however_the_clock_is_set(clock):
    age = AgeClock(ClockReading(0.0, 0.0), lambda: True)
    for jump in (10 * 365 * DAY, -20 * 365 * DAY):
        began = age.read().now_s
        clock.wall += jump
        clock.passes(60)
        assert age.read().now_s - began == pytest.approx(60)


def test_time_in_which_the_program_did_not_run_counts_once_the_clock_is_known_to_be_right(clock):
    last = AgeClock(ClockReading(100.0, 0.0), lambda: True).read()
    age = clock.boots(last, wall=0.0, true=False)  # 1970
    clock.passes(30)
    assert age.read().now_s == pytest.approx(130)
    clock.wall, clock.true = 1.8e9 + 3 * DAY, True  # NTP
    assert age.read().now_s == pytest.approx(100 + 3 * DAY)
    clock.wall += 1000 * DAY
    assert age.read().now_s == pytest.approx(100 + 3 * DAY), "only once"


def test_a_clock_that_boots_in_the_future_makes_nothing_older(clock):
    last = AgeClock(ClockReading(100.0, 0.0), lambda: True).read()
    age = clock.boots(last, wall=4e9, true=False)
    assert age.read().now_s == pytest.approx(100)
    again = clock.boots(age.read(), wall=1.8e9 + DAY, true=True)
    assert again.read().now_s == pytest.approx(100 + DAY), "what was known to be right is remembered"


def test_time_never_goes_back(clock):
    last = AgeClock(ClockReading(100.0, 0.0), lambda: True).read()
    age = clock.boots(last, wall=1.7e9, true=True)
    assert age.read().now_s == pytest.approx(100)
