"""A rendered street scene with exact ground truth, for tests, demonstrations and training."""

from edge_app.synthetic.ground_truth import SceneTruth
from edge_app.synthetic.settings import CLASSES, LIGHTS, WEATHERS, Settings
from edge_app.synthetic.street import Street

__all__ = ["CLASSES", "LIGHTS", "WEATHERS", "SceneTruth", "Settings", "Street"]
