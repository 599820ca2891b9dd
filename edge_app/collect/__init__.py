"""Calibration pictures from live cameras: varied, few, and kept with where each came from."""

from edge_app.collect.blur import Blur, blurring_detector
from edge_app.collect.choice import Candidate, Choice, thumbnail
from edge_app.collect.collector import Collector, Ending, Limits, Redact
from edge_app.collect.picture_folder import ManifestEntry, PictureFolder

__all__ = [
    "Blur",
    "Candidate",
    "Choice",
    "Collector",
    "Ending",
    "Limits",
    "ManifestEntry",
    "PictureFolder",
    "Redact",
    "blurring_detector",
    "thumbnail",
]
