"""ONNX to a TensorRT engine: which TensorRT, what it is told, where files are kept and when they are built again."""

from edge_app.trt_build.cache import EngineCache, default_cache_dir
from edge_app.trt_build.engine_file import (
    EngineFile,
    EngineMetadata,
    metadata_path,
    read_engine_file,
    write_engine_file,
)
from edge_app.trt_build.explain import Explanation, explain
from edge_app.trt_build.library import TensorRtLibrary, find_library
from edge_app.trt_build.monitor import BuildProgress
from edge_app.trt_build.obtain import TrustedEngine, obtain
from edge_app.trt_build.prune import prune
from edge_app.trt_build.quantizers import refused_quantizer
from edge_app.trt_build.request import BuildRequest, build_request, remarks
from edge_app.trt_build.targets import check_target, read_targets
from edge_app.trt_build.trt_log import joined_errors, trt_logger

__all__ = [
    "BuildProgress",
    "BuildRequest",
    "EngineCache",
    "EngineFile",
    "EngineMetadata",
    "Explanation",
    "TensorRtLibrary",
    "TrustedEngine",
    "build_request",
    "check_target",
    "default_cache_dir",
    "explain",
    "find_library",
    "joined_errors",
    "metadata_path",
    "obtain",
    "prune",
    "read_engine_file",
    "read_targets",
    "refused_quantizer",
    "remarks",
    "trt_logger",
    "write_engine_file",
]
