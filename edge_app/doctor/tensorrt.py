"""Checks which TensorRT is installed, and whether it supports the GPU."""

from __future__ import annotations

from edge_app.core.errors import DeviceError, UsageError
from edge_app.cuda import Machine
from edge_app.doctor.check import Check
from edge_app.trt_build import check_target, find_library

FOR_JETSON = "apt-get install python3-libnvinfer, and make the venv with --system-site-packages"
FOR_X86 = "pip install 'edge-app[gpu]' for full TensorRT and INT8, or 'edge-app[rtx]' for TensorRT-RTX and FP16"


def check_tensorrt(machine: Machine) -> Check:
    """Which TensorRT library is installed, and whether it supports the GPU."""
    try:
        library = find_library()
    except DeviceError as error:
        advice = FOR_JETSON if machine.l4t else FOR_X86
        if machine.gpu is None:
            return Check("tensorrt", "skip", "not installed", f"only for GPUs: {advice}")
        return Check("tensorrt", "warn", str(error), f"{advice}; without it ONNX Runtime's CUDA provider can run")
    found = f"{library.name} {library.version}"
    if machine.target is None:
        return Check("tensorrt", "ok", f"{found}, no GPU to run it on")
    if library.rtx:
        try:
            check_target(library, machine.target)
        except UsageError as error:
            return Check("tensorrt", "fail", found, str(error))
        return Check("tensorrt", "ok", f"{found}, FP16")
    return Check("tensorrt", "ok", f"{found}, FP16 and INT8")
