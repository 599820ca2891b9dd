"""What lines and zones have counted, by the minute, in a file that outlives the program."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timezone, tzinfo
from pathlib import Path
from typing import Literal

from edge_app.core.errors import AccessError

logger = logging.getLogger(__name__)

Counted = Literal["in", "out", "entered", "dwell_s"]
CountPeriod = Literal["minute", "hour", "day"]

COUNTS_FILE = "counts.db"  # in the state folder

TABLE = """CREATE TABLE IF NOT EXISTS counts (
    minute INTEGER, camera TEXT, place TEXT, label TEXT, counted TEXT, value REAL,
    PRIMARY KEY (minute, camera, place, label, counted)) WITHOUT ROWID"""
ADD = """INSERT INTO counts VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET value = value + excluded.value"""


@dataclass(frozen=True, slots=True)
class Counter:
    """What is counted.

    Attributes:
        camera: The camera's name.
        place: The name of its line or zone, which share no name.
        label: Of the objects.
        counted: Crossings of a line by direction, of a zone how many entered, or how long they stayed [s].
    """

    camera: str
    place: str
    label: str
    counted: Counted


class CountStore:
    """Takes counts at once and writes them when `write` is called: exact but for what came since.

    Any thread may call any method; `add` never waits for the disk.
    """

    def __init__(self, path: Path) -> None:
        """Opens the file, or makes it, and its folder; a damaged file is set aside.

        Raises:
            AccessError: It cannot be opened.
        """
        self._lock, self._writing = threading.Lock(), threading.Lock()  # of what waits; of the file
        self._pending: defaultdict[tuple[int, Counter], float] = defaultdict(float)
        self._inside: defaultdict[tuple[str, str, str], int] = defaultdict(int)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = _opened(path)
        except (OSError, sqlite3.Error) as error:
            raise AccessError(f"{path}: cannot be opened: {error}") from None

    def add(self, counter: Counter, wall_s: float, value: float = 1) -> None:
        """Counts something that happened at that time [s since the epoch]."""
        with self._lock:
            self._pending[int(wall_s // 60), counter] += value

    def move(self, camera: str, zone: str, label: str, by: int) -> None:
        """So many more are in a zone now, or fewer."""
        with self._lock:
            self._inside[camera, zone, label] += by

    def inside(self) -> Mapping[tuple[str, str, str], int]:
        """How many are in the zones now, by camera, zone and label."""
        with self._lock:
            return dict(self._inside)

    def write(self) -> None:
        """Writes what was counted, in one transaction; what cannot be written waits for the next call.

        Raises:
            sqlite3.Error: The disk is full, or the file is damaged.
        """
        with self._writing:
            with self._lock:
                pending, self._pending = self._pending, defaultdict(float)
            if not pending:
                return
            try:
                with self._file:
                    self._file.executemany(ADD, [_row(at, counter, value) for (at, counter), value in pending.items()])
            except sqlite3.Error:
                for (at, counter), value in pending.items():
                    self.add(counter, at * 60, value)
                raise

    def since(self, wall_s: float) -> Mapping[Counter, float]:
        """Totals of what was written and happened from the minute of that time on [s since the epoch]."""
        query = "SELECT camera, place, label, counted, SUM(value) FROM counts WHERE minute >= ? GROUP BY 1, 2, 3, 4"
        with self._writing:
            return {Counter(*row[:4]): row[4] for row in self._file.execute(query, (int(wall_s // 60),))}

    def close(self) -> None:
        """Closes the file, without writing."""
        self._file.close()


def read_counts(
    path: Path, since_s: float, period: CountPeriod, zone: tzinfo | None
) -> Iterator[tuple[datetime, Counter, float]]:
    """When each period began, and what was counted in it, oldest first; nothing where there is no file.

    Args:
        path: The file, which a running program may be writing.
        since_s: From the minute of that time on [s since the epoch].
        period: How long each of them is.
        zone: Where a day and an hour begin; None: as the system has it.

    Raises:
        AccessError: It cannot be read or is damaged.
    """
    if not path.exists():
        return
    totals: defaultdict[tuple[float, Counter], float] = defaultdict(float)  # two hours of an autumn night look the same
    query = "SELECT minute, camera, place, label, counted, value FROM counts WHERE minute >= ? ORDER BY 1, 2, 3, 4, 5"
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as file:
            for minute, *counter, value in file.execute(query, (int(since_s // 60),)):
                began = _beginning(datetime.fromtimestamp(minute * 60, zone), period)
                totals[began.timestamp(), Counter(*counter)] += value
    except sqlite3.Error as error:
        raise AccessError(f"{path}: cannot be read: {error}") from None
    for (began_s, counted), value in totals.items():
        yield datetime.fromtimestamp(began_s, timezone.utc).astimezone(zone), counted, value


def _opened(path: Path) -> sqlite3.Connection:
    try:
        return _connected(path)
    except sqlite3.OperationalError:  # it cannot be opened or written, and may be whole
        raise
    except sqlite3.DatabaseError as error:
        aside = path.with_name(f"{path.name}.damaged-{int(time.time())}")
        logger.warning("%s: %s; it is kept as %s, and counting begins anew", path, error, aside.name)
        path.rename(aside)
        return _connected(path)


def _connected(path: Path) -> sqlite3.Connection:
    file = sqlite3.connect(path, check_same_thread=False)
    try:
        file.execute("PRAGMA journal_mode=WAL")
        file.execute("PRAGMA synchronous=NORMAL")  # after a power cut the last second may be missing
        file.execute(TABLE)
    except sqlite3.Error:
        file.close()
        raise
    return file


def _row(minute: int, counter: Counter, value: float) -> tuple[int, str, str, str, str, float]:
    return minute, counter.camera, counter.place, counter.label, counter.counted, value


def _beginning(moment: datetime, period: CountPeriod) -> datetime:
    """Of the period in which the moment lies."""
    if period == "minute":
        return moment
    hour = moment.replace(minute=0)
    return hour if period == "hour" else hour.replace(hour=0)
