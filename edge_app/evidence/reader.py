"""Reads what is kept of events, while a program writes it or not."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from edge_app.core.errors import AccessError
from edge_app.evidence.database import reading
from edge_app.evidence.names import KEYS, FileKind

MOST = 1000  # events of a page
SAID = ("description", "verified")

EventDocument = dict[str, Any]


class Page(NamedTuple):
    """Some events.

    Attributes:
        events: Newest first; of each its newest document, or its newest of the type that was asked for, with the names
            of those of its files that are there, and with what was said of it last.
        next: The `after` of the next page; None if this is the last.
    """

    events: list[EventDocument]
    next: str | None


class Record(NamedTuple):
    """One event.

    Attributes:
        event: Its newest document, with the names of those of its files that are there, and with what was said of it
            last.
        history: All of its documents in their order, likewise.
    """

    event: EventDocument
    history: list[EventDocument]


class Written(NamedTuple):
    """Documents in the order in which they were written.

    Attributes:
        documents: The number of each, which rises, and the document in JSON, as sinks get it.
        position: The number after which the next ones begin.
    """

    documents: list[tuple[int, str]]
    position: int


class EvidenceReader:
    """Asks the database of a folder; any thread may. Methods raise AccessError where it cannot be read."""

    def __init__(self, folder: Path) -> None:
        """Of a folder that need not be there yet."""
        self._folder = folder

    def events(
        self,
        *,
        camera: str | None = None,
        event_type: str | None = None,
        label: str | None = None,
        since: float | None = None,
        until: float | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> Page:
        """A page of events.

        Args:
            camera: Only this one's.
            event_type: Only those to which this has happened, such as `dwell`.
            label: Only those of an object of that class.
            since: Only those that began then or later [s since 1970].
            until: Only those that began before that [s since 1970].
            after: The id behind which the page begins; the newest if nothing has it.
            limit: How many at most.
        """
        query = """SELECT number, id, camera, start FROM events WHERE (:camera IS NULL OR camera = :camera)
            AND (:type IS NULL OR EXISTS (SELECT * FROM documents WHERE event = events.number AND type = :type))
            AND (:since IS NULL OR start >= :since) AND (:until IS NULL OR start < :until)
            AND (:label IS NULL OR EXISTS (
                SELECT * FROM documents WHERE event = events.number AND json_extract(document, '$.label') = :label))
            AND number < coalesce((SELECT number FROM events WHERE id = :after), 1 << 62)
            ORDER BY number DESC LIMIT :limit"""
        limit = min(max(1, limit), MOST)
        asked = {"camera": camera, "type": event_type, "label": label, "since": since, "until": until, "after": after}
        with self._reading() as db:
            found = db.execute(query, asked | {"limit": limit + 1}).fetchall() if db else []
            events = [self._newest(db, row, event_type) for row in found[:limit]] if db else []
        return Page(events, events[-1]["id"] if len(found) > limit else None)

    def all_events(
        self, *, camera: str | None = None, event_type: str | None = None, since: float | None = None
    ) -> Iterator[EventDocument]:
        """All of them, page by page; see `events`."""
        after: str | None = None
        while True:
            page = self.events(camera=camera, event_type=event_type, since=since, after=after, limit=MOST)
            yield from page.events
            if (after := page.next) is None:
                return

    def event(self, event_id: str) -> Record | None:
        """The event of that id; None if there is none."""
        with self._reading() as db:
            row = db and db.execute("SELECT number, id, camera, start FROM events WHERE id = ?", (event_id,)).fetchone()
            if not db or not row:
                return None
            names = _files(db, row[0])
            documents = db.execute("SELECT document FROM documents WHERE event = ? ORDER BY number", row[:1])
            history = [_with_files(json.loads(document), names, only_own=True) for (document,) in documents]
            return Record(self._newest(db, row, None), history)

    def documents(
        self, after: int | None, *, camera: str | None = None, event_type: str | None = None, limit: int = 100
    ) -> Written:
        """What was written after the document of that number.

        Args:
            after: The number; of a database that has not come so far it is 0; None: none but what comes from now on.
            camera: Only this one's.
            event_type: Only those of events to which this has happened, from then on.
            limit: How many at most.
        """
        query = """SELECT documents.number, document FROM documents JOIN events ON event = events.number
            WHERE documents.number > :after AND (:camera IS NULL OR camera = :camera)
            AND (:type IS NULL OR EXISTS (SELECT * FROM documents AS before
                WHERE before.event = events.number AND before.type = :type AND before.number <= documents.number))
            ORDER BY documents.number LIMIT :limit"""
        with self._reading() as db:
            if db is None:
                return Written([], 0)
            (newest,) = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'documents'").fetchone() or (0,)
            if after is None:
                return Written([], newest)
            begin = after if after <= newest else 0
            asked = {"after": begin, "camera": camera, "type": event_type, "limit": limit}
            found = db.execute(query, asked).fetchall()
        return Written(found, found[-1][0] if len(found) == limit else newest)

    def file(self, event_id: str, kind: FileKind) -> Path | None:
        """The newest file of that kind of an event; None if there is none."""
        query = """SELECT name FROM files JOIN events ON event = events.number WHERE id = ? AND kind = ?
            ORDER BY files.number DESC LIMIT 1"""
        with self._reading() as db:
            row = db and db.execute(query, (event_id, kind)).fetchone()
        return self._folder / row[0] if row else None

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        try:
            with reading(self._folder) as db:
                yield db
        except sqlite3.Error as error:
            raise AccessError(f"{self._folder}: cannot be read: {error}") from None

    def _newest(
        self, db: sqlite3.Connection, row: tuple[int, str, str, float], event_type: str | None
    ) -> EventDocument:
        number, event_id, camera, start = row
        query = """SELECT document FROM documents WHERE event = :event AND (:type IS NULL OR type = :type)
            ORDER BY number DESC LIMIT 1"""
        found = db.execute(query, {"event": number, "type": event_type}).fetchone()
        # Of what a damaged database has lost, its files are left.
        document = json.loads(found[0]) if found else {"id": event_id, "camera": camera, "capture_time": start}
        return _with_files(document, _files(db, number), only_own=False) | _said(db, number)


def _said(db: sqlite3.Connection, number: int) -> EventDocument:
    """What the newest update of an event that says it says of its picture: `description`, `verified`."""
    query = """SELECT document FROM documents WHERE event = ? AND type = 'update'
        AND coalesce(json_extract(document, '$.description'), json_extract(document, '$.verified')) IS NOT NULL
        ORDER BY number DESC LIMIT 1"""
    found = db.execute(query, (number,)).fetchone()
    said = json.loads(found[0]) if found else {}
    return {key: said[key] for key in SAID if key in said}


def _files(db: sqlite3.Connection, number: int) -> Mapping[str, FileKind]:
    """The files of an event: the kind of each by its name, oldest first."""
    return dict(db.execute("SELECT name, kind FROM files WHERE event = ? ORDER BY number", (number,)).fetchall())


def _with_files(document: EventDocument, names: Mapping[str, FileKind], *, only_own: bool) -> EventDocument:
    """The document with the files that it names and that are there; else with the newest of the event."""
    own = {key: document.get(key) for key in KEYS.values()}
    shown = {key: value for key, value in document.items() if key not in own}
    for name, kind in names.items():
        if (own[KEYS[kind]] not in names and not only_own) or own[KEYS[kind]] == name:
            shown[KEYS[kind]] = name
    return shown
