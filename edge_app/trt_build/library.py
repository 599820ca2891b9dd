"""Which TensorRT this machine has: the full one, TensorRT-RTX, or none."""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass, field
from typing import Any, Literal

from edge_app.core.errors import DeviceError, on_one_line

LibraryName = Literal["tensorrt", "tensorrt_rtx"]

OLDEST = {"tensorrt": (10, 3), "tensorrt_rtx": (1, 4)}
STRONG_TYPING = (10, 12)  # from here on TensorRT wants dtypes from the ONNX file, not from flags
INSTALL = {
    "tensorrt": "pip install 'edge-app[gpu]', on a Jetson apt-get install python3-libnvinfer",
    "tensorrt_rtx": "pip install 'edge-app[rtx]'",
}


@dataclass(frozen=True, slots=True)
class TensorRtLibrary:
    """A TensorRT that could be imported.

    Attributes:
        name: Its Python module.
        version: As it says itself, such as 10.3.0.
        trt: The module.
    """

    name: LibraryName
    version: str
    trt: Any = field(repr=False, compare=False)

    @property
    def rtx(self) -> bool:
        """Whether it is TensorRT-RTX, which builds without a GPU, for targets."""
        return self.name == "tensorrt_rtx"

    @property
    def strongly_typed(self) -> bool:
        """Whether the ONNX file alone decides what is computed in FP16 and INT8."""
        return self.rtx or numbers(self.version) >= STRONG_TYPING


def find_library(backend: Literal["auto"] | LibraryName = "auto") -> TensorRtLibrary:
    """The TensorRT of that name; for `auto`, the full one before TensorRT-RTX.

    Raises:
        DeviceError: It is not here or too old; the text says what to install.
    """
    names: tuple[LibraryName, ...] = ("tensorrt", "tensorrt_rtx") if backend == "auto" else (backend,)
    reasons = []
    for name in names:
        try:
            return _import(name)
        except DeviceError as error:
            reasons.append(str(error))
    raise DeviceError("; ".join(reasons))


def numbers(version: str) -> tuple[int, ...]:
    """The version's first two numbers, to be compared."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])


def _import(name: LibraryName) -> TensorRtLibrary:
    try:
        trt = importlib.import_module(name)
        version = str(trt.__version__)
    except Exception as error:  # without NVIDIA's libraries, the wheel raises whatever its loader does
        absent = isinstance(error, ModuleNotFoundError) and error.name == name
        why = "is not installed" if absent else f"does not load ({on_one_line(error)})"
        raise DeviceError(f"{name} {why}: {INSTALL[name]}") from error
    if numbers(version) < OLDEST[name]:
        oldest = ".".join(map(str, OLDEST[name]))
        raise DeviceError(f"{name} {version} is too old, want {oldest} or newer: {INSTALL[name]}")
    return TensorRtLibrary(name, version, trt)
