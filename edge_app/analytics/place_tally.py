"""Counts what the zones and lines of one camera tell."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo

from edge_app.analytics.counts import Counted, Counter, CountStore
from edge_app.analytics.facts import Crossed, Entered, Left, ZoneFact
from edge_app.core.events import Direction, Sighting
from edge_app.core.metrics import Metrics

logger = logging.getLogger(__name__)


class PlaceTally:
    """Used by the analysis thread alone."""

    def __init__(
        self, store: CountStore, metrics: Metrics, camera: str, labels: Sequence[str], time_zone: tzinfo | None
    ) -> None:
        """Counts for a camera, by the labels of its model.

        Args:
            store: What outlives the program.
            metrics: What counts since the start.
            camera: Its name.
            labels: The model's.
            time_zone: When it is midnight; None: the system's.
        """
        self._store, self._metrics = store, metrics
        self._camera, self._labels, self._time_zone = camera, labels, time_zone
        self._today: dict[tuple[str, Direction], tuple[datetime, int]] = {}  # the last midnight, and how many since

    def zone(self, fact: ZoneFact) -> None:
        """Counts who entered, and how long who left had stayed."""
        if isinstance(fact, Entered):
            self._add(fact.zone, "entered", fact.seen)
            self._metrics.count("zone_entries", zone=fact.zone, **self._whose(fact.seen))
            self._move(fact.zone, fact.seen, 1)
        elif isinstance(fact, Left):
            as_it_entered = replace(fact.seen, class_id=fact.entered.class_id)  # whatever it is called in the end
            self._add(fact.zone, "dwell_s", as_it_entered, fact.dwell_s)
            self._metrics.observe("zone_dwell", fact.dwell_s, zone=fact.zone, **self._whose(as_it_entered))
            self._move(fact.zone, as_it_entered, -1)

    def line(self, fact: Crossed) -> int:
        """Counts a crossing; how many there are in its direction since midnight, this one included."""
        midnight = self._midnight(fact.seen.meta.time.wall)
        before, count = self._today.get((fact.line, fact.direction), (None, 0))
        if midnight != before:
            count = self._counted(fact.line, fact.direction, midnight)
        self._today[fact.line, fact.direction] = midnight, count + 1
        self._add(fact.line, fact.direction, fact.seen)
        self._metrics.count("line_crossings", line=fact.line, direction=fact.direction, **self._whose(fact.seen))
        return count + 1

    def _add(self, place: str, counted: Counted, seen: Sighting, value: float = 1) -> None:
        counter = Counter(self._camera, place, self._labels[seen.class_id], counted)
        self._store.add(counter, seen.meta.time.wall, value)

    def _move(self, zone: str, entered: Sighting, by: int) -> None:
        inside = self._store.move(self._camera, zone, self._labels[entered.class_id], by)
        self._metrics.gauge("zone_inside", inside, zone=zone, **self._whose(entered))

    def _whose(self, seen: Sighting) -> dict[str, str]:
        return {"camera": self._camera, "label": self._labels[seen.class_id]}

    def _counted(self, line: str, direction: Direction, midnight: datetime) -> int:
        """How many there were on the day of that midnight; files may be of another day than what was counted last."""
        try:
            totals = self._store.since(midnight.timestamp(), (midnight + timedelta(days=1)).timestamp()).items()
        except sqlite3.Error as error:
            logger.warning(
                "camera %s: line %s begins the day anew, its counts cannot be read: %s", self._camera, line, error
            )
            return 0
        wanted = self._camera, line, direction
        return round(sum(value for c, value in totals if (c.camera, c.place, c.counted) == wanted))

    def _midnight(self, wall_s: float) -> datetime:
        local = datetime.fromtimestamp(wall_s, self._time_zone)
        return local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
