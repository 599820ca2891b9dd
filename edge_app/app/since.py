"""When states began, by the clock as it is set now: many a box learns the time only after it has begun to work."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from edge_app.core.camera_status import CameraHealth
from edge_app.machine import ClockJumps

Noted = TypeVar("Noted", float, float | None)


class Since:
    """Sets right what was noted before the clock was set; whoever has it locks it.

    What is noted is looked at several times a second. It is off by how far the clock was set since it was seen first;
    what a look has not seen is forgotten.
    """

    def __init__(self) -> None:
        self._jumps, self._set_s = ClockJumps(), 0.0
        self._before = dict[tuple[str, float], float]()  # how far the clock had been set when each was seen first [s]
        self._seen = dict[tuple[str, float], float]()

    def look(self) -> None:
        """A look begins."""
        if jump_s := self._jumps.unheeded_s:
            self._jumps.heed(jump_s)
            self._set_s += jump_s
        self._before, self._seen = self._seen, {}

    def of(self, what: str, noted: Noted) -> Noted:
        """When that began [s since 1970], of which this was noted then; None if nothing was."""
        if noted is None:
            return noted
        key = what, noted
        self._seen[key] = self._before.get(key, self._set_s)
        return noted + (self._set_s - self._seen[key])

    def of_camera(self, name: str, health: CameraHealth) -> CameraHealth:
        """The same, with every moment in it set right."""
        status = health.status
        warnings = tuple(replace(each, since=self.of(f"{name} {each.reason}", each.since)) for each in status.warnings)
        return replace(
            health,
            status=replace(status, since=self.of(f"{name} state", status.since), warnings=warnings),
            last_frame=self.of(f"{name} frame", health.last_frame),
            next_retry=self.of(f"{name} retry", health.next_retry),
        )
