"""Keeps and tells what lines and zones count while the program runs."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone, tzinfo
from pathlib import Path
from typing import Any

from edge_app.analytics.counts import CountStore
from edge_app.core.threads import Heartbeats
from edge_app.publish.messages import rfc3339

logger = logging.getLogger(__name__)

COUNTING = "counts"  # the name of the thread
WRITE_EVERY_S, TELL_EVERY_S = 1.0, 60.0


@contextmanager
def open_store(path: Path) -> Iterator[CountStore]:
    """The store in that file for the duration of the block, after which the last counts are written."""
    store = CountStore(path)
    try:
        yield store
    finally:
        _write(store, failed=False)
        store.close()


@dataclass(frozen=True, slots=True)
class CountKeeper:
    """Writes what was counted every second, and tells it every minute.

    Attributes:
        store: Where it is counted.
        time_zone: Where a day begins; None: as the system has it.
    """

    store: CountStore
    time_zone: tzinfo | None

    def run(self, tell: Callable[[dict[str, Any]], object], heartbeats: Heartbeats, stop: threading.Event) -> None:
        """Runs until `stop`; what cannot be written waits, and that is told once."""
        failed, next_s = False, time.monotonic() + TELL_EVERY_S
        while not stop.wait(WRITE_EVERY_S):
            heartbeats.beat(COUNTING)
            failed = not _write(self.store, failed)
            if not failed and time.monotonic() >= next_s:
                next_s += TELL_EVERY_S
                tell(self.report(datetime.now(timezone.utc)))
        heartbeats.forget(COUNTING)

    def report(self, now: datetime) -> dict[str, Any]:
        """The document of what was counted since the last midnight, and of how many are in the zones now."""
        midnight = now.astimezone(self.time_zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        cameras: dict[str, Any] = {}

        def of(camera: str, place: str, label: str) -> dict[str, float]:
            found: dict[str, float] = cameras.setdefault(camera, {}).setdefault(place, {}).setdefault(label, {})
            return found

        for counter, value in self.store.since(midnight.timestamp()).items():
            of(counter.camera, counter.place, counter.label)[counter.counted] = round(value, 1)
        for place, count in self.store.inside().items():
            of(*place)["inside"] = count
        times = {name: rfc3339(round(at.timestamp() * 1e3)) for name, at in (("ts", now), ("since", midnight))}
        return {**times, "cameras": cameras}


def _write(store: CountStore, failed: bool) -> bool:
    """Whether it could be written; it is told where it has not failed before."""
    try:
        store.write()
    except sqlite3.Error as error:
        if not failed:
            logger.warning("counts cannot be written, and wait: %s", error)
        return False
    return True
