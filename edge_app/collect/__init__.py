"""Collects a small, varied set of calibration pictures from live cameras, with a manifest."""

from edge_app.collect.blur import Blur, blurring_detector
from edge_app.collect.collector import CollectLimits, Collector, Redact, StopReason
from edge_app.collect.picture_folder import ManifestEntry, PictureFolder
from edge_app.collect.selector import Candidate, FrameSelector, thumbnail

__all__ = [
    "Blur",
    "Candidate",
    "CollectLimits",
    "Collector",
    "FrameSelector",
    "ManifestEntry",
    "PictureFolder",
    "Redact",
    "StopReason",
    "blurring_detector",
    "thumbnail",
]
