"""The events of one camera: of its tracks, and of its zones and lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from edge_app.analytics.cooldown import Cooldown
from edge_app.analytics.facts import TrackedFrame
from edge_app.analytics.ground import Speeds
from edge_app.analytics.place_events import PlaceEvents
from edge_app.analytics.track_events import TrackEvents
from edge_app.core.events import SceneEvent


class CameraEvents:
    """What follows from the tracks of one camera; each part is there only where it is asked for."""

    def __init__(
        self, tracks: TrackEvents | None, places: PlaceEvents | None, speeds: Speeds | None, cooldown_s: float
    ) -> None:
        self._tracks, self._places, self._speeds = tracks, places, speeds
        self._cooldown = Cooldown(cooldown_s)

    def update(self, frame: TrackedFrame, ended: Sequence[int]) -> list[SceneEvent]:
        """What a frame shows, before which these tracks have ended."""
        events: list[SceneEvent] = []
        for part in (self._places, self._tracks):
            events += part.end(ended) if part and ended else ()
        for part in (self._tracks, self._places):
            events += part.update(frame) if part else ()
        if self._speeds is not None:
            self._speeds.update(frame)
        sent = self._sent(events)
        if self._speeds is not None:
            self._speeds.end(ended)
        return sent

    def zones_of(self, frame: TrackedFrame) -> tuple[tuple[str, ...], ...] | None:
        """The zones that each object of the frame is in; None where there are none."""
        return self._places.zones_of(frame.track_id.tolist()) if self._places else None

    def close(self, ended: Sequence[int]) -> list[SceneEvent]:
        """No more frames come, so these tracks, which are all, have ended: everything else ends too."""
        parts = [part for part in (self._places, self._tracks) if part]
        sent = self._sent([event for part in parts for event in (*part.close(), *part.end(ended))])
        if self._speeds is not None:
            self._speeds.end(ended)
        return sent

    def _sent(self, events: Iterable[SceneEvent]) -> list[SceneEvent]:
        return [self._with_speed(event) for event in events if self._cooldown.lets_pass(event)]

    def _with_speed(self, event: SceneEvent) -> SceneEvent:
        if self._speeds is None or event.seen is None:
            return event
        return replace(event, speed_mps=self._speeds.speed_mps(event.seen.track_id))
