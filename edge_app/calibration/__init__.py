"""INT8: where quantizers go, what they cost, the gate that judges the result, and its report."""

from edge_app.calibration.calibrate import CalibrationJob, calibrate
from edge_app.calibration.context import CalibrationProgress
from edge_app.calibration.series import CameraSeries, Series, find_series
from edge_app.calibration.work_dir import work_dir_path

__all__ = [
    "CalibrationJob",
    "CalibrationProgress",
    "CameraSeries",
    "Series",
    "calibrate",
    "find_series",
    "work_dir_path",
]
