"""Stays of tracks in one zone: entering, dwelling, leaving."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from edge_app.analytics.facts import Dwelt, Entered, Left, TrackedFrame
from edge_app.core.events import Sighting


@dataclass(slots=True)
class _Presence:
    """A track in the zone, or about to be.

    Attributes:
        last: The last frame in which it was seen, and its row there.
        entered: Where its stay began; None while it is outside.
        run: Frames in a row that show the contrary.
        turned: The first of these.
        dwelt: Whether it was told that it stays.
    """

    last: tuple[TrackedFrame, int]
    entered: Sighting | None = None
    run: int = 0
    turned: Sighting | None = None
    dwelt: bool = False


class Stays:
    """Who is in one zone, frame by frame.

    Frames in which a track is not seen, or called something that does not count, neither count nor interrupt.
    """

    def __init__(self, zone: str, inertia: int, dwell_s: float | None) -> None:
        self._zone = zone
        self._inertia = inertia
        self._dwell_s = math.inf if dwell_s is None else dwell_s
        self._presences: dict[int, _Presence] = {}

    def __contains__(self, track_id: int) -> bool:
        presence = self._presences.get(track_id)
        return presence is not None and presence.entered is not None

    def __len__(self) -> int:
        return sum(presence.entered is not None for presence in self._presences.values())

    def update(self, frame: TrackedFrame, seen: Iterable[tuple[int, bool, bool]]) -> Iterator[Entered | Dwelt | Left]:
        """What a frame shows, by each object's track, whether it counts, and whether its anchor is inside."""
        for row, (track_id, counts, is_in) in enumerate(seen):
            if counts and (is_in or track_id in self._presences):
                yield from self._step(frame, row, track_id, is_in)

    def _step(self, frame: TrackedFrame, row: int, track_id: int, is_in: bool) -> Iterator[Entered | Dwelt | Left]:
        presence = self._presences.setdefault(track_id, _Presence((frame, row)))
        presence.last = frame, row
        if is_in == (presence.entered is not None):
            presence.run, presence.turned = 0, None
        else:
            presence.run += 1
            presence.turned = turned = presence.turned or frame.sighting(row)
            if presence.run >= self._inertia:
                yield from self._turn(track_id, presence, turned)
        yield from self._dwell(frame, row, presence) if is_in else ()

    def _turn(self, track_id: int, presence: _Presence, turned: Sighting) -> Iterator[Entered | Left]:
        if presence.entered is None:
            presence.entered, presence.run, presence.turned = turned, 0, None
            yield Entered(zone=self._zone, seen=turned)
        else:
            del self._presences[track_id]
            yield Left(zone=self._zone, entered=presence.entered, seen=turned)

    def _dwell(self, frame: TrackedFrame, row: int, presence: _Presence) -> Iterator[Dwelt]:
        entered = presence.entered
        if entered and not presence.dwelt and frame.meta.timeline_s - entered.meta.timeline_s >= self._dwell_s:
            presence.dwelt = True
            yield Dwelt(zone=self._zone, entered=entered, seen=frame.sighting(row))

    def end(self, track_ids: Iterable[int]) -> Iterator[Left]:
        """These tracks are seen no more: those inside leave."""
        for track_id in track_ids:
            presence = self._presences.pop(track_id, None)
            if presence and presence.entered:
                frame, row = presence.last
                yield Left(zone=self._zone, entered=presence.entered, seen=frame.sighting(row))

    def close(self) -> Iterator[Left]:
        """All leave."""
        return self.end(list(self._presences))
