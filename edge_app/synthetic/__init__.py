"""A rendered street scene with exact ground truth, for tests, demonstrations and training."""

from edge_app.synthetic.settings import CLASSES, LIGHTS, WEATHERS, Settings
from edge_app.synthetic.street import Street
from edge_app.synthetic.truth import Truth

__all__ = ["CLASSES", "LIGHTS", "WEATHERS", "Settings", "Street", "Truth"]
