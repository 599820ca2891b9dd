"""From a picture to the model's input: one definition for inference, calibration and every device."""

from edge_app.preprocess.gpu_letterboxer import GpuLetterboxer
from edge_app.preprocess.letterboxer import Letterboxer
from edge_app.preprocess.normalisation import normalisation_table

__all__ = ["GpuLetterboxer", "Letterboxer", "normalisation_table"]
