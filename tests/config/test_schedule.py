"""Hours of the week in local time, and what is wrong with those that are none."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_app.config.schedule import DAYS, Schedule, parse_period, time_zone
from tests.analytics.tracked import PATIENT

BERLIN = ZoneInfo("Europe/Berlin")
NIGHTS = ("mon-fri 22:00-06:00", "sat,sun")


def active(hours, local, zone=BERLIN):
    """Whether the hours hold a local time."""
    return Schedule(hours, zone).active(datetime.fromisoformat(local).replace(tzinfo=zone).timestamp())


@pytest.mark.parametrize(
    ("local", "is_active"),
    [
        ("2026-11-25T12:00:00", False),  # a Wednesday
        ("2026-11-25T21:59:59", False),
        ("2026-11-25T22:00:00", True),
        ("2026-11-25T23:59:50", True),
        ("2026-11-26T05:59:59", True),
        ("2026-11-26T06:00:00", False),
        ("2026-11-27T23:00:00", True),
        ("2026-11-28T02:00:00", True),  # Saturday
        ("2026-11-29T23:59:59", True),
        ("2026-11-30T00:00:00", False),  # the night of Sunday is not named, and Monday's begins at 22:00
        ("2026-11-30T02:00:00", False),
        ("2026-12-01T02:00:00", True),
    ],
)
def test_a_night_belongs_to_the_day_on_which_it_begins(local, is_active):
    assert active(NIGHTS, local) == is_active


@pytest.mark.parametrize(
    ("hours", "days", "begin", "end"),
    [
        ("mon", "mon", 0, 1440),
        (" Mon - Wed , SUN ", "mon tue wed sun", 0, 1440),
        ("fri-mon 7:30-8:00", "fri sat sun mon", 450, 480),
        ("sun-sun", "sun", 0, 1440),
        ("22:00 - 06:00", "mon tue wed thu fri sat sun", 1320, 1800),
        ("tue 18:00-24:00", "tue", 1080, 1440),
        ("tue 18:00-00:00", "tue", 1080, 1440),
        ("tue 00:00-24:00", "tue", 0, 1440),
    ],
)
def test_a_period_is_days_hours_or_both(hours, days, begin, end):
    assert parse_period(hours) == ({DAYS.index(day) for day in days.split()}, begin, end)


@pytest.mark.parametrize(
    ("hours", "what"),
    [
        ("", "want days, hours or both, such as mon-fri 22:00-06:00 or sat,sun"),
        ("mon fri 10:00-12:00", "want days, hours or both, such as mon-fri 22:00-06:00 or sat,sun"),
        ("mon 22:00", "want days, hours or both, such as mon-fri 22:00-06:00 or sat,sun"),
        ("mon-fry", "no day 'fry', want mon, tue, wed, thu, fri, sat or sun, did you mean fri?"),
        ("always", "no day 'always', want mon, tue, wed, thu, fri, sat or sun"),
        ("mon, 10:00-12:00", "no day '10:00', want mon, tue, wed, thu, fri, sat or sun"),
        ("mon 25:00-26:00", "no time of day '25:00', want one from 00:00 to 23:59"),
        ("mon 24:00-06:00", "no time of day '24:00', want one from 00:00 to 23:59"),
        ("mon 10:00-24:01", "no time of day '24:01', want one from 00:00 to 24:00"),
        ("mon 10:60-12:00", "no time of day '10:60', want one from 00:00 to 23:59"),
        ("10-12", "no time of day '10', want one from 00:00 to 23:59"),
        ("mon 08:00-08:00", "never is: it begins when it ends; want two times, or days alone for the whole day"),
    ],
)
def test_what_is_no_period_is_told_with_what_is_right(hours, what):
    with pytest.raises(ValueError, match=r"want") as caught:
        parse_period(hours)
    assert str(caught.value) == what


def test_hours_are_those_of_the_clock_on_the_wall_when_it_changes():
    """In Berlin 02:00 to 03:00 is not on 29 March 2026, and twice on 25 October."""
    night = ["sun 02:30-03:30"]
    before = datetime(2026, 3, 29, 1, 59, tzinfo=BERLIN).timestamp()
    schedule = Schedule(night, BERLIN)
    assert [schedule.active(before + 60 * minute) for minute in (0, 1, 30, 31)] == [False, True, True, False]
    twice = datetime(2026, 10, 25, 2, 0, tzinfo=BERLIN).timestamp()
    assert [schedule.active(twice + 60 * minute) for minute in (0, 30, 60, 90, 149, 150)] == [0, 1, 0, 1, 1, 0]


def test_without_a_time_zone_the_systems_counts(monkeypatch):
    noon = datetime(2026, 11, 25, 12, tzinfo=ZoneInfo("UTC")).timestamp()
    for zone, is_active in (("UTC", True), ("Asia/Tokyo", False)):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        assert Schedule(["12:00-13:00"], time_zone(None)).active(noon) == is_active
    monkeypatch.delenv("TZ")
    time.tzset()
    assert time_zone("Asia/Tokyo") == ZoneInfo("Asia/Tokyo")


def test_without_hours_it_is_always():
    assert Schedule(None, BERLIN).active(0.0)


@PATIENT
@given(
    st.lists(st.sampled_from([*NIGHTS, "wed 06:00-12:00", "thu", "23:59-00:01"]), min_size=1, max_size=3),
    st.lists(st.integers(0, 14 * 24 * 60 * 60), max_size=20),
)
def test_the_answer_is_as_if_asked_for_the_first_time(hours, seconds):
    """Whatever was asked before; clocks go back too."""
    schedule = Schedule(hours, BERLIN)
    begin = datetime(2026, 3, 20, tzinfo=BERLIN).timestamp()
    for second in seconds:
        moment = datetime.fromtimestamp(begin + second, BERLIN)
        expected = any(by_hand(text, moment) for text in hours)
        assert schedule.active(begin + second) == expected


def by_hand(text, moment):
    """Whether a moment is in a period: one that begins on a day, and ends on it or the next."""
    words = text.split()
    hours = words[-1] if ":" in words[-1] else "00:00-24:00"
    days = {"mon-fri": DAYS[:5], "sat,sun": DAYS[5:]}.get(words[0], DAYS if ":" in words[0] else words[:1])
    begin, end = hours.split("-")
    clock = f"{moment:%H:%M}"
    day, yesterday = f"{moment:%a}".lower(), f"{moment.date() - timedelta(days=1):%a}".lower()
    if begin < end:
        return day in days and begin <= clock < end
    return (day in days and clock >= begin) or (yesterday in days and clock < end)
