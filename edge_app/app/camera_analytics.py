"""What is made of the detections of the cameras here: each camera's analytics, and what happened."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import count

from edge_app.analytics import Analytics
from edge_app.analytics.scene import SceneConfig
from edge_app.core.detections import Result
from edge_app.core.events import SceneEvent

MakeAnalytics = Callable[[str, SceneConfig, Iterator[int]], Analytics | None]


class CameraAnalytics:
    """The analytics of some cameras, which come and go with them; everything else is the analysis thread's."""

    def __init__(self, make_analytics: MakeAnalytics) -> None:
        """Knows no camera yet; `make_analytics` makes those of the camera of that name, if it has any."""
        self._make_analytics = make_analytics
        self._analytics: dict[str, Analytics] = {}
        self._successors: dict[str, Analytics | None] = {}  # of cameras that are removed and may have frames yet
        self._changing = threading.Lock()
        self._track_ids = defaultdict[str, Iterator[int]](partial(count, 1))  # go on where a camera comes back

    def add(self, camera: str, scene: SceneConfig) -> None:
        """A camera begins, or begins again, once another of its name has ended."""
        analytics = self.made(camera, scene)
        with self._changing:
            if camera in self._successors:
                self._successors[camera] = analytics
            elif analytics is not None:
                self._analytics[camera] = analytics

    def remove(self, camera: str) -> None:
        """A camera is removed: as soon as it has ended, it is there no more."""
        with self._changing:
            if camera in self._analytics:
                self._successors[camera] = None

    def made(self, camera: str, scene: SceneConfig) -> Analytics | None:
        """The analytics of a camera that shows this scene, for `change`; any thread may ask, since it takes time."""
        return self._make_analytics(camera, scene, self._track_ids[camera])

    def change(self, camera: str, analytics: Analytics | None) -> Iterator[SceneEvent]:
        """Other analytics for a camera: its tracks and stays end, and begin anew."""
        with self._changing:
            if camera in self._successors:
                self._successors[camera] = analytics
                return
            before = self._analytics.pop(camera, None)
            if analytics is not None:
                self._analytics[camera] = analytics
        if before is not None:
            yield from before.close()

    def prepared(self, make_analytics: MakeAnalytics, scenes: Mapping[str, SceneConfig]) -> Callable[[], None]:
        """Makes other analytics of all cameras, and returns what puts them in place, once those before have ended.

        Any thread may ask; what is returned is the analysis thread's. Cameras must not come and go meanwhile.

        Args:
            make_analytics: Makes them, and those of cameras that are added later.
            scenes: What each camera shows; the others have no analytics any more.
        """
        made = {camera: make_analytics(camera, scene, self._track_ids[camera]) for camera, scene in scenes.items()}

        def use() -> None:
            with self._changing:
                self._make_analytics = make_analytics
                self._successors.clear()
                self._analytics = {camera: analytics for camera, analytics in made.items() if analytics is not None}

        return use

    def of(self, result: Result) -> Result:
        """The result with what its camera's analytics make of it, if it has any."""
        analytics = self._analytics.get(result.meta.camera)
        if analytics is None:
            return result
        detections, events = analytics.update(result.meta, result.source_wh, result.detections)
        return replace(result, detections=detections, events=events)

    def end(self, camera: str) -> Iterator[SceneEvent]:
        """No more frames of this camera come: its tracks and stays have ended."""
        analytics = self._analytics.get(camera)
        with self._changing:
            if camera in self._successors:
                self._analytics.pop(camera, None)
                if (successor := self._successors.pop(camera)) is not None:
                    self._analytics[camera] = successor
        if analytics is not None:
            yield from analytics.close()

    def waited(self, now_mono: float) -> Iterator[SceneEvent]:
        """It is that late [s, monotonic]: tracks and stays of live cameras that send nothing have ended."""
        for analytics in list(self._analytics.values()):
            yield from analytics.waited(now_mono)

    def end_all(self) -> Iterator[SceneEvent]:
        """No more frames come."""
        for camera in list(self._analytics):
            yield from self.end(camera)
