"""From a picture to the model's input: one definition for run time, calibration and every device."""

from edge_app.preprocess.canvas import Canvas
from edge_app.preprocess.normalisation import normalisation_table

__all__ = ["Canvas", "normalisation_table"]
