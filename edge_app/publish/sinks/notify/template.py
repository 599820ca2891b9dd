"""What people are told: a text with names in braces, for which the values of an event are put."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any

from edge_app.config.issue import listed, nearest
from edge_app.config.variables import CONTROL

KEYS = (  # of an event, see docs/messages.md
    "camera", "type", "label", "zone", "line", "direction", "count", "score", "dwell_s", "speed_mps", "track_id",
    "state", "reason", "id", "description",
)  # fmt: skip
NAMES = (*KEYS, "time", "link")
LONGEST, LONGEST_DESCRIPTION = 200, 1000  # characters of a value
BRACES = re.compile(r"\{\{|\}\}|\{(?P<name>[^{}]*)\}|[{}]")


class Template:
    """A text with names in braces. A value is put in as it is: what looks like a name in it stays what it is.

    >>> Template("{camera}: {label} {zone} {{as is}}").fill({"camera": "gate", "label": "{zone}"})
    'gate: {zone} {as is}'
    """

    def __init__(self, text: str) -> None:
        """Raises ValueError if something else than a known name stands in braces; the text says what is wrong."""
        for found in BRACES.finditer(text):
            name = found["name"]
            if name is None and found[0] in ("{", "}"):
                raise ValueError(f"a {found[0]} that stands alone; write {found[0] * 2} for the character itself")
            if name is not None and name not in NAMES:
                advice = nearest(name, NAMES) or f"; known are {listed(NAMES)}"
                raise ValueError(f"no value is called {name!r}{advice}")
        self._text = text

    def fill(self, values: Mapping[str, str]) -> str:
        """The text with the values; a name without one leaves nothing, nor do the blanks around it."""
        text = BRACES.sub(
            lambda found: found[0][0] if found["name"] is None else values.get(found["name"], ""), self._text
        )
        return "\n".join(" ".join(line.split()) for line in text.split("\n")).strip()


def values_of(event: Mapping[str, Any], zone: tzinfo | None) -> dict[str, str]:
    """The values of an event by name; its time is local in that zone, None: the system's."""
    values = {key: _text(key, event[key]) for key in KEYS if key in event}
    moment = datetime.fromtimestamp(event["capture_time"], zone)
    return {**values, "time": f"{moment:%Y-%m-%d %H:%M:%S}"}


def _text(key: str, value: Any) -> str:
    longest = LONGEST_DESCRIPTION if key == "description" else LONGEST
    return CONTROL.sub(" ", f"{value:.2f}" if isinstance(value, float) else str(value))[:longest]
