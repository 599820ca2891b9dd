"""The trackers by name."""

from __future__ import annotations

from collections.abc import Iterator

from edge_app.analytics.bytetrack import ByteTrack
from edge_app.analytics.config import TrackConfig
from edge_app.analytics.ocsort import OcSort
from edge_app.analytics.sort import Sort
from edge_app.analytics.tracker import Matcher, Tracker


def make_tracker(config: TrackConfig, confidence: float, ids: Iterator[int]) -> Tracker | None:
    """The tracker of one camera, whose detections have at least that score; None where it is `none`."""
    if config.tracker == "none":
        return None
    matchers: dict[str, Matcher] = {"bytetrack": ByteTrack(confidence), "ocsort": OcSort(), "sort": Sort()}
    return Tracker(config, matchers[config.tracker], ids)
