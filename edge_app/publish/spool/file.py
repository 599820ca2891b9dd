"""The file of a spool: an SQLite database of what waits, in order, and of what was refused."""

from __future__ import annotations

import os
import sqlite3
import time
import zlib
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from edge_app.core import files, sqlite_files
from edge_app.machine import NEVER_SET_BEFORE
from edge_app.publish.backlog import FIRST
from edge_app.publish.messages import Message, MessageKind

VERSION = 1  # of the tables, as `user_version` says
TABLES = """
    CREATE TABLE IF NOT EXISTS messages (
        place INTEGER PRIMARY KEY, camera TEXT, kind TEXT NOT NULL, packed BLOB NOT NULL, written REAL NOT NULL);
    CREATE TABLE IF NOT EXISTS refused (
        number INTEGER PRIMARY KEY, camera TEXT, kind TEXT NOT NULL, payload BLOB NOT NULL, refused REAL NOT NULL,
        why TEXT NOT NULL);
"""
LOG_BYTES = 4_000_000  # what SQLite's log may keep on the disk
REFUSED_ROWS = 1000  # of those refused, the first so many are kept, so that a sink that refuses all wears no flash
SHRINK_PAGES = 512  # as many free ones are worth giving back, and are given back at once
SHRINK_FREE = 0.75  # of the file


class Row(NamedTuple):
    """A message, and its place in the order of all."""

    place: int
    message: Message


class Stored(NamedTuple):
    """What is at a place on the disk.

    Attributes:
        place: Where.
        message: None where what was written cannot be read any more.
        written: When [s since 1970].
    """

    place: int
    message: Message | None
    written: float


