"""The events of a camera's zones and lines: one id for each stay, crossing and crowd."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import tzinfo
from typing import Any

from edge_app.analytics.facts import Calmed, Crossed, Crowded, Dwelt, Entered, Left, TrackedFrame, ZoneFact
from edge_app.analytics.lines import Lines
from edge_app.analytics.place_tally import PlaceTally
from edge_app.analytics.scene import SceneConfig
from edge_app.analytics.zones import Zones
from edge_app.core.events import EventType, SceneEvent, Sighting
from edge_app.core.ulid import new_ulid


class PlaceEvents:
    """Looks at the zones and lines of one camera, and counts what they tell."""

    def __init__(self, scene: SceneConfig, labels: Sequence[str], time_zone: tzinfo | None, tally: PlaceTally) -> None:
        """Of a scene with zones or lines; `time_zone` is that of their hours, None: the system's."""
        self._zones = Zones(scene.zones, labels, time_zone) if scene.zones else None
        self._lines = Lines(scene.lines, labels, time_zone) if scene.lines else None
        self._tally = tally
        self._stays: dict[tuple[str, int], str] = {}  # ids, by zone and track
        self._crowds: dict[str, str] = {}  # ids, by zone
        self._source_wh = 0, 0

    def update(self, frame: TrackedFrame) -> Iterator[SceneEvent]:
        """What the next analysed frame shows."""
        self._source_wh = frame.source_wh
        if self._zones is not None:
            yield from self._of_zones(self._zones.update(frame))
        if self._lines is not None:
            yield from map(self._crossing, self._lines.update(frame))

    def zones_of(self, track_ids: Iterable[int]) -> tuple[tuple[str, ...], ...] | None:
        """The zones that each of these tracks is in; None where there are no zones."""
        return None if self._zones is None else tuple(map(self._zones.names, track_ids))

    def end(self, track_ids: Sequence[int]) -> Iterator[SceneEvent]:
        """These tracks have ended, so they leave; to be called before `update` with the frame that shows it."""
        if self._zones is not None:
            yield from self._of_zones(self._zones.end(track_ids))
        if self._lines is not None:
            self._lines.end(track_ids)

    def close(self) -> Iterator[SceneEvent]:
        """No more frames come: all leave."""
        if self._zones is not None:
            yield from self._of_zones(self._zones.close())

    def _of_zones(self, facts: Iterable[ZoneFact]) -> Iterator[SceneEvent]:
        for fact in facts:
            self._tally.zone(fact)
            yield self._crowd(fact) if isinstance(fact, Crowded | Calmed) else self._stay(fact)

    def _stay(self, fact: Entered | Dwelt | Left) -> SceneEvent:
        stay, entered = (fact.zone, fact.seen.track_id), fact.seen if isinstance(fact, Entered) else fact.entered
        about: dict[str, Any] = {"zone": fact.zone, "start_time": entered.meta.time.wall}
        if isinstance(fact, Entered):
            identity = self._stays[stay] = new_ulid()
            return _event("enter", identity, fact.seen, **about)
        about["dwell_s"] = fact.dwell_s
        if isinstance(fact, Dwelt):
            return _event("dwell", self._stays[stay], fact.seen, **about)
        return _event("leave", self._stays.pop(stay), fact.seen, **about)

    def _crowd(self, fact: Crowded | Calmed) -> SceneEvent:
        kind: EventType = "crowd" if isinstance(fact, Crowded) else "calm"
        identity = self._crowds.setdefault(fact.zone, new_ulid()) if kind == "crowd" else self._crowds.pop(fact.zone)
        about: dict[str, Any] = {"zone": fact.zone, "count": fact.count}
        return SceneEvent(id=identity, type=kind, meta=fact.meta, source_wh=self._source_wh, **about)

    def _crossing(self, fact: Crossed) -> SceneEvent:
        about: dict[str, Any] = {"line": fact.line, "direction": fact.direction, "count": self._tally.line(fact)}
        return _event("cross", new_ulid(), fact.seen, **about)


def _event(kind: EventType, identity: str, seen: Sighting, **about: Any) -> SceneEvent:
    return SceneEvent(id=identity, type=kind, meta=seen.meta, source_wh=seen.source_wh, seen=seen, **about)
