"""The model on a device: slots that compute while others are filled."""

from edge_app.engine.config import EngineConfig
from edge_app.engine.double_buffer import Batches, infer
from edge_app.engine.slot import Engine, Outputs, Slot

__all__ = ["Batches", "Engine", "EngineConfig", "Outputs", "Slot", "infer"]
