"""What is made of the detections of one camera, frame by frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import NamedTuple

from edge_app.analytics.camera_events import CameraEvents
from edge_app.analytics.config import EventsConfig, TrackConfig
from edge_app.analytics.counts import CountStore
from edge_app.analytics.facts import TrackedFrame
from edge_app.analytics.filters import ObjectFilter
from edge_app.analytics.ground import Speeds
from edge_app.analytics.place_events import PlaceEvents
from edge_app.analytics.place_tally import PlaceTally
from edge_app.analytics.scene import SceneConfig
from edge_app.analytics.track_events import TrackEvents
from edge_app.analytics.tracker import Tracker
from edge_app.core.detections import Detections
from edge_app.core.events import SceneEvent
from edge_app.core.frames import FrameMeta
from edge_app.core.metrics import Metrics

LATE_S = 10.0  # how much later than usual the next frame of a live camera may come from it, the inbox, the engine


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalyticsConfig:
    """The sections from which the analytics of one camera are made.

    Attributes:
        track: How objects are followed; None where the section is not given.
        events: What is told of them; None where the section is not given.
        scene: What the camera's picture shows.
        time_zone: That of hours and days; None: the system's.
    """

    track: TrackConfig | None
    events: EventsConfig | None
    scene: SceneConfig
    time_zone: tzinfo | None

    @property
    def has_places(self) -> bool:
        """Whether there are zones or lines, which are counted."""
        return bool(self.scene.zones or self.scene.lines)

    @property
    def tracker(self) -> TrackConfig | None:
        """How objects are followed, be it only because something else needs it; None: they are not."""
        if self.track is not None:
            return None if self.track.tracker == "none" else self.track
        return TrackConfig() if self.events is not None or self.has_places else None


class SceneUpdate(NamedTuple):
    """What one frame says.

    Attributes:
        detections: Those that are objects, with `track_id` and `zones` where there are any.
        events: What happened, in order.
    """

    detections: Detections
    events: Sequence[SceneEvent]


class Analytics:
    """One camera's; made when it is added, used by the analysis thread alone, and gone when it is removed."""

    def __init__(self, objects: ObjectFilter | None, tracker: Tracker | None, events: CameraEvents) -> None:
        self._objects, self._tracker, self._events = objects, tracker, events
        self._source_wh: tuple[int, int] | None = None
        self._waits_until: float | None = None  # monotonic time [s]; None: not known yet
        self._waits = False

    def update(self, meta: FrameMeta, source_wh: tuple[int, int], detections: Detections) -> SceneUpdate:
        """The facts of the next frame, whose picture has that size [px]; a new size ends all tracks."""
        if self._objects is not None:
            detections = self._objects(detections, source_wh)
        if self._tracker is None:
            return SceneUpdate(detections, ())
        ended = self._tracker.end() if source_wh != self._source_wh else ()
        self._source_wh = source_wh
        self._waits, self._waits_until = meta.live, None
        tracks = self._tracker.update(detections, meta.timeline_s)
        frame = TrackedFrame(meta, source_wh, replace(detections, track_id=tracks.track_id), tracks.first_s)
        events = self._events.update(frame, ended + tracks.ended)
        return SceneUpdate(replace(frame.detections, zones=self._events.zones_of(frame)), events)

    def close(self) -> Sequence[SceneEvent]:
        """No more frames come, or none for a long time: what follows from that."""
        self._waits = False
        return self._events.close(self._tracker.end() if self._tracker else ())

    def waited(self, now_mono: float) -> Sequence[SceneEvent]:
        """What follows from that it is that late [s, monotonic], to be asked now and then.

        A live camera that shows nothing for a long time shows nobody. The time is counted from the first question after
        a frame, since a frame may be old when it comes.
        """
        if not self._waits or self._tracker is None:
            return ()
        if self._waits_until is None:
            self._waits_until = now_mono + self._tracker.lost_s + LATE_S
        return self.close() if now_mono > self._waits_until else ()


def make_analytics(
    config: AnalyticsConfig,
    camera: str,
    labels: Sequence[str],
    confidence: float,
    ids: Iterator[int],
    counts: CountStore | None,
    metrics: Metrics,
) -> Analytics | None:
    """The analytics of a camera; None where nothing is asked for.

    Args:
        config: The sections.
        camera: The camera's name.
        labels: The model's.
        confidence: The lowest score that a detection can have.
        ids: For its tracks; they outlive a camera that is replaced, because none is used again in a session.
        counts: Where zones and lines count; needed where there are any.
        metrics: Where they count since the start.
    """
    scene, tracker = config.scene, None
    objects = ObjectFilter(scene.filters, scene.ignore, labels) if scene.filters or scene.ignore else None
    if config.tracker is not None:
        from edge_app.analytics.trackers import make_tracker  # SciPy takes half a second to import

        tracker = make_tracker(config.tracker, confidence, ids)
    elif objects is None:
        return None
    return Analytics(objects, tracker, _make_events(config, camera, labels, counts, metrics))


def _make_events(
    config: AnalyticsConfig, camera: str, labels: Sequence[str], counts: CountStore | None, metrics: Metrics
) -> CameraEvents:
    events = config.events or EventsConfig()
    tracks = (
        TrackEvents(events.update_s, best_frame=events.best_frame)
        if config.track is not None or config.events is not None
        else None
    )
    places = None
    if config.has_places and counts is not None:
        tally = PlaceTally(counts, metrics, camera, labels, config.time_zone)
        places = PlaceEvents(config.scene, labels, config.time_zone, tally)
    speeds = Speeds(config.scene.ground) if config.scene.ground is not None else None
    return CameraEvents(tracks, places, speeds, events.cooldown_s)
