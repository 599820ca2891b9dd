"""The model on a device: slots that compute while others are filled."""

from edge_app.engine.detector import Detector, read_detector, start_engine
from edge_app.engine.double_buffer import Batches, infer
from edge_app.engine.gpu_engine import GpuEngine
from edge_app.engine.onnxruntime import OnnxRuntimeEngine
from edge_app.engine.slot import Engine, Outputs, Slot

__all__ = [
    "Batches",
    "Detector",
    "Engine",
    "GpuEngine",
    "OnnxRuntimeEngine",
    "Outputs",
    "Slot",
    "infer",
    "read_detector",
    "start_engine",
]