class SpoolFile:
    """A spool on the disk. Places count from this opening: what an earlier one has left has places below 0.

    One thread uses it. Every method raises sqlite3.Error where the disk is full or the file is damaged.
    """

    def __init__(self, path: Path) -> None:
        """Opens the file, or makes it, readable for its owner alone.

        Raises:
            OSError, sqlite3.Error: It cannot be opened, or is no such file.
        """
        file = files.open_to_write(path, os.O_RDWR, 0o600)
        self._path, self._inode = path, os.fstat(file).st_ino
        os.close(file)
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.text_factory = partial(str, encoding="utf-8", errors="replace")  # also of flash that forgets
        try:
            self._db.execute("PRAGMA auto_vacuum = INCREMENTAL")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute(f"PRAGMA journal_size_limit = {LOG_BYTES}")
            if int(self._one("PRAGMA user_version")) > VERSION:
                raise sqlite3.DatabaseError("a newer edge_app has made it")
            self._db.executescript(f"{TABLES} PRAGMA user_version = {VERSION};")
            self._base = int(self._one("SELECT coalesce(max(place), 0) + 1 FROM messages"))
            self._opened = time.time()  # as the clock said then
            self.trust_clock()
        except BaseException:
            self._db.close()
            raise
        self._searched = {False: FIRST, True: FIRST}  # by whether they are events; none older are left

    def close(self) -> None:
        """Closes it."""
        self._db.close()

    @property
    def is_there(self) -> bool:
        """Whether nobody has deleted the file, or put another one in its place."""
        try:
            return self._path.stat().st_ino == self._inode
        except FileNotFoundError:
            return False
        except OSError:  # the disk's trouble, which the next write shows
            return True

    def count(self) -> int:
        """How many messages wait in it."""
        return int(self._one("SELECT count(*) FROM messages"))

    @property
    def used_bytes(self) -> int:
        """What is in use; the file does not grow before the rest of it is used too."""
        return sqlite_files.used_bytes(self._db)

    def transaction(self) -> AbstractContextManager[None]:
        """What is done in the block is done as a whole or not at all, and survives a power cut."""
        return sqlite_files.transaction(self._db)

    def write(self, rows: Iterable[Row]) -> None:
        """Adds messages."""
        now = time.time()
        packed = [(self._base + place, each.camera, each.kind, _packed(each.payload), now) for place, each in rows]
        self._db.executemany("INSERT OR REPLACE INTO messages VALUES (?, ?, ?, ?, ?)", packed)
        for place, _, kind, *_ in packed:
            self._searched[kind == "events"] = min(self._searched[kind == "events"], place - 1)

    def forget(self, places: Iterable[int]) -> None:
        """Deletes the messages at these places."""
        self._db.executemany("DELETE FROM messages WHERE place = ?", [(self._base + place,) for place in places])

    def load(self, after: int, limit: int) -> list[Stored]:
        """The next messages after a place."""
        found = self._db.execute(
            "SELECT place, camera, kind, packed, written FROM messages WHERE place > ? ORDER BY place LIMIT ?",
            (self._base + after, limit),
        )
        return [
            Stored(place - self._base, _message(camera, kind, packed), written)
            for place, camera, kind, packed, written in found
        ]

    def oldest(self, limit: int) -> list[int]:
        """The places of the next to go: detections, events when there is nothing else; each call continues the last."""
        query = "SELECT place FROM messages WHERE place > ? AND (kind = 'events') = ? ORDER BY place LIMIT ?"
        newest = int(self._one("SELECT coalesce(max(place), 0) FROM messages"))
        for is_event, after in self._searched.items():
            if found := self._places(query, (after, is_event, limit)):
                self._searched[is_event] = self._base + found[-1]
                return found
            self._searched[is_event] = newest
        self._searched = dict.fromkeys(self._searched, FIRST)
        return []

    def older(self, than_s: float, limit: int) -> list[int]:
        """The places of the first that were written so long ago [s]."""
        query = "SELECT place FROM (SELECT place, written FROM messages ORDER BY place LIMIT ?) WHERE written < ?"
        return self._places(query, (limit, time.time() - than_s))

    def trust_clock(self, jump_s: float = 0.0) -> None:
        """The clock has jumped by so much [s], or has been set meanwhile: what was written does not age by that."""
        now = time.time()
        if jump_s:
            self._db.execute(
                "UPDATE messages SET written = written + ? WHERE place >= ? OR written >= ?",
                (jump_s, self._base, self._opened),
            )
            self._opened += jump_s
        self._db.execute(
            "UPDATE messages SET written = ? WHERE written < ? OR written > ?", (now, NEVER_SET_BEFORE, now)
        )

    def refuse(self, refused: Sequence[tuple[Message, str]]) -> None:
        """Keeps what a sink will never take, for whoever wants to know why."""
        if not refused:
            return
        room = REFUSED_ROWS - int(self._one("SELECT count(*) FROM refused"))
        now = time.time()
        self._db.executemany(
            "INSERT INTO refused (camera, kind, payload, refused, why) VALUES (?, ?, ?, ?, ?)",
            [(each.camera, each.kind, each.payload, now, why) for each, why in refused[: max(0, room)]],
        )

    def forget_refused(self) -> int:
        """Deletes what was refused; returns how many there were."""
        return self._db.execute("DELETE FROM refused").rowcount

    def shrink(self) -> bool:
        """Gives some space back to the disk where most is not used, as the rest has to be moved for it.

        Returns:
            Whether there is more to give back.
        """
        free, pages = int(self._one("PRAGMA freelist_count")), int(self._one("PRAGMA page_count"))
        if free < SHRINK_PAGES or free < SHRINK_FREE * pages:
            return False
        vacuum(self._db, SHRINK_PAGES)
        return True

    def _places(self, query: str, values: tuple[Any, ...]) -> list[int]:
        return [place - self._base for (place,) in self._db.execute(query, values)]

    def _one(self, query: str) -> Any:
        return self._db.execute(query).fetchone()[0]


def vacuum(db: sqlite3.Connection, pages: int = 0) -> None:
    """Gives so many free pages back to the disk; 0: all. `execute` would do it for one page alone."""
    db.executescript(f"PRAGMA incremental_vacuum({pages});")


def _packed(payload: bytes) -> bytes:
    """JSON in two thirds of its size, as flash wears by what is written; a small window makes it six times as fast."""
    packer = zlib.compressobj(level=1, wbits=12, memLevel=4)
    return packer.compress(payload) + packer.flush()


def _message(camera: str | None, kind: MessageKind, packed: bytes) -> Message | None:
    try:
        return Message(camera=camera, kind=kind, payload=zlib.decompress(packed), droppable=True)
    except (zlib.error, TypeError):  # flash that forgets: SQLite does not notice it
        return None
