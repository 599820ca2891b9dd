"""What zones and lines tell, as events: one id for each stay, crossing and crowd."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edge_app.analytics.facts import Calmed, Crossed, Crowded, Dwelt, Entered, Left, ZoneFact
from edge_app.core.events import Event, EventType, Sighting
from edge_app.core.ulid import new_ulid


class PlaceEvents:
    """Makes the events of one camera's zones and lines."""

    def __init__(self, count: Callable[[Crossed], int]) -> None:
        """`count` says how often that line was crossed in that direction since midnight, this time included."""
        self._count = count
        self._stays: dict[tuple[str, int], str] = {}  # ids, by zone and track
        self._crowds: dict[str, str] = {}  # ids, by zone

    def event(self, fact: ZoneFact | Crossed, source_wh: tuple[int, int]) -> Event:
        """The event of a fact, which comes after the facts before it; `source_wh` is the size of the picture [px]."""
        if isinstance(fact, Crossed):
            seen, count = fact.seen, self._count(fact)
            return _event("cross", new_ulid(), seen, line=fact.line, direction=fact.direction, count=count)
        if isinstance(fact, Crowded | Calmed):
            return self._of_crowd(fact, source_wh)
        return self._of_stay(fact)

    def _of_stay(self, fact: Entered | Dwelt | Left) -> Event:
        stay = fact.zone, fact.seen.track_id
        if isinstance(fact, Entered):
            identity = self._stays[stay] = new_ulid()
            return _event("enter", identity, fact.seen, zone=fact.zone, start_time=fact.seen.meta.time.wall)
        kind: EventType = "dwell" if isinstance(fact, Dwelt) else "leave"
        identity = self._stays[stay] if kind == "dwell" else self._stays.pop(stay)
        began = fact.entered.meta.time.wall
        return _event(kind, identity, fact.seen, zone=fact.zone, start_time=began, dwell_s=fact.dwell_s)

    def _of_crowd(self, fact: Crowded | Calmed, source_wh: tuple[int, int]) -> Event:
        if isinstance(fact, Crowded):
            identity = self._crowds[fact.zone] = new_ulid()
            kind: EventType = "crowd"
        else:
            identity, kind = self._crowds.pop(fact.zone), "calm"
        return Event(id=identity, type=kind, meta=fact.meta, source_wh=source_wh, zone=fact.zone, count=fact.count)


def _event(kind: EventType, identity: str, seen: Sighting, **more: Any) -> Event:
    return Event(id=identity, type=kind, meta=seen.meta, source_wh=seen.source_wh, seen=seen, **more)
