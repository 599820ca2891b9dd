"""What zones and lines tell, as events: one id for each stay, crossing and crowd."""

from __future__ import annotations

from collections.abc import Callable

from edge_app.analytics.facts import Calmed, Crossed, Crowded, Dwelt, Entered, Left, ZoneFact
from edge_app.core.events import Event, Sighting
from edge_app.core.ulid import new_ulid

CountOf = Callable[[Crossed], int]


class PlaceEvents:
    """Turns the facts of one camera's zones and lines into events."""

    def __init__(self, count: CountOf) -> None:
        """`count` says how often a line was crossed in that direction since midnight, this time included."""
        self._count = count
        self._stays: dict[tuple[str, int], str] = {}  # by zone and track
        self._crowds: dict[str, str] = {}  # by zone

    def event(self, fact: ZoneFact | Crossed) -> Event:
        """The event of one fact; of a stay and of a crowd, facts come in their order."""
        match fact:
            case Entered(zone=zone, seen=seen):
                identity = self._stays[zone, seen.track_id] = new_ulid()
                return _stay(identity, "enter", zone, seen, seen)
            case Dwelt(zone=zone, entered=entered, seen=seen):
                return _stay(self._stays[zone, seen.track_id], "dwell", zone, entered, seen)
            case Left(zone=zone, entered=entered, seen=seen):
                return _stay(self._stays.pop((zone, seen.track_id)), "leave", zone, entered, seen)
            case Crossed(line=line, direction=direction, seen=seen):
                return Event(
                    id=new_ulid(),
                    type="cross",
                    meta=seen.meta,
                    source_wh=seen.source_wh,
                    seen=seen,
                    line=line,
                    direction=direction,
                    count=self._count(fact),
                )
            ...
