"""INT8: where quantizers go, what they cost, the gate that judges the result, and its report."""

from edge_app.calibration.calibrate import Job, calibrate
from edge_app.calibration.live import Camera
from edge_app.calibration.pictures import Series, find_series
from edge_app.calibration.scratch import scratch_path
from edge_app.calibration.subject import Subject, read_subject
from edge_app.calibration.workbench import Progress

__all__ = [
    "Camera",
    "Job",
    "Progress",
    "Series",
    "Subject",
    "calibrate",
    "find_series",
    "read_subject",
    "scratch_path",
]
