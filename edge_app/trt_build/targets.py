"""The GPUs that TensorRT-RTX builds for, by compute capability such as sm86; none of them needs to be here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from edge_app.core.errors import UsageError
from edge_app.trt_build.library import TensorRtLibrary

JETSON = "a Jetson: build there, with the TensorRT of its JetPack (--backend tensorrt)"
DATACENTRE = "build on it with full TensorRT (--backend tensorrt), or run ONNX Runtime with `provider: cuda`"
INSTEAD = {
    "sm72": JETSON,
    "sm87": JETSON,
    "sm90": DATACENTRE,
    "sm100": DATACENTRE,
    "sm101": JETSON,
    "sm103": DATACENTRE,
    "sm110": JETSON,
}
NO_INT8 = "sm75"  # there RTX computes quantized convolutions in FP16


def targets(library: TensorRtLibrary) -> list[str]:
    """What this TensorRT-RTX can build for."""
    return [name.lower() for name in library.trt.ComputeCapability.__members__ if re.fullmatch(r"SM\d+", name)]


def read_targets(library: TensorRtLibrary, text: str) -> tuple[str, ...]:
    """The targets in a list such as `sm86,sm89`, each once, sorted.

    Raises:
        UsageError: TensorRT-RTX does not have one of them; the text says what to use instead.
    """
    wanted = {name.strip().lower() for name in text.split(",") if name.strip()}
    if not library.rtx:
        raise UsageError("--target is for --backend tensorrt_rtx; full TensorRT builds for the GPU that is there")
    if not wanted:
        raise UsageError(f"--target: want some of {', '.join(targets(library))}")
    for name in sorted(wanted):
        check_target(library, name)
    return tuple(sorted(wanted, key=_number))


def check_target(library: TensorRtLibrary, name: str) -> None:
    """Raises UsageError that says what to use instead if TensorRT-RTX cannot build for it."""
    have = targets(library)
    if name not in have:
        advice = INSTEAD.get(name, f"want some of {', '.join(have)}")
        raise UsageError(f"TensorRT-RTX {library.version} does not build for {name}; {advice}")


def set_targets(library: TensorRtLibrary, config: Any, names: Sequence[str]) -> None:
    """Sets them in the builder's configuration."""
    config.num_compute_capabilities = len(names)
    for place, name in enumerate(names):
        config.set_compute_capability(getattr(library.trt.ComputeCapability, name.upper()), place)


def _number(name: str) -> int:
    return int(name.removeprefix("sm"))
