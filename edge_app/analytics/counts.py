"""What lines and zones have counted, by the minute, in a file that outlives the program."""

from __future__ import annotations

import logging
import math
import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timezone, tzinfo
from pathlib import Path
from typing import Any, Literal

from edge_app.analytics.count_periods import CountPeriod, add_up_old, beginning
from edge_app.core.errors import AccessError
from edge_app.core.sqlite_files import open_existing, set_aside

logger = logging.getLogger(__name__)

Counted = Literal["in", "out", "entered", "dwell_s"]

COUNTS_FILE = "counts.db"  # in the state folder
OTHERS_WRITE_S = 5.0  # after a camera's stays have ended in another process, which writes every second

TABLE = """CREATE TABLE IF NOT EXISTS counts (
    minute INTEGER, camera TEXT, place TEXT, label TEXT, counted TEXT, value REAL,
    PRIMARY KEY (minute, camera, place, label, counted)) WITHOUT ROWID"""
ADD = """INSERT INTO counts VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET value = value + excluded.value"""

FULL = "full", "No space left", "quota", "disk I/O"  # as SQLite and the system say it; the last of a log's index

SUM = """SELECT camera, place, label, counted, SUM(value) FROM counts WHERE minute >= ? AND minute < ?
    GROUP BY 1, 2, 3, 4"""


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

    def __init__(self, path: Path | None) -> None:
        """Opens the file, or makes it, and its folder; a damaged file is set aside. None: counts for nobody, in memory.

        While the disk is full it counts in memory, until `write` finds room.

        Raises:
            AccessError: It cannot be opened.
        """
        self._path = path
        self._lock, self._writing = threading.Lock(), threading.Lock()  # of what waits; of the file
        self._pending: defaultdict[tuple[int, Counter], float] = defaultdict(float)
        self._inside: defaultdict[tuple[str, str, str], int] = defaultdict(int)
        self._changes = 0
        self._window, self._totals = (0.0, 0.0), defaultdict[Counter, float](float)  # as last asked for
        self._is_stale, self._reread_mono = False, 0.0  # whether, and until when, these may not be all
        self._file: sqlite3.Connection | None = None
        try:
            self._opened()
        except sqlite3.Error as error:
            if not any(word in str(error) for word in FULL):
                raise AccessError(f"{path}: cannot be opened: {error}") from None

    def add(self, counter: Counter, wall_s: float, value: float = 1) -> None:
        """Counts something that happened at that time [s since 1970]."""
        with self._lock:
            self._pending[int(wall_s // 60), counter] += value
            self._changes += 1

    def move(self, camera: str, zone: str, label: str, by: int) -> int:
        """So many more are in a zone now, or fewer; returns how many there are."""
        with self._lock:
            self._inside[camera, zone, label] += by
            self._changes += 1
            return self._inside[camera, zone, label]

    @property
    def changes(self) -> int:
        """How often something was counted or has moved."""
        with self._lock:
            return self._changes

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
            file = self._opened()
            with self._lock:
                pending, self._pending = self._pending, defaultdict(float)
            if not pending:
                return
            try:
                with file:
                    file.executemany(ADD, [_row(at, counter, value) for (at, counter), value in pending.items()])
            except sqlite3.Error:
                for (at, counter), value in pending.items():
                    self.add(counter, at * 60, value)
                raise
            self._add_to_totals(pending)

    def since(self, wall_s: float, until_s: float = math.inf) -> Mapping[Counter, float]:
        """Totals of what happened from the minute of that time to before that of the other [s since 1970].

        What waits to be written is among it. Raises sqlite3.Error where the file is damaged.
        """
        window = begin, end = wall_s // 60, until_s / 60
        with self._writing:
            if self._is_stale or window != self._window:
                self._is_stale = time.monotonic() < self._reread_mono
                self._totals = self._read(begin, end)
                self._window = window
            totals = self._totals.copy()
            with self._lock:
                for (minute, counter), value in self._pending.items():
                    if begin <= minute < end:
                        totals[counter] += value
        return totals

    def reread(self) -> None:
        """A camera is counted here from now on of which another process has counted, and may still be writing."""
        self._reread_mono = time.monotonic() + OTHERS_WRITE_S
        self._is_stale = True

    def add_up_old(self, zone: tzinfo | None) -> None:
        """Makes hours of old minutes, and days of old hours, where they begin there; raises like `write`."""
        with self._writing:
            add_up_old(self._opened(), zone)

    def _opened(self) -> sqlite3.Connection:
        """The file, which may have to be opened yet."""
        if self._file is None:
            try:
                self._file = _opened(self._path) if self._path else _connected(":memory:")
            except OSError as error:
                raise sqlite3.OperationalError(f"{error.filename}: {error.strerror}") from None
            self._window = (0.0, 0.0)
        return self._file

    def _read(self, begin: float, end: float) -> defaultdict[Counter, float]:
        """Totals of what was written of these minutes."""
        rows = () if self._file is None else self._file.execute(SUM, (begin, end))
        return defaultdict(float, {Counter(*row[:4]): row[4] for row in rows})

    def _add_to_totals(self, written: Mapping[tuple[int, Counter], float]) -> None:
        """Saves reading a day's counts again each time: a hundred thousand rows take a tenth of a second."""
        begin, end = self._window
        for (minute, counter), value in written.items():
            if begin <= minute < end:
                self._totals[counter] += value

    def close(self) -> None:
        """Closes the file, without writing."""
        if self._file is not None:
            self._file.close()


def read_counts(
    path: Path, since_s: float, period: CountPeriod, zone: tzinfo | None
) -> Iterator[tuple[datetime, Counter, float]]:
    """When each period began, and what was counted in it, in that order; nothing where there is no file.

    Args:
        path: The file, which a running program may be writing.
        since_s: From the minute of that time on [s since 1970].
        period: How long each of them is.
        zone: Where a day and an hour begin; None: as the system has it.

    Raises:
        AccessError: It cannot be read or is damaged.
    """
    if not path.exists():
        return
    totals: defaultdict[tuple[float, tuple[Any, ...]], float] = defaultdict(float)
    query = "SELECT minute, camera, place, label, counted, value FROM counts WHERE minute >= ? ORDER BY minute"
    before, began_s = None, 0.0  # two hours of an autumn night look the same, and have other seconds
    try:
        with closing(open_existing(path)) as file:
            for minute, *counter, value in file.execute(query, (int(since_s // 60),)):
                if minute != before:
                    before, began_s = minute, beginning(datetime.fromtimestamp(minute * 60, zone), period).timestamp()
                totals[began_s, tuple(counter)] += value
    except sqlite3.Error as error:
        raise AccessError(f"{path}: cannot be read: {error}") from None
    for (began_s, counted), value in sorted(totals.items()):
        yield datetime.fromtimestamp(began_s, timezone.utc).astimezone(zone), Counter(*counted), value


def _opened(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _connected(path)
    except sqlite3.OperationalError:  # it cannot be opened or written, and may be whole
        raise
    except sqlite3.DatabaseError as error:
        aside = set_aside(path)
        logger.warning("%s: %s; it is kept as %s, and counting begins anew", path, error, aside)
        return _connected(path)


def _connected(path: Path | str) -> sqlite3.Connection:
    file = sqlite3.connect(path, check_same_thread=False)
    try:
        file.execute("PRAGMA journal_mode=WAL")
        # A power cut may cost what the system had not written yet: about half a minute.
        file.execute("PRAGMA synchronous=NORMAL")
        file.execute(TABLE)
    except sqlite3.Error:
        file.close()
        raise
    return file


def _row(minute: int, counter: Counter, value: float) -> tuple[int, str, str, str, str, float]:
    return minute, counter.camera, counter.place, counter.label, counter.counted, value
