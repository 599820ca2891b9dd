"""Weekly hours in local time, such as `mon-fri 22:00-06:00`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from typing import Annotated, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator

from edge_app.config.issue import listed, nearest
from edge_app.config.section import wrong

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MIN = 24 * 60
TIME = re.compile(r"(\d\d?):([0-5]\d)", re.ASCII)


class Period(NamedTuple):
    """Hours that come every week.

    Attributes:
        days: Those on which it begins, 0 for Monday.
        begin: The first minute of the day in it.
        end: The first minute after it; of the next day if it is above a day's 1,440.
    """

    days: frozenset[int]
    begin: int
    end: int

    def holds(self, day: int, minute: int) -> bool:
        """Whether that minute of that day is in it; a night belongs to the day on which it begins."""
        yesterday = (day - 1) % len(DAYS)
        today = day in self.days and self.begin <= minute < self.end
        return today or (yesterday in self.days and minute < self.end - DAY_MIN)


def parse_period(text: str) -> Period:
    """The period that `mon-fri 22:00-06:00`, `sat,sun` or `22:00-06:00` describes; ValueError says why not."""
    words = re.sub(r"\s*([-,])\s*", r"\1", text.strip().lower()).split()
    days = words.pop(0) if words and not words[0][0].isdigit() else f"{DAYS[0]}-{DAYS[-1]}"
    hours = words.pop(0) if words else "00:00-24:00"
    if words or not text.strip() or len(ends := hours.split("-")) != 2:
        raise ValueError("want days, hours or both, such as mon-fri 22:00-06:00 or sat,sun")
    begin, end = _minute(ends[0], DAY_MIN - 1), _minute(ends[1], DAY_MIN)
    if begin == end:
        raise ValueError("never is: it begins when it ends; want two times, or days alone for the whole day")
    return Period(frozenset(_days(days)), begin, end if end > begin else end + DAY_MIN)


def _days(text: str) -> Iterator[int]:
    for part in text.split(","):
        first, _, last = part.partition("-")
        begin, end = _day(first), _day(last if "-" in part else first)
        yield from ((begin + i) % len(DAYS) for i in range((end - begin) % len(DAYS) + 1))


def _day(name: str) -> int:
    if name not in DAYS:
        raise ValueError(f"no day {name!r}, want {listed(DAYS)}{nearest(name, DAYS)}")
    return DAYS.index(name)


def _minute(text: str, last: int) -> int:
    found = TIME.fullmatch(text)
    minute = int(found[1]) * 60 + int(found[2]) if found else math.inf
    if minute > last:
        raise ValueError(f"no time of day {text!r}, want one from 00:00 to {last // 60}:{last % 60:02}")
    return int(minute)


def _checked(texts: tuple[str, ...]) -> tuple[str, ...]:
    if not texts:
        raise wrong("never is: want days and hours, or no such key for always")
    for index, text in enumerate(texts):
        try:
            parse_period(text)
        except ValueError as error:
            raise wrong(str(error), index) from None
    return texts


Hours = Annotated[tuple[str, ...], AfterValidator(_checked)]
"""Periods of a week, each as `parse_period` reads it; at least one."""


class Schedule:
    """Tells whether it is in its hours, always if it has none; asked once a frame."""

    def __init__(self, hours: Sequence[str] | None, zone: tzinfo | None) -> None:
        """Of hours that are valid, in that time zone; None: the system's."""
        self._periods = None if hours is None else [parse_period(text) for text in hours]
        self._zone = zone
        self._minute, self._active = -1, True

    def active(self, time: float) -> bool:
        """Whether that time [s since 1970] is in its hours."""
        if self._periods is None:
            return True
        # All changes, those to summer time too, are at whole minutes.
        if (minute := int(time // 60)) != self._minute:
            local = datetime.fromtimestamp(time, self._zone)
            now = local.weekday(), local.hour * 60 + local.minute
            self._minute, self._active = minute, any(period.holds(*now) for period in self._periods)
        return self._active


def _known(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        known = available_timezones()
        advice = nearest(name, known) if known else "; this machine knows none, install tzdata"
        raise wrong(f"no time zone {name!r}, want one such as Europe/Berlin{advice}") from None
    return name


TimeZoneName = Annotated[str, AfterValidator(_known)]
"""A name of the IANA's, such as Europe/Berlin."""


def time_zone(name: str | None) -> ZoneInfo | None:
    """The time zone of that name; None, which is the system's, for None."""
    return None if name is None else ZoneInfo(name)
