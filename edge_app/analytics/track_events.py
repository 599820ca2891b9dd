"""The life of a camera's tracks as events: `new`, `update`, `end`."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from edge_app.core.events import Event, EventType, Observation
from edge_app.core.ulid import new_ulid


@dataclass
class TrackLife:
    """One confirmed track, while it lives.

    Attributes:
        recent: Its newest observations, oldest first.
        best: The observation with the highest score.
        start_time: Its first observation's capture time [s since the epoch].
        told_s: When the last of its events came [s], by the clock of the tracks.
        id: A ULID.
    """

    recent: deque[Observation]
    best: Observation
    start_time: float
    told_s: float
    id: str = field(default_factory=new_ulid)

    @property
    def newest(self) -> Observation:
        return self.recent[-1]

    def event(self, kind: EventType, seen: Observation, end_time: float | None = None) -> Event:
        return Event(
            id=self.id,
            type=kind,
            meta=self.newest.meta,
            source_wh=seen.source_wh,
            observation=seen,
            start_time=self.start_time,
            end_time=end_time,
        )


class TrackEvents:
    """Follows the confirmed tracks of one camera.

    Attributes:
        lives: Those that live, by track id.
    """

    def __init__(self, *, update_s: float, remembered: int) -> None:
        """Knows no track yet.

        Args:
            update_s: Least time between two events of a track but its end [s].
            remembered: How many of a track's observations are kept.
        """
        self._update_s, self._remembered = update_s, remembered
        self.lives: dict[int, TrackLife] = {}

    def observe(self, seen: Mapping[int, Observation], ended: Iterable[int], now_s: float) -> Iterator[Event]:
        """What one frame says of the tracks.

        Args:
            seen: The tracks that it shows, by id.
            ended: The ids of those that are lost.
            now_s: The frame's time, by the clock of the tracks [s].
        """
        yield from self.end(ended)
        for track_id, observation in seen.items():
            life = self.lives.get(track_id)
            if life is None:
                yield self._begin(track_id, observation, now_s)
                continue
            life.recent.append(observation)
            if observation.score > life.best.score:
                life.best = observation
            if now_s - life.told_s >= self._update_s:
                life.told_s = now_s
                yield life.event("update", observation)

    def end(self, ended: Iterable[int] | None = None) -> Iterator[Event]:
        """Ends tracks, by default all: a file is over, or the camera's picture has changed its size."""
        for track_id in list(self.lives) if ended is None else ended:
            if (life := self.lives.pop(track_id, None)) is not None:
                yield life.event("end", life.best, end_time=life.newest.meta.time.wall)

    def _begin(self, track_id: int, observation: Observation, now_s: float) -> Event:
        life = TrackLife(
            recent=deque([observation], self._remembered),
            best=observation,
            start_time=observation.meta.time.wall,
            told_s=now_s,
        )
        self.lives[track_id] = life
        return life.event("new", observation)
