"""Checks NVIDIA's driver, the GPU, TensorRT and PyCUDA."""

from __future__ import annotations

import importlib
from pathlib import Path

from edge_app.core.errors import DeviceError, UsageError, on_one_line
from edge_app.cuda import OLDEST_GPU, Machine
from edge_app.doctor.check import Check, Status
from edge_app.trt_build import check_target, find_library

PCI = Path("/sys/bus/pci/devices")
NVIDIA, DISPLAY = "0x10de", "0x03"
FOR_JETSON = "apt-get install python3-libnvinfer, and make the venv with --system-site-packages"
FOR_X86 = "pip install 'edge-app[gpu]' for full TensorRT and INT8, or 'edge-app[rtx]' for TensorRT-RTX and FP16"
NO_GPU = "nothing to do: ONNX Runtime computes on the CPU"


def check_driver(machine: Machine, pci: Path = PCI) -> Check:
    """Whether NVIDIA's driver is installed, if there is an NVIDIA GPU."""
    if machine.driver or machine.cuda:
        system = f", Jetson Linux {machine.l4t}" if machine.l4t else ""
        return Check("driver", "ok", f"NVIDIA driver {machine.driver or 'of unknown version'}{system}")
    if has_nvidia_gpu(pci) or machine.l4t:
        return Check(
            "driver", "fail", "an NVIDIA GPU without its driver", "install NVIDIA's driver; nvidia-smi must answer"
        )
    return Check("driver", "skip", "no NVIDIA GPU on this machine", NO_GPU)


def check_cuda(machine: Machine) -> Check:
    """Whether the driver provides a GPU, and which one."""
    if machine.cuda is None:
        return Check("cuda", "skip", machine.trouble, "comes with NVIDIA's driver; no CUDA toolkit is needed")
    if machine.gpu is None or machine.capability is None:
        advice = "let this user at /dev/nvidia* (groups video and render); in a container start it with --gpus all"
        return Check("cuda", "fail", machine.trouble, advice)
    found = f"{machine.gpu}, compute capability {'.'.join(map(str, machine.capability))}, CUDA {machine.cuda}"
    if machine.capability < OLDEST_GPU:
        return Check("cuda", "warn", found, "older than 7.5: use engine: {backend: onnxruntime, provider: cpu}")
    return Check("cuda", "ok", found)


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


def check_pycuda(machine: Machine) -> Check:
    """Whether PyCUDA can be imported."""
    advice = "pip install 'edge-app[gpu]' (builds with a C++ compiler and CUDA's headers)"
    try:
        version = importlib.import_module("pycuda").VERSION_TEXT
        importlib.import_module("pycuda.driver")
    except Exception as error:  # without libcuda its loader may raise anything
        status: Status = "skip" if machine.gpu is None else "fail"
        why = "not installed" if isinstance(error, ModuleNotFoundError) else f"does not load ({on_one_line(error)})"
        return Check("pycuda", status, why, advice if machine.gpu else f"only for GPUs: {advice}")
    return Check("pycuda", "ok", f"PyCUDA {version}")


def has_nvidia_gpu(pci: Path) -> bool:
    """Whether an NVIDIA display or compute controller is on the PCI bus."""
    return any(
        _read(device / "vendor") == NVIDIA and _read(device / "class").startswith(DISPLAY) for device in pci.glob("*")
    )


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
