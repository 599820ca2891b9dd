"""Which library computes the network: a TensorRT, or ONNX Runtime."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edge_app import trt_build
from edge_app.core.errors import DeviceError, UsageError
from edge_app.cuda import load_pycuda
from edge_app.engine.config import EngineConfig
from edge_app.trt_build import TensorRtLibrary


@dataclass(frozen=True, slots=True)
class Backend:
    """What computes, and why.

    Attributes:
        tensorrt: The TensorRT; none: ONNX Runtime.
        because: In words.
    """

    tensorrt: TensorRtLibrary | None
    because: str


def choose_backend(settings: EngineConfig) -> Backend:
    """What the configuration names; of `auto` TensorRT where it, PyCUDA and a GPU that it takes are here.

    Raises:
        DeviceError: TensorRT was named, and one of these is not here.
    """
    if settings.backend == "onnxruntime" or (settings.backend == "auto" and settings.provider != "auto"):
        return Backend(None, "as configured")
    try:
        flavour = _usable(settings.backend, settings.device)
    except DeviceError as error:
        if settings.backend != "auto":
            raise
        return Backend(None, f"no TensorRT: {error}")
    return Backend(flavour, f"backend {settings.backend}, {flavour.name} {flavour.version}")


def reads_surfaces(settings: EngineConfig, backend: Backend) -> bool:
    """Whether the engine reads a decoder's planes as they are, on the GPU or the host; else it is best given BGR."""
    return backend.tensorrt is not None or settings.provider == "cuda"


def _usable(name: Literal["auto", "tensorrt", "tensorrt_rtx"], device: int) -> TensorRtLibrary:
    machine = trt_build.this_machine(device)
    if machine.capability is None or machine.target is None:
        raise DeviceError(machine.trouble)
    if machine.capability < trt_build.OLDEST_GPU:
        raise DeviceError(f"{machine.gpu} is older than compute capability 7.5")
    load_pycuda()
    flavour = trt_build.find_library(name)
    if flavour.rtx:
        try:
            trt_build.check_target(flavour, machine.target)
        except UsageError as error:
            raise DeviceError(str(error)) from error
    return flavour
