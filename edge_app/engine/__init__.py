"""The model on a device: slots that compute while others are filled."""

from edge_app.engine.build import Progress, Recipe
from edge_app.engine.cache import EngineCache, Plan, Sidecar, default_cache_dir, sidecar_path, write_plan
from edge_app.engine.detector import Detector, read_detector, start_engine
from edge_app.engine.double_buffer import Batches, infer
from edge_app.engine.explain import Explanation, explain
from edge_app.engine.flavour import Flavour, find_flavour
from edge_app.engine.machine import Machine, this_machine
from edge_app.engine.onnxruntime import OnnxRuntimeEngine
from edge_app.engine.order import Order, place_order, remarks
from edge_app.engine.plans import Obtained, obtain
from edge_app.engine.prune import prune
from edge_app.engine.slot import Engine, Outputs, Slot
from edge_app.engine.targets import check_target, read_targets

__all__ = [
    "Batches",
    "Detector",
    "Engine",
    "EngineCache",
    "Explanation",
    "Flavour",
    "Machine",
    "Obtained",
    "OnnxRuntimeEngine",
    "Order",
    "Outputs",
    "Plan",
    "Progress",
    "Recipe",
    "Sidecar",
    "Slot",
    "check_target",
    "default_cache_dir",
    "explain",
    "find_flavour",
    "infer",
    "obtain",
    "place_order",
    "prune",
    "read_detector",
    "read_targets",
    "remarks",
    "sidecar_path",
    "start_engine",
    "this_machine",
    "write_plan",
]
