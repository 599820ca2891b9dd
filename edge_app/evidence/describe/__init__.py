"""What a vision language model says of events' pictures: asked in a thread of its own, and told later, or never."""

from edge_app.evidence.describe.describer import DESCRIBE_THREAD, Describer, DescriptionOrder
from edge_app.evidence.describe.vision_model import VisionModel

__all__ = ["DESCRIBE_THREAD", "Describer", "DescriptionOrder", "VisionModel"]
