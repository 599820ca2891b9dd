"""From a picture to the model's input: one definition for run time, calibration and every device."""

from edge_app.preprocess.canvas import Canvas
from edge_app.preprocess.gpu_canvas import GpuCanvas
from edge_app.preprocess.normalisation import normalisation_table

__all__ = ["Canvas", "GpuCanvas", "normalisation_table"]
