"""The model on a device: slots that compute while others are filled."""

from edge_app.engine.double_buffer import infer
from edge_app.engine.slot import Engine, Outputs, Recomputing, Slot

__all__ = ["Engine", "Outputs", "Recomputing", "Slot", "infer"]
