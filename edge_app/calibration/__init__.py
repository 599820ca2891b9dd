"""INT8: where quantizers go, what they cost, the gate that judges the result, and its report."""

from edge_app.calibration.calibrate import Job, calibrate
from edge_app.calibration.camera_series import CameraSeries
from edge_app.calibration.context import Progress
from edge_app.calibration.pictures import Series, find_series
from edge_app.calibration.subject import Subject, read_subject
from edge_app.calibration.work_dir import work_dir_path

__all__ = [
    "CameraSeries",
    "Job",
    "Progress",
    "Series",
    "Subject",
    "calibrate",
    "find_series",
    "read_subject",
    "work_dir_path",
]
