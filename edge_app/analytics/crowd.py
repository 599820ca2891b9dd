"""Whether a zone is crowded."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from edge_app.analytics.facts import Calmed, Crowded
from edge_app.config.section import Section
from edge_app.core.frames import FrameMeta


class CrowdConfig(Section):
    """How many make a crowd, and for how long."""

    count: int = Field(ge=1)
    """So many objects or more, inside at the same time."""
    for_s: float = Field(default=3.0, ge=0)
    """How long there must be as many [s] until that is told, and then fewer. Longer forgives who only passes."""


class Crowd:
    """Whether one zone is crowded, frame by frame."""

    def __init__(self, zone: str, config: CrowdConfig) -> None:
        self._zone = zone
        self._config = config
        self._crowded = False
        self._since: float | None = None  # when the count came to show the contrary
        self._last: FrameMeta | None = None

    def update(self, meta: FrameMeta, count: int) -> Iterator[Crowded | Calmed]:
        """What follows from so many inside in that frame."""
        self._last, now = meta, meta.timeline_s
        if (count >= self._config.count) == self._crowded:
            self._since = None
            return
        if self._since is None or now < self._since:  # a picture whose file is older
            self._since = now
        if now - self._since >= self._config.for_s:
            self._crowded, self._since = not self._crowded, None
            yield (Crowded if self._crowded else Calmed)(zone=self._zone, meta=meta, count=count)

    def close(self) -> Iterator[Calmed]:
        """All have left."""
        if self._crowded and self._last:
            yield Calmed(zone=self._zone, meta=self._last, count=0)
        self._crowded, self._since = False, None
