"""Collects a small, varied set of calibration pictures from live cameras, with a manifest."""

from edge_app.collect.blur import Blur, blurring_detector
from edge_app.collect.collector import CollectLimits, Collector, Redact, StopReason
from edge_app.collect.picture_folder import PictureFolder
from edge_app.collect.selector import FrameSelector, thumbnail

__all__ = [
    "Blur",
    "CollectLimits",
    "Collector",
    "FrameSelector",
    "PictureFolder",
    "Redact",
    "StopReason",
    "blurring_detector",
    "thumbnail",
]
