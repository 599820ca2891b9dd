"""Keeps what lines and zones count while the program runs."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_app.analytics.counts import CountStore
from edge_app.core.threads import Heartbeats

logger = logging.getLogger(__name__)

THREAD = "counts"
EVERY_S = 1.0


@contextmanager
def open_store(path: Path) -> Iterator[CountStore]:
    """The store in that file for the duration of the block, after which the last counts are written."""
    store = CountStore(path)
    try:
        yield store
    finally:
        _write(store, told=False)
        store.close()


def keep(store: CountStore, heartbeats: Heartbeats, stop: threading.Event) -> None:
    """Writes what was counted every second until `stop`; what cannot be written waits, and that is told once."""
    told = False
    while not stop.wait(EVERY_S):
        heartbeats.beat(THREAD)
        told = not _write(store, told)
    heartbeats.forget(THREAD)


def _write(store: CountStore, told: bool) -> bool:
    """Whether it could be written."""
    try:
        store.write()
    except sqlite3.Error as error:
        if not told:
            logger.warning("counts cannot be written, and wait: %s", error)
        return False
    return True
