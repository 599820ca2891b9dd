"""The rows of events, their documents and their files, as they are written; what is read of them is in `reader`."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence

from edge_app.core.ulid import ulid_time
from edge_app.evidence.age_clock import ClockReading
from edge_app.evidence.inventory import Inventory
from edge_app.evidence.names import what

MOST_HISTORY = 1000  # documents of one event, beyond which its oldest updates go


class EventRows:
    """Statements to one database, each within the caller's transaction. Methods raise sqlite3.Error."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def add(self, document: bytes, now_s: float) -> None:
        """Another document of an event, in JSON, that comes now [s, of the clock by which events age]."""
        event = json.loads(document)
        number = self._event(event["id"], event["camera"], now_s)
        self._db.execute(  # its file may have come first, and knows only when the id was made
            """UPDATE events SET start = ? WHERE number = ?
            AND NOT EXISTS (SELECT * FROM documents WHERE event = events.number)""",
            (event["capture_time"], number),
        )
        self._db.execute(
            "INSERT INTO documents (event, type, document) VALUES (?, ?, ?)",
            (number, event["type"], document.decode()),
        )
        self._db.execute(
            """DELETE FROM documents WHERE (SELECT count(*) FROM documents WHERE event = :event) > :most
            AND number = (SELECT min(number) FROM documents WHERE event = :event AND type = 'update')""",
            {"event": number, "most": MOST_HISTORY},
        )

    def list_files(self, put: Mapping[str, int], now_s: float) -> None:
        """Files of events that are there: their sizes [bytes] by name."""
        for name, size in put.items():
            if (named := what(name)) is not None:
                row = self._event(named.event_id, named.camera, now_s), name, named.kind, size
                self._db.execute("INSERT OR REPLACE INTO files (event, name, kind, bytes) VALUES (?, ?, ?, ?)", row)

    def settle(self, found: Inventory, now_s: float) -> None:
        """Makes them agree with what lies in the folder."""
        self._db.executemany("DELETE FROM files WHERE name = ?", [(name,) for name in found.lost])
        self.list_files(dict(sorted(found.unlisted.items())), now_s)
        self._db.execute(
            """DELETE FROM events WHERE NOT EXISTS (SELECT * FROM documents WHERE event = events.number)
            AND NOT EXISTS (SELECT * FROM files WHERE event = events.number)"""
        )

    def forget(self, numbers: Sequence[int]) -> None:
        """Deletes events with all that belongs to them."""
        which = ",".join(map(str, numbers))
        for table, column in (("files", "event"), ("documents", "event"), ("events", "number")):
            self._db.execute(f"DELETE FROM {table} WHERE {column} IN ({which})")  # noqa: S608, numbers

    def files_of(self, numbers: Sequence[int]) -> dict[str, int]:
        """The files of events: their sizes [bytes] by name."""
        which = ",".join(map(str, numbers))
        return dict(self._db.execute(f"SELECT name, bytes FROM files WHERE event IN ({which})").fetchall())  # noqa: S608

    def oldest(self, most: int) -> list[int]:
        """The events that came first."""
        return self._numbers("SELECT number FROM events ORDER BY number LIMIT ?", (most,))

    def untouched_since(self, then_s: float, most: int) -> list[int]:
        """The oldest of those of which nothing has come since then [s]."""
        return self._numbers("SELECT number FROM events WHERE touched_s < ? ORDER BY number LIMIT ?", (then_s, most))

    def in_the_way(self, size: int, most: int) -> list[int]:
        """The oldest events, no more of them than have files of that size together [bytes]."""
        query = """SELECT events.number, coalesce(sum(bytes), 0) FROM events LEFT JOIN files ON event = events.number
            GROUP BY events.number ORDER BY events.number LIMIT ?"""
        found: list[int] = []
        for number, held in self._db.execute(query, (most,)):
            found.append(number)
            if (size := size - held) <= 0:
                break
        return found

    def all_bytes(self) -> int:
        """What all files take together."""
        return int(self._db.execute("SELECT coalesce(sum(bytes), 0) FROM files").fetchone()[0])

    def last_clock(self) -> ClockReading | None:
        """What the clock said by which events age; None before the first time."""
        found = self._db.execute("SELECT now_s, wall FROM age").fetchone()
        return found and ClockReading(*found)

    def keep_clock(self, reading: ClockReading) -> None:
        """It says this now."""
        self._db.execute("DELETE FROM age")
        self._db.execute("INSERT INTO age VALUES (?, ?)", reading)

    def _event(self, event_id: str, camera: str, now_s: float) -> int:
        """The number of an event, be it new or not; it is touched now."""
        self._db.execute(
            """INSERT INTO events (id, camera, start, touched_s) VALUES (?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET touched_s = excluded.touched_s""",
            (event_id, camera, ulid_time(event_id), now_s),
        )
        return int(self._db.execute("SELECT number FROM events WHERE id = ?", (event_id,)).fetchone()[0])

    def _numbers(self, query: str, values: tuple[float, ...]) -> list[int]:
        return [number for (number,) in self._db.execute(query, values)]
