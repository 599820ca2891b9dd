"""Lines: who crosses them, and which way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

import numpy as np
from pydantic import Field, model_validator

from edge_app.analytics.facts import Crossed, TrackedFrame
from edge_app.analytics.places import Anchors, Audience, PlaceConfig
from edge_app.analytics.polygons import TOLERANCE, XY, PicturePoint, turn
from edge_app.config.schedule import Schedule
from edge_app.config.section import wrong
from edge_app.core.events import Direction, Sighting


class LineConfig(PlaceConfig):
    """A line across the picture: who crosses it, and which way."""

    begin: PicturePoint = Field(alias="from")
    """Where it begins, as [x, y], 0 to 1 from the upper left corner of the upright picture."""
    end: PicturePoint = Field(alias="to")
    """Where it ends. Who looks along it, from `from` to `to`, sees `in` go from the left hand to the right hand, and
    `out` the other way."""
    inertia: int = Field(default=2, ge=1)
    """Analysed frames in a row on the other side that decide; who wobbles on the line counts once. More forgives boxes
    that jump; fewer notices who disappears soon behind it."""

    @model_validator(mode="after")
    def _has_a_length(self) -> LineConfig:
        if self.begin == self.end:
            raise wrong("want another point than `from`", "to")
        return self


class Lines:
    """The lines of one camera.

    Its state is that of the tracks in sight; `end` frees a track's.
    """

    def __init__(self, lines: Mapping[str, LineConfig], labels: Sequence[str], time_zone: tzinfo | None) -> None:
        """At least one line.

        Args:
            lines: By name.
            labels: The model's.
            time_zone: That of their hours; None: the system's.
        """
        configs = lines.values()
        self._audience = Audience(configs, labels)
        self._anchors = Anchors(config.anchor for config in configs)
        self._begin_x, self._begin_y = np.array([config.begin for config in configs]).T
        self._end_x, self._end_y = np.array([config.end for config in configs]).T
        self._lines = [_Line(name, config, time_zone) for name, config in lines.items()]

    def update(self, frame: TrackedFrame) -> list[Crossed]:
        """What the next analysed frame shows."""
        x, y = self._anchors.of(frame.boxes)
        side = (self._end_x - self._begin_x) * (y - self._begin_y) - (self._end_y - self._begin_y) * (x - self._begin_x)
        side = np.where(np.abs(side) <= TOLERANCE, 0, np.sign(side))
        columns = (each.T.tolist() for each in (self._audience.of(frame), side, x, y))
        tracks = frame.track_id.tolist()
        return [
            crossed
            for line, *of_line in zip(self._lines, *columns, strict=True)
            for crossed in line.update(frame, zip(tracks, *of_line, strict=True))
        ]

    def end(self, track_ids: Iterable[int]) -> None:
        """These tracks have ended."""
        for track_id in track_ids:
            for line in self._lines:
                line.end(track_id)


@dataclass(slots=True)
class _Approach:
    """A track that a line watches.

    Attributes:
        side: 1 on the right hand, -1 on the left.
        at: Where it was seen last.
        run: Frames in a row on the other side.
        cut: The first of these, if the way there led through the line and not past its ends.
    """

    side: float
    at: XY
    run: int = 0
    cut: Sighting | None = None


class _Line:
    """One line: the tracks in sight, each with its side."""

    def __init__(self, name: str, config: LineConfig, time_zone: tzinfo | None) -> None:
        self._name = name
        self._ends = config.begin, config.end
        self._inertia = config.inertia
        self._schedule = Schedule(config.active, time_zone)
        self._approaches: dict[int, _Approach] = {}

    def update(self, frame: TrackedFrame, seen: Iterable[tuple[int, bool, float, float, float]]) -> Iterator[Crossed]:
        """What a frame shows: of each object its track, whether it counts, side (0: on the line), anchor x and y."""
        if not self._schedule.active(frame.meta.time.wall):
            self._approaches.clear()
            return
        for row, (track_id, counts, side, x, y) in enumerate(seen):
            approach = self._approaches.get(track_id)
            if counts and approach:
                if crossed := self._step(approach, frame, row, side, (x, y)):
                    yield crossed
            elif counts and side:
                self._approaches[track_id] = _Approach(side, (x, y))

    def _step(self, approach: _Approach, frame: TrackedFrame, row: int, side: float, at: XY) -> Crossed | None:
        before, approach.at = approach.at, at
        if side != -approach.side:  # who is on the line is not beyond it
            approach.run = 0
            return None
        approach.run += 1
        if approach.run == 1:
            approach.cut = frame.sighting(row) if self._between_its_ends(before, at) else None
        if approach.run < self._inertia:
            return None
        approach.side, approach.run = side, 0
        direction: Direction = "in" if side > 0 else "out"
        return Crossed(line=self._name, direction=direction, seen=approach.cut) if approach.cut else None

    def _between_its_ends(self, before: XY, after: XY) -> bool:
        """Whether the straight way from one side to the other leads through the line; its ends belong to it."""
        begin, end = self._ends
        return turn(before, after, begin) * turn(before, after, end) <= 0

    def end(self, track_id: int) -> None:
        self._approaches.pop(track_id, None)
