"""The database of events: SQLite in the folder of the evidence, written by one program and read by anybody."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_app.core import files
from edge_app.core.sqlite_files import open_existing, set_aside
from edge_app.evidence.names import EVENTS_FILE, FILE_MODE

logger = logging.getLogger(__name__)

VERSION = 1  # of the tables, as `user_version` says
LOG_BYTES = 4_000_000  # what SQLite's log may keep on the disk
# An event's number is its place in the order in which events came, whatever the clock said, and so is a document's;
# no number comes twice.
TABLES = f"""
    CREATE TABLE IF NOT EXISTS events (
        number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, camera TEXT NOT NULL,
        start REAL NOT NULL, touched_s REAL NOT NULL);
    CREATE TABLE IF NOT EXISTS documents (
        number INTEGER PRIMARY KEY AUTOINCREMENT, event INTEGER NOT NULL, type TEXT NOT NULL, document TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS files (
        number INTEGER PRIMARY KEY, event INTEGER NOT NULL, name TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
        bytes INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS age (now_s REAL NOT NULL, wall REAL NOT NULL);
    CREATE INDEX IF NOT EXISTS events_by_camera ON events (camera, number);
    CREATE INDEX IF NOT EXISTS documents_by_event ON documents (event, type);
    CREATE INDEX IF NOT EXISTS files_by_event ON files (event);
    PRAGMA user_version = {VERSION};
"""


def opened(folder: Path) -> sqlite3.Connection:
    """The database to write, which is made if it is not there; a damaged one is set aside.

    Raises:
        OSError, sqlite3.Error: It cannot be opened.
    """
    try:
        return _connected(folder / EVENTS_FILE)
    except sqlite3.OperationalError:  # it cannot be opened or written, and may be whole
        raise
    except sqlite3.DatabaseError as error:
        aside = set_aside(folder / EVENTS_FILE)
        logger.warning(
            "evidence: %s: %s; it is kept as %s, and pictures and clips are listed anew", EVENTS_FILE, error, aside
        )
        return _connected(folder / EVENTS_FILE)


@contextmanager
def reading(folder: Path) -> Iterator[sqlite3.Connection | None]:
    """The database to read, for the duration of the block, also while a program writes it; None if there is none.

    Raises:
        sqlite3.Error: It cannot be read.
    """
    path = folder / EVENTS_FILE
    if not path.exists():
        yield None
        return
    db = open_existing(path)
    try:
        db.execute("BEGIN")  # one state of it throughout
        yield db
    finally:
        db.close()


def _connected(path: Path) -> sqlite3.Connection:
    os.close(files.open_to_write(path, os.O_RDWR, FILE_MODE))
    db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute(f"PRAGMA journal_size_limit = {LOG_BYTES}")
        if int(db.execute("PRAGMA user_version").fetchone()[0]) > VERSION:
            raise sqlite3.DatabaseError("a newer edge_app has made it")
        db.executescript(TABLES)
    except BaseException:
        db.close()
        raise
    return db
