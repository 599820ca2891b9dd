"""Which backend the configuration names, or `auto` finds."""

from __future__ import annotations

from typing import Literal

from edge_app import trt_build
from edge_app.core.errors import DeviceError, UsageError
from edge_app.cuda import OLDEST_GPU, load_pycuda, this_machine
from edge_app.detector.backend import Backend
from edge_app.detector.backends.kserve import Kserve
from edge_app.detector.backends.ort import OnnxRuntimeCpu, OnnxRuntimeCuda
from edge_app.detector.backends.trt import TensorRt
from edge_app.engine.config import EngineConfig
from edge_app.trt_build import TensorRtLibrary


def choose_backend(config: EngineConfig) -> Backend:
    """What the configuration names; for `auto` TensorRT if it, PyCUDA and a GPU that it takes are here.

    Raises:
        DeviceError: TensorRT was named, and one of these is not here.
    """
    if config.backend == "kserve":
        return Kserve(config, f"served at {config.served_address}")
    if config.backend == "onnxruntime" or (config.backend == "auto" and config.provider != "auto"):
        return onnx_runtime(config, "as configured")
    try:
        library = _usable(config.backend, config.device)
    except DeviceError as error:
        if config.backend != "auto":
            raise
        return onnx_runtime(config, f"no TensorRT: {error}")
    fallback = OnnxRuntimeCpu("TensorRT cannot run the model") if config.backend == "auto" else None
    return TensorRt(library, f"backend {config.backend}, {library.name} {library.version}", fallback)


def onnx_runtime(config: EngineConfig, because: str) -> Backend:
    """ONNX Runtime on the device that the configuration names."""
    return OnnxRuntimeCuda(because) if config.provider == "cuda" else OnnxRuntimeCpu(because)


def _usable(name: Literal["auto", "tensorrt", "tensorrt_rtx"], device: int) -> TensorRtLibrary:
    machine = this_machine(device)
    if machine.capability is None or machine.target is None:
        raise DeviceError(machine.trouble)
    if machine.capability < OLDEST_GPU:
        raise DeviceError(f"{machine.gpu} is older than compute capability 7.5")
    load_pycuda()
    library = trt_build.find_library(name)
    if library.rtx:
        try:
            trt_build.check_target(library, machine.target)
        except UsageError as error:
            raise DeviceError(str(error)) from error
    return library
