"""Zones: who is inside, for how long, and how many are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import tzinfo

from pydantic import Field

from edge_app.analytics.crowd import Crowd, CrowdConfig
from edge_app.analytics.facts import TrackedFrame, ZoneFact
from edge_app.analytics.places import Anchors, Audience, PlaceConfig
from edge_app.analytics.polygons import Polygon, Polygons
from edge_app.analytics.stays import Stays
from edge_app.config.schedule import Schedule


class ZoneConfig(PlaceConfig):
    """An area of the picture: who enters, stays and leaves."""

    polygon: Polygon
    """Its corners in their order around it, each as [x, y], 0 to 1 from the upper left corner of the upright picture;
    edges belong to the inside."""
    dwell_s: float | None = Field(default=None, gt=0)
    """How long an object must be inside [s] until that is told, once a stay; null: never."""
    crowd: CrowdConfig | None = None
    """How many objects inside at the same time are told as a crowd; null: none are."""


class Zones:
    """The zones of one camera.

    Its state is that of the tracks inside; `end` frees a track's.
    """

    def __init__(self, zones: Mapping[str, ZoneConfig], labels: Sequence[str], time_zone: tzinfo | None) -> None:
        """At least one zone.

        Args:
            zones: By name.
            labels: The model's.
            time_zone: That of their hours; None: the system's.
        """
        configs = zones.values()
        self._audience = Audience(configs, labels)
        self._anchors = Anchors(config.anchor for config in configs)
        self._polygons = Polygons([config.polygon for config in configs])
        self._zones = [_Zone(name, config, time_zone) for name, config in zones.items()]

    def update(self, frame: TrackedFrame) -> list[ZoneFact]:
        """What the next analysed frame shows."""
        inside = self._polygons.contain(*self._anchors.of(frame.boxes))
        columns = (each.T.tolist() for each in (self._audience.of(frame), inside))
        tracks = frame.track_id.tolist()
        return [
            fact
            for zone, *of_zone in zip(self._zones, *columns, strict=True)
            for fact in zone.update(frame, zip(tracks, *of_zone, strict=True))
        ]

    def names(self, track_id: int) -> tuple[str, ...]:
        """The zones that the track is in."""
        return tuple(zone.name for zone in self._zones if track_id in zone.stays)

    def end(self, track_ids: Iterable[int]) -> list[ZoneFact]:
        """These tracks have ended, so they leave; call it before `update` with the frame that shows it."""
        ended = list(track_ids)
        return [fact for zone in self._zones for fact in zone.stays.end(ended)]

    def close(self) -> list[ZoneFact]:
        """No more frames come: all leave."""
        return [fact for zone in self._zones for fact in zone.close()]


class _Zone:
    """One zone: what follows from who is inside."""

    def __init__(self, name: str, config: ZoneConfig, time_zone: tzinfo | None) -> None:
        self.name = name
        self.stays = Stays(name, config.inertia, config.dwell_s)
        self._crowd = config.crowd and Crowd(name, config.crowd)
        self._schedule = Schedule(config.active, time_zone)

    def update(self, frame: TrackedFrame, seen: Iterable[tuple[int, bool, bool]]) -> Iterator[ZoneFact]:
        if not self._schedule.active(frame.meta.time.wall):
            yield from self.close()
            return
        yield from self.stays.update(frame, seen)
        if self._crowd:
            yield from self._crowd.update(frame.meta, len(self.stays))

    def close(self) -> Iterator[ZoneFact]:
        yield from self.stays.close()
        if self._crowd:
            yield from self._crowd.close()
