"""ONNX to a TensorRT plan: which TensorRT, what it is told, where plans are kept and when they are built again."""

from edge_app.engine.plans.cache import EngineCache, default_cache_dir
from edge_app.engine.plans.explain import Explanation, explain
from edge_app.engine.plans.flavour import Flavour, find_flavour
from edge_app.engine.plans.machine import Machine, this_machine
from edge_app.engine.plans.monitor import Progress
from edge_app.engine.plans.obtain import Obtained, obtain
from edge_app.engine.plans.order import Order, place_order, remarks
from edge_app.engine.plans.prune import prune
from edge_app.engine.plans.recipe import Recipe
from edge_app.engine.plans.sidecar import Plan, Sidecar, sidecar_path, write_plan
from edge_app.engine.plans.targets import check_target, read_targets

__all__ = [
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
    "check_target",
    "default_cache_dir",
    "explain",
    "find_flavour",
    "obtain",
    "place_order",
    "prune",
    "read_targets",
    "remarks",
    "sidecar_path",
    "this_machine",
    "write_plan",
]
