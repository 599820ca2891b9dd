"""Leaves out events that come too soon after others of their kind."""

from __future__ import annotations

import math

from edge_app.core.events import SceneEvent

BEGINNINGS, ENDINGS = frozenset({"new", "enter", "cross", "crowd"}), frozenset({"end", "leave", "cross", "calm"})
ALONE = frozenset({"dwell"})  # may come too soon though what began the stay did not


class Cooldown:
    """Leaves out events of one camera that begin too soon, and all that follow them under their id."""

    def __init__(self, cooldown_s: float) -> None:
        self._cooldown_s = cooldown_s
        self._last_s: dict[tuple[str, str | None, int | None], float] = {}  # by type, place and class
        self._left_out: set[str] = set()  # ids

    def lets_pass(self, event: SceneEvent) -> bool:
        """Whether to send it."""
        if event.type in BEGINNINGS and not self._cooled(event):
            self._left_out.add(event.id)
        passes = event.id not in self._left_out and (event.type not in ALONE or self._cooled(event))
        if event.type in ENDINGS:
            self._left_out.discard(event.id)
        return passes

    def _cooled(self, event: SceneEvent) -> bool:
        kind = event.type, event.zone or event.line, None if event.seen is None else event.seen.class_id
        now = event.meta.timeline_s
        # Events do not come in the order of their times; a time that is far back is that of another file.
        if abs(now - self._last_s.get(kind, -math.inf)) < self._cooldown_s:
            return False
        self._last_s[kind] = now
        return True
