"""The life of a camera's tracks as events: `new`, `update`, `end`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from edge_app.core.events import Event, EventType, Sighting
from edge_app.core.ulid import new_ulid


@dataclass
class TrackLife:
    """One confirmed track, while it lives.

    Attributes:
        newest: Where it was seen last.
        best: Where its score was highest.
        start_time: When it was first seen with its id [s since the epoch].
        told_s: When the last of its events came [s], by the clock of the tracks.
        id: A ULID.
    """

    newest: Sighting
    best: Sighting
    start_time: float
    told_s: float
    id: str = field(default_factory=new_ulid)

    def event(self, kind: EventType, seen: Sighting, end_time: float | None = None) -> Event:
        return Event(
            id=self.id,
            type=kind,
            meta=self.newest.meta,
            source_wh=seen.source_wh,
            seen=seen,
            start_time=self.start_time,
            end_time=end_time,
        )


class TrackEvents:
    """Follows the confirmed tracks of one camera.

    Attributes:
        lives: Those that live, by track id.
    """

    def __init__(self, update_s: float) -> None:
        """Knows no track yet; two events of one, but its end, are at least `update_s` [s] apart."""
        self._update_s = update_s
        self.lives: dict[int, TrackLife] = {}

    def observe(self, seen: Mapping[int, Sighting], ended: Iterable[int], now_s: float) -> Iterator[Event]:
        """What one frame says of the tracks.

        Args:
            seen: The tracks that it shows, by id.
            ended: The ids of those that are lost.
            now_s: The frame's time, by the clock of the tracks [s].
        """
        yield from self.end(ended)
        for track_id, sighting in seen.items():
            life = self.lives.get(track_id)
            if life is None:
                yield self._begin(sighting, now_s)
                continue
            life.newest = sighting
            if sighting.score > life.best.score:
                life.best = sighting
            if now_s - life.told_s >= self._update_s:
                life.told_s = now_s
                yield life.event("update", sighting)

    def end(self, ended: Iterable[int] | None = None) -> Iterator[Event]:
        """Ends tracks, by default all: a file is over, or the camera's picture has changed its size."""
        for track_id in list(self.lives) if ended is None else ended:
            if (life := self.lives.pop(track_id, None)) is not None:
                yield life.event("end", life.best, end_time=life.newest.meta.time.wall)

    def _begin(self, sighting: Sighting, now_s: float) -> Event:
        life = TrackLife(sighting, best=sighting, start_time=sighting.meta.time.wall, told_s=now_s)
        self.lives[sighting.track_id] = life
        return life.event("new", sighting)
