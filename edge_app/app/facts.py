"""What is made of the detections of a worker's cameras: each camera's analytics, and the messages of what happened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import count

from edge_app.analytics import Analytics
from edge_app.analytics.scene import SceneConfig
from edge_app.core.detections import Result
from edge_app.core.events import SceneEvent
from edge_app.publish import EventWriter, Message

MakeAnalytics = Callable[[str, SceneConfig, Iterator[int]], Analytics | None]


class CameraFacts:
    """The analytics of some cameras, which come and go with them; everything else is the analysis thread's."""

    def __init__(self, make_analytics: MakeAnalytics, events: EventWriter) -> None:
        """Knows no camera yet.

        Args:
            make_analytics: Makes the analytics of the camera of that name, if it has any; its tracks get these ids.
            events: Makes the messages of what happened.
        """
        self._make_analytics, self._events = make_analytics, events
        self._analytics: dict[str, Analytics] = {}
        self._track_ids = defaultdict[str, Iterator[int]](partial(count, 1))  # go on where a camera comes back

    def add(self, camera: str, scene: SceneConfig) -> None:
        """A camera begins, or begins again."""
        if analytics := self._make_analytics(camera, scene, self._track_ids[camera]):
            self._analytics[camera] = analytics

    def remove(self, camera: str) -> None:
        """A camera is there no more; nothing is told of what it showed."""
        self._analytics.pop(camera, None)

    def of(self, result: Result) -> Result:
        """The result with what its camera's analytics make of it, if it has any."""
        analytics = self._analytics.get(result.meta.camera)
        if analytics is None:
            return result
        detections, events = analytics.update(result.meta, result.source_wh, result.detections)
        return replace(result, detections=detections, events=events)

    def end(self, camera: str) -> Iterator[Message]:
        """No more frames of this camera come: its tracks and stays have ended."""
        if (analytics := self._analytics.get(camera)) is not None:
            yield from self.messages(analytics.close())

    def end_all(self) -> Iterator[Message]:
        """No more frames come."""
        for camera in list(self._analytics):
            yield from self.end(camera)

    def messages(self, events: Iterable[SceneEvent]) -> Iterator[Message]:
        """The messages of events, in their order."""
        return map(self._events.event, events)
