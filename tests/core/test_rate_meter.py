"""How often something happens, by times that are given."""

from __future__ import annotations

import pytest

from edge_app.core.rate_meter import RateMeter


def fed(*times: float) -> RateMeter:
    meter = RateMeter()
    for at in times:
        meter.count(at)
    return meter


def test_nothing_has_no_rate() -> None:
    assert RateMeter().per_s(1e6) == 0.0


@pytest.mark.parametrize("fps", [1, 5, 25, 250])
@pytest.mark.parametrize("after_s", [3.5, 10.0, 14.9, 25.0, 1003.2])
def test_a_steady_rate_is_told_at_any_time(fps: int, after_s: float) -> None:
    began = 5e5  # of the monotonic clock
    meter = fed(*(began + n / fps for n in range(int(after_s * fps))))
    assert meter.per_s(began + after_s) == pytest.approx(fps, rel=0.02, abs=0.3)


def test_what_has_just_begun_is_no_flood() -> None:
    assert fed(100.0).per_s(100.001) == 1.0
    assert fed(100.0, 101.0).per_s(101.0) == 2.0


def test_it_fades_within_two_windows_after_the_last() -> None:
    meter = fed(*(n / 10 for n in range(1000)))
    rates = [meter.per_s(99.9 + waited) for waited in (0, 5, 10, 20)]
    assert rates[0] == pytest.approx(10, rel=0.02)
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] == 0.0


def test_a_change_is_told_after_ten_seconds() -> None:
    meter = fed(*(n / 10 for n in range(1000)), *(100 + n / 2 for n in range(40)))
    assert meter.per_s(120.0) == pytest.approx(2, abs=0.1)
