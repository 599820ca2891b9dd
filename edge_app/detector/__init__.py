"""Which model runs, on what, and whether it may: resolved once for every verb."""

from edge_app.detector.backend import OpenedEngine
from edge_app.detector.detector import Detector, resolve
from edge_app.detector.golden import Golden, golden_path, read_golden, write_golden
from edge_app.detector.precision import choose_precision
from edge_app.detector.qualification import Int8Qualification
from edge_app.detector.read import DetectorConfig, read_detector, read_fp32
from edge_app.detector.start import start_engine
from edge_app.detector.variant import Overrides, Variant, read_variant

__all__ = [
    "Detector",
    "DetectorConfig",
    "Golden",
    "Int8Qualification",
    "OpenedEngine",
    "Overrides",
    "Variant",
    "choose_precision",
    "golden_path",
    "read_detector",
    "read_fp32",
    "read_golden",
    "read_variant",
    "resolve",
    "start_engine",
    "write_golden",
]
