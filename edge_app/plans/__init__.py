"""ONNX to a TensorRT plan: which TensorRT, what it is told, where plans are kept and when they are built again."""

from edge_app.plans.cache import EngineCache, default_cache_dir
from edge_app.plans.explain import Explanation, explain
from edge_app.plans.flavour import Flavour, find_flavour
from edge_app.plans.machine import OLDEST_GPU, Machine, is_jetson, this_machine
from edge_app.plans.monitor import Progress
from edge_app.plans.obtain import Obtained, obtain
from edge_app.plans.order import Order, automatic, check_precision, place_order, remarks, source_of
from edge_app.plans.prune import prune
from edge_app.plans.recipe import Recipe
from edge_app.plans.sidecar import Plan, Sidecar, read_plan, sidecar_path, write_plan
from edge_app.plans.targets import check_target, read_targets
from edge_app.plans.trt_log import in_words, trt_logger

__all__ = [
    "OLDEST_GPU",
    "EngineCache",
    "Explanation",
    "Flavour",
    "Machine",
    "Obtained",
    "Order",
    "Plan",
    "Progress",
    "Recipe",
    "Sidecar",
    "automatic",
    "check_precision",
    "check_target",
    "default_cache_dir",
    "explain",
    "find_flavour",
    "in_words",
    "is_jetson",
    "obtain",
    "place_order",
    "prune",
    "read_plan",
    "read_targets",
    "remarks",
    "sidecar_path",
    "source_of",
    "this_machine",
    "trt_logger",
    "write_plan",
]
