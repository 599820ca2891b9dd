"""Counts what the zones and lines of one camera tell."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo

from edge_app.analytics.counts import Counted, Counter, CountStore
from edge_app.analytics.facts import Crossed, Entered, Left, ZoneFact
from edge_app.core.events import Direction, Sighting


class PlaceTally:
    """Used by the analysis thread alone."""

    def __init__(self, store: CountStore, camera: str, labels: Sequence[str], time_zone: tzinfo | None) -> None:
        """Counts for a camera into the store; `time_zone` says when it is midnight, None: the system's."""
        self._store, self._camera, self._labels, self._time_zone = store, camera, labels, time_zone
        self._today: dict[tuple[str, Direction], tuple[float, int]] = {}  # the last midnight, and how many since

    def zone(self, fact: ZoneFact) -> None:
        """Counts who entered, and how long who left had stayed."""
        if isinstance(fact, Entered):
            self._add(fact.zone, "entered", fact.seen)
            self._move(fact.zone, fact.seen, 1)
        elif isinstance(fact, Left):
            self._add(fact.zone, "dwell_s", fact.seen, fact.dwell_s)
            self._move(fact.zone, fact.entered, -1)

    def line(self, fact: Crossed) -> int:
        """Counts a crossing; how many there are in its direction since midnight, this one included."""
        midnight = self._midnight(fact.seen.meta.time.wall)
        before, count = self._today.get((fact.line, fact.direction), (None, 0))
        if midnight != before:
            count = self._written(fact.line, fact.direction, midnight)
        self._today[fact.line, fact.direction] = midnight, count + 1
        self._add(fact.line, fact.direction, fact.seen)
        return count + 1

    def _add(self, place: str, counted: Counted, seen: Sighting, value: float = 1) -> None:
        counter = Counter(self._camera, place, self._labels[seen.class_id], counted)
        self._store.add(counter, seen.meta.time.wall, value)

    def _move(self, zone: str, entered: Sighting, by: int) -> None:
        """Counts by the label with which it entered, whatever it is called later."""
        self._store.move(self._camera, zone, self._labels[entered.class_id], by)

    def _written(self, line: str, direction: Direction, midnight_s: float) -> int:
        totals = self._store.since(midnight_s).items()
        wanted = self._camera, line, direction
        return round(sum(value for c, value in totals if (c.camera, c.place, c.counted) == wanted))

    def _midnight(self, wall_s: float) -> float:
        local = datetime.fromtimestamp(wall_s, self._time_zone)
        return local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0).timestamp()
