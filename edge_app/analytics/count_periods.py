"""Minutes, hours and days in which counts are kept and told."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime, tzinfo
from itertools import islice
from typing import Literal

CountPeriod = Literal["minute", "hour", "day"]

# Days on which something was counted, newest first, of which minutes are kept, and hours. A clock that was once years
# ahead makes nothing old by that.
MINUTES_OF_DAYS, HOURS_OF_DAYS = 31, 366
MOST_MOVED = 240  # minutes at a time, so that whoever waits for the file does not wait long; an hour brings 60

# One look at the index for each minute, however many counters it has.
MINUTES = """WITH RECURSIVE found(minute) AS (
    SELECT MAX(minute) FROM counts UNION ALL
    SELECT (SELECT MAX(minute) FROM counts WHERE minute < found.minute) FROM found WHERE found.minute IS NOT NULL)
    SELECT minute FROM found WHERE minute IS NOT NULL"""
MOVE = """INSERT INTO counts SELECT ?, camera, place, label, counted, value FROM counts WHERE minute = ?
    ON CONFLICT DO UPDATE SET value = value + excluded.value"""


def beginning(moment: datetime, period: CountPeriod) -> datetime:
    """Of the period in which the minute lies, where the moment has its midnights."""
    if period == "minute":
        return moment
    hour = moment.replace(minute=0)
    return hour if period == "hour" else hour.replace(hour=0)


def add_up_old(file: sqlite3.Connection, zone: tzinfo | None) -> None:
    """Adds up the minutes of old days to hours, and the hours of very old ones to days: some at a call.

    Args:
        file: What `CountStore` has opened.
        zone: Where hours and days begin; None: as the system has it.

    Raises:
        sqlite3.Error: The disk is full, or the file is damaged; nothing has changed.
    """
    moves = list(islice(_moves(file, zone), MOST_MOVED))
    if moves:
        with file:
            file.executemany(MOVE, moves)
            file.executemany("DELETE FROM counts WHERE minute = ?", [(minute,) for _, minute in moves])


def _moves(file: sqlite3.Connection, zone: tzinfo | None) -> Iterator[tuple[int, int]]:
    """Each minute of an old day that begins no hour, or no day: to which it belongs, and which it is."""
    days: set[datetime] = set()
    for (minute,) in file.execute(MINUTES).fetchall():
        moment = datetime.fromtimestamp(minute * 60, zone)
        days.add(day := beginning(moment, "day"))
        if len(days) <= MINUTES_OF_DAYS:
            continue
        began = int((day if len(days) > HOURS_OF_DAYS else beginning(moment, "hour")).timestamp() // 60)
        if began < minute:
            yield began, minute
