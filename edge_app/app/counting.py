"""Keeps and publishes what lines and zones count while the program runs."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from functools import partial
from pathlib import Path
from typing import Any

from edge_app.analytics.counts import CountStore
from edge_app.core.threads import Heartbeats, ThreadGroup
from edge_app.publish.messages import rfc3339

logger = logging.getLogger(__name__)

COUNTING = "counts"  # the name of the thread
WRITE_EVERY_S, ADD_UP_EVERY_S = 1.0, 3600.0
PUBLISH_EVERY_S = 60.0  # and it is told as soon as it begins to run


@contextmanager
def open_store(path: Path | None) -> Iterator[CountStore]:
    """The store in that file, or in memory, for the duration of the block, after which the last counts are written."""
    store = CountStore(path)
    try:
        yield store
    finally:
        _done(store.write, failed=False)
        store.close()


class Counting:
    """The counts of a program, which are opened when the first zone or line needs them, and then kept and told."""

    def __init__(
        self,
        open_counts: Callable[[], CountStore],
        time_zone: tzinfo | None,
        publish: Callable[[dict[str, Any]], object],
        threads: ThreadGroup,
        heartbeats: Heartbeats,
        stop: threading.Event,
    ) -> None:
        """Opens nothing yet.

        Args:
            open_counts: Opens the file, once.
            time_zone: Where a day begins; None: as the system has it.
            publish: Given what was counted.
            threads: Runs the thread that keeps it.
            heartbeats: Told at least once a second that this is alive.
            stop: Ends it.
        """
        self._open_counts, self._time_zone = open_counts, time_zone
        self._publish, self._threads, self._heartbeats, self._stop = publish, threads, heartbeats, stop
        self._keeper: CountKeeper | None = None
        self._runs = False

    def store(self) -> CountStore:
        """Where it is counted; raises AccessError if that cannot be opened."""
        if self._keeper is None:
            self._keeper = CountKeeper(self._open_counts(), self._time_zone)
        return self._keeper.store

    def reread(self) -> None:
        """A camera is counted here from now on of which another process may have counted."""
        if self._keeper is not None:
            self._keeper.store.reread()

    def keep(self, *, at_once: bool) -> None:
        """Keeps and publishes what is counted from now on, if anything is; `at_once` is as `CountKeeper` has it."""
        if (keeper := self._keeper) is None:
            return
        keeper.at_once = at_once
        if not self._runs:
            self._runs = True
            self._threads.start(COUNTING, partial(keeper.run, self._publish, self._heartbeats, self._stop))


@dataclass(slots=True)
class CountKeeper:
    """Writes what was counted every second, and publishes it every minute, or as soon as it has changed.

    Attributes:
        store: Where it is counted.
        time_zone: Where a day begins; None: as the system has it.
        at_once: Whether to publish what has changed in the second in which it is written.
    """

    store: CountStore
    time_zone: tzinfo | None
    at_once: bool = False

    def run(self, publish: Callable[[dict[str, Any]], object], heartbeats: Heartbeats, stop: threading.Event) -> None:
        """Runs until `stop`; what cannot be written waits, and that is told once."""
        failed, add_up_s = False, time.monotonic()
        publish_s, published = add_up_s, -1
        while not stop.wait(WRITE_EVERY_S):
            heartbeats.beat(COUNTING)
            changes = self.store.changes
            failed = not _done(self.store.write, failed)
            if not failed and (time.monotonic() >= publish_s or (self.at_once and changes != published)):
                publish_s, published = time.monotonic() + PUBLISH_EVERY_S, changes
                failed = not _done(lambda: publish(self.report(datetime.now(timezone.utc))), failed)
            if not failed and time.monotonic() >= add_up_s:
                add_up_s = time.monotonic() + ADD_UP_EVERY_S
                failed = not _done(lambda: self.store.add_up_old(self.time_zone), failed)
        heartbeats.forget(COUNTING)

    def report(self, now: datetime) -> dict[str, Any]:
        """The document of what was counted since the last midnight, and of how many are in the zones now."""
        local = datetime.fromtimestamp(now.timestamp(), self.time_zone)  # the system's knows when its summer begins
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        cameras: dict[str, Any] = {}

        def of(camera: str, place: str, label: str) -> dict[str, float]:
            found: dict[str, float] = cameras.setdefault(camera, {}).setdefault(place, {}).setdefault(label, {})
            return found

        # A clock that was ahead once has counted on days to come; those are not of this one.
        until = (midnight + timedelta(days=1)).timestamp()
        for counter, value in self.store.since(midnight.timestamp(), until).items():
            of(counter.camera, counter.place, counter.label)[counter.counted] = round(value, 1)
        for place, count in self.store.inside().items():
            of(*place)["inside"] = count
        times = {name: rfc3339(round(at.timestamp() * 1e3)) for name, at in (("ts", now), ("since", midnight))}
        return {**times, "cameras": cameras}


def _done(what: Callable[[], object], failed: bool) -> bool:
    """Whether the file let it be done; it is told where it has not failed before."""
    try:
        what()
    except sqlite3.Error as error:
        if not failed:
            logger.warning("counts cannot be written, and wait: %s", error)
        return False
    return True
