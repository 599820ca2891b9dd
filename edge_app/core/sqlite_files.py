"""What all SQLite files of the program have in common: transactions, their size, and what becomes of a damaged one."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

DAMAGED_KEPT = 4  # files set aside, their logs among them
BUSY_S = 5.0  # how long to wait for a program that writes at the same time


def open_existing(path: Path, *, writable: bool = False) -> sqlite3.Connection:
    """A connection to a file that another program may be writing; it is never made here.

    Raises:
        sqlite3.Error: It cannot be opened.
    """
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode={'rw' if writable else 'ro'}", uri=True, timeout=BUSY_S)


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """What is done in the block is done as a whole or not at all, and survives a power cut."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            db.execute("ROLLBACK")
        raise


def used_bytes(db: sqlite3.Connection) -> int:
    """What is in use; the file does not grow before the rest of it is used too."""
    pages, free, size = (
        db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def set_aside(path: Path) -> str:
    """Renames a damaged file with its log, and deletes the oldest of those set aside before; returns its new name.

    Raises:
        OSError: The operating system refuses.
    """
    aside = path.with_name(f"{path.name}.damaged-{int(time.time())}")
    for ending in ("", "-wal"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + ending).rename(aside.with_name(aside.name + ending))
    path.with_name(path.name + "-shm").unlink(missing_ok=True)
    for old in sorted(path.parent.glob(f"{path.name}.damaged-*"))[:-DAMAGED_KEPT]:
        old.unlink(missing_ok=True)
    return aside.name
