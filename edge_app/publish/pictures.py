"""The pictures of events, and where the page shows them, for sinks that send that along."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_app.core.ulid import ulid_time

PATIENCE_S = 2.0  # a picture is written after its event was told
YOUNG_S = 30.0  # later it has come, or will never


@dataclass(frozen=True, slots=True)
class EventPictures:
    """Finds them by what their messages say.

    Attributes:
        folder: Of the evidence; it need not be there.
        address: Of the HTTP side, such as `https://box7.lan:8080`; None if nobody knows it, or no event is kept.
    """

    folder: Path
    address: str | None = None

    def url_of(self, event: Mapping[str, Any]) -> str | None:
        """Where the picture of an event can be asked for, with a token where one is wanted; None if it has none."""
        if self.address is None or "snapshot" not in event:
            return None
        return f"{self.address}/api/v1/events/{event['id']}/snapshot.jpg"

    def page_of(self, event: Mapping[str, Any]) -> str | None:
        """Where the page shows an event; None if nobody knows."""
        return None if self.address is None else f"{self.address}/#/events?id={event['id']}"

    def of(self, event: Mapping[str, Any]) -> Path | None:
        """The picture of an event, for which it waits a little where that is young; None if it has none (any more)."""
        name = event.get("snapshot")
        if not isinstance(name, str) or Path(name).is_absolute() or ".." in Path(name).parts:
            return None
        path, deadline = self.folder / name, time.monotonic() + PATIENCE_S
        while not path.is_file():
            if not _is_young(event) or time.monotonic() > deadline:
                return None
            time.sleep(0.02)
        return path


def _is_young(event: Mapping[str, Any]) -> bool:
    """By when it happened, or of a file by when that was noticed."""
    newest = max(float(event["capture_time"]), ulid_time(event["id"]))
    return abs(time.time() - newest) < YOUNG_S
