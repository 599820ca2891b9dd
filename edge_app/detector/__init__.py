"""Which model runs, on what, and whether it may: resolved once for every verb."""

from edge_app.detector.backend import Backend, reads_surfaces
from edge_app.detector.detector import Detector, DetectorConfig, read_detector
from edge_app.detector.golden import Golden, golden_path, read_golden, write_golden
from edge_app.detector.plan import obtain_plan, vouched
from edge_app.detector.qualification import Int8Qualification, verify
from edge_app.detector.start import load, start_engine

__all__ = [
    "Backend",
    "Detector",
    "DetectorConfig",
    "Golden",
    "Int8Qualification",
    "golden_path",
    "load",
    "obtain_plan",
    "read_detector",
    "read_golden",
    "reads_surfaces",
    "start_engine",
    "verify",
    "vouched",
    "write_golden",
]
