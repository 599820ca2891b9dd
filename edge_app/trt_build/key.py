"""Everything that a plan depends on, by name: another value of any of it, and the plan is built again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from edge_app.core.errors import DeviceError
from edge_app.model import sha256
from edge_app.trt_build.library import TensorRtLibrary
from edge_app.trt_build.machine import Machine
from edge_app.trt_build.recipe import OPTIMISATION, WORKSPACE, Recipe

NONE, ANY = "none", "any"
CAST = 2  # counts changes of what is computed in FP16 and what is not


@dataclass(frozen=True, slots=True)
class Key:
    """The parts as text.

    Attributes:
        onnx_sha256: Of the ONNX file.
        report_sha256: Of a quantized file's calibration report.
        precision: What is computed in how many bits.
        shapes: Least and greatest shape of each input.
        flavour: Which TensorRT.
        version: Its version; plans do not live across versions.
        cuda, driver: The driver's CUDA version and its major version; `any` for TensorRT-RTX, which chooses its kernels
            where the plan runs.
        l4t: Version of Jetson Linux.
        gpu: Name of the GPU.
        compute_capability: Of the GPU, or the targets of TensorRT-RTX.
        options: What else the builder is told.
    """

    onnx_sha256: str
    report_sha256: str
    precision: str
    shapes: str
    flavour: str
    version: str
    cuda: str
    driver: str
    l4t: str
    gpu: str
    compute_capability: str
    options: str

    @property
    def digest(self) -> str:
        """Short, for file names."""
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()[:12]

    def serves(self, wanted: Key) -> bool:
        """Whether a plan with this key is what is wanted; one for more GPUs is."""
        mine, theirs = (set(key.compute_capability.split(",")) for key in (self, wanted))
        return theirs <= mine and replace(self, compute_capability=wanted.compute_capability) == wanted

    def changes(self, before: Key) -> list[str]:
        """In words what is not as it was."""
        was, now = asdict(before), asdict(self)
        return [f"{name} was {was[name]}, is {now[name]}" for name in now if was[name] != now[name]]


def make_key(recipe: Recipe, flavour: TensorRtLibrary, machine: Machine, report: Path | None) -> Key:
    """The key of what would be built now.

    Args:
        recipe: What is built.
        flavour: With which TensorRT.
        machine: Where.
        report: The calibration report of a quantized file.

    Raises:
        DeviceError: Full TensorRT has no GPU here, or TensorRT-RTX neither a GPU nor targets.
    """
    portable = flavour.rtx
    if not portable and machine.gpu is None:
        raise DeviceError(f"full TensorRT builds on the GPU that it is for; {machine.trouble}")
    capability = ",".join(recipe.targets) if portable else machine.target
    if not capability:
        raise DeviceError(f"{machine.trouble}; TensorRT-RTX builds ahead of time with --target sm86,sm89")
    return Key(
        onnx_sha256=sha256(recipe.graph.path),
        report_sha256=sha256(report) if report and report.is_file() else NONE,
        precision=recipe.precision,
        shapes="; ".join(f"{name} {_range(*shapes)}" for name, shapes in recipe.shapes().items()),
        flavour=flavour.name,
        version=flavour.version,
        cuda=ANY if portable else machine.cuda or NONE,
        driver=ANY if portable else (machine.driver or NONE).partition(".")[0],
        l4t=ANY if portable else machine.l4t or NONE,
        gpu=ANY if portable else machine.gpu or NONE,
        compute_capability=capability,
        options=f"workspace {WORKSPACE >> 20} MiB, optimisation {OPTIMISATION}, cast {CAST}",
    )


def _range(least: tuple[int, ...], most: tuple[int, ...]) -> str:
    batch = str(most[0]) if least == most else f"{least[0]}..{most[0]}"
    return "x".join([batch, *map(str, most[1:])])
