"""The model on a device: slots that compute while others are filled."""

from edge_app.engine.backend import Backend, reads_surfaces
from edge_app.engine.detector import Detector, read_detector
from edge_app.engine.double_buffer import Batches, infer
from edge_app.engine.golden import Golden, golden_path, read_golden, write_golden
from edge_app.engine.gpu_engine import GpuEngine
from edge_app.engine.onnxruntime import OnnxRuntimeEngine
from edge_app.engine.plan import obtain_plan, vouched
from edge_app.engine.slot import Engine, Outputs, Slot
from edge_app.engine.start import load, start_engine
from edge_app.engine.verification import Promise, verify

__all__ = [
    "Backend",
    "Batches",
    "Detector",
    "Engine",
    "Golden",
    "GpuEngine",
    "OnnxRuntimeEngine",
    "Outputs",
    "Promise",
    "Slot",
    "golden_path",
    "infer",
    "load",
    "obtain_plan",
    "read_detector",
    "read_golden",
    "reads_surfaces",
    "start_engine",
    "verify",
    "vouched",
    "write_golden",
]
