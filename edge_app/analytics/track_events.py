"""The life of a camera's tracks as events: `new`, `update`, `end`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from edge_app.analytics.facts import TrackedFrame
from edge_app.core.events import EventType, SceneEvent, Sighting
from edge_app.core.ulid import new_ulid


@dataclass
class _Life:
    """One track that has an id, until it ends.

    Attributes:
        newest: Where it was seen last.
        best: Where its score was highest.
        start_time: When it was first seen, before it had an id [s since 1970].
        told_s: When the last of its events came [s], on the camera's timeline.
        id: A ULID.
    """

    newest: Sighting
    best: Sighting
    start_time: float
    told_s: float
    id: str = field(default_factory=new_ulid)

    def event(self, kind: EventType, seen: Sighting, end_time: float | None = None) -> SceneEvent:
        return SceneEvent(
            id=self.id,
            type=kind,
            meta=self.newest.meta,
            source_wh=seen.source_wh,
            seen=seen,
            start_time=self.start_time,
            end_time=end_time,
        )


class TrackEvents:
    """Follows the tracks of one camera."""

    def __init__(self, update_s: float, *, best_frame: bool = True) -> None:
        """Knows no track yet.

        Args:
            update_s: Two events of a track, but its end, are at least so far apart [s].
            best_frame: Whether the end of a track shows it where its score was best, or where it was last seen.
        """
        self._update_s, self._best_frame = update_s, best_frame
        self._lives: dict[int, _Life] = {}

    def update(self, frame: TrackedFrame) -> Iterator[SceneEvent]:
        """What the next analysed frame shows."""
        for row, track_id in enumerate(frame.track_id.tolist()):
            if track_id < 1:
                continue
            seen, life = frame.sighting(row), self._lives.get(track_id)
            if life is None:
                yield self._begin(seen, frame.first_wall_s(row))
            elif event := self._see(life, seen):
                yield event

    def end(self, track_ids: Iterable[int]) -> Iterator[SceneEvent]:
        """These tracks have ended."""
        for track_id in track_ids:
            if (life := self._lives.pop(track_id, None)) is not None:
                seen = life.best if self._best_frame else life.newest
                yield life.event("end", seen, end_time=life.newest.meta.time.wall)

    def close(self) -> Iterator[SceneEvent]:
        """No more frames come: all end."""
        return self.end(list(self._lives))

    def _begin(self, seen: Sighting, start_time: float) -> SceneEvent:
        life = _Life(seen, seen, start_time, told_s=seen.meta.timeline_s)
        self._lives[seen.track_id] = life
        return life.event("new", seen)

    def _see(self, life: _Life, seen: Sighting) -> SceneEvent | None:
        life.newest = seen
        if seen.score > life.best.score:
            life.best = seen
        if 0 <= seen.meta.timeline_s - life.told_s < self._update_s:  # a picture whose file is older may follow
            return None
        life.told_s = seen.meta.timeline_s
        return life.event("update", seen)
