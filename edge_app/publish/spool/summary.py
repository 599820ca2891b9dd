"""What is in a spool, for its owner: the program may be running or not."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge_app.core.errors import AccessError
from edge_app.core.sqlite_files import open_existing
from edge_app.publish.spool.file import vacuum


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolSummary:
    """What waits for one sink on the disk.

    Attributes:
        sink: The sink's name.
        events: How many events wait.
        others: How many other messages.
        refused: How many messages that the sink will never take are kept.
        bytes: Size of the file and its log.
        oldest: When the oldest that waits was written [s since 1970]; None if none waits.
    """

    sink: str
    events: int
    others: int
    refused: int
    bytes: int
    oldest: float | None


def spool_files(folder: Path) -> list[Path]:
    """The files of all spools in the folder, by name; none if there is no folder."""
    return sorted(folder.glob("*.db"))


def summary(path: Path) -> SpoolSummary:
    """Of the spool in that file.

    Raises:
        AccessError: It cannot be read, or is damaged.
    """
    with _opened(path) as db:
        events, others, oldest = db.execute(
            "SELECT count(*) FILTER (WHERE kind = 'events'), count(*) FILTER (WHERE kind <> 'events'), min(written)"
            " FROM messages"
        ).fetchone()
        (refused,) = db.execute("SELECT count(*) FROM refused").fetchone()
    size = sum(each.stat().st_size for each in (path, path.with_name(path.name + "-wal")) if each.exists())
    return SpoolSummary(sink=path.stem, events=events, others=others, refused=refused, bytes=size, oldest=oldest)


def drop(path: Path) -> int:
    """Deletes all that waits in a spool, and what was refused; returns how many messages waited.

    A program that runs still sends what it has in memory.

    Raises:
        AccessError: It cannot be changed, or is damaged.
    """
    with _opened(path, writable=True) as db:
        with db:
            waited = db.execute("DELETE FROM messages").rowcount
            db.execute("DELETE FROM refused")
        vacuum(db)
    return waited


@contextmanager
def _opened(path: Path, *, writable: bool = False) -> Iterator[sqlite3.Connection]:
    try:
        with closing(open_existing(path, writable=writable)) as db:
            yield db
    except sqlite3.Error as error:
        raise AccessError(f"{path}: {error}") from None
