"""Which file of a model is built, in which precision; what is refused, and what is remarked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import onnx

from edge_app import model
from edge_app.core.errors import ConfigError, DataError
from edge_app.model import Model, ModelSignature, Precision
from edge_app.trt_build.key import Key, make_key
from edge_app.trt_build.library import TensorRtLibrary
from edge_app.trt_build.machine import Machine, this_machine
from edge_app.trt_build.quantizers import refused_quantizer
from edge_app.trt_build.recipe import Recipe
from edge_app.trt_build.targets import NO_INT8, check_target

# Which of a card's files is built, the best first; one without a card has a single file, which may be quantized.
FILES: dict[Precision, tuple[Precision, ...]] = {
    "fp32": ("fp32", "int8"),
    "fp16": ("fp16", "fp32", "int8"),
    "int8": ("int8", "fp32"),
}


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """A plan that somebody wants.

    Attributes:
        model: The model's name.
        recipe: What is built.
        flavour: With which TensorRT.
        machine: For which machine.
    """

    model: str
    recipe: Recipe
    flavour: TensorRtLibrary
    machine: Machine

    @property
    def source(self) -> Path:
        """The ONNX file."""
        return self.recipe.graph.path.resolve()

    @property
    def runs_here(self) -> bool:
        """Whether there is a GPU here that the plan is for."""
        target = self.machine.target
        return target is not None and (not self.flavour.rtx or target in self.recipe.targets)

    def key(self) -> Key:
        """What the plan depends on now; see `make_key` for what it raises."""
        report = model.report_path(self.source) if self.recipe.graph.quantized else None
        return make_key(self.recipe, self.flavour, self.machine, report)


def build_request(
    found: Model,
    flavour: TensorRtLibrary,
    precision: Precision,
    *,
    max_batch: int,
    targets: tuple[str, ...] = (),
    device: int = 0,
) -> BuildRequest:
    """What is to be built of a model.

    Args:
        found: The model.
        flavour: With which TensorRT.
        precision: Of what is computed.
        max_batch: Pictures in a batch where that may vary.
        targets: For TensorRT-RTX; none for the GPU that is here.
        device: Number of that GPU.

    Raises:
        ConfigError: The model has no such precision.
        InputError, DataError: The file is missing, no whole model, or TensorRT would not take its quantizers.
        UsageError: TensorRT-RTX does not build for the GPU that is here.
    """
    machine = this_machine(device)
    if flavour.rtx and not targets and machine.target:
        check_target(flavour, machine.target)
        targets = (machine.target,)
    graph = model.read_signature(found.file(source_of(found, precision)), found.card.input_wh)
    check_precision(graph, precision)
    return BuildRequest(found.card.name, Recipe(graph, precision, max_batch, targets), flavour, machine)


def automatic(found: Model, flavour: TensorRtLibrary) -> tuple[Precision, ...]:
    """What `auto` is, the better first: INT8 where the model has it and TensorRT is the full one, and FP16."""
    if source_of(found, "fp16") == "int8":
        return ("int8",)
    return ("int8", "fp16") if "int8" in found.card.files and not flavour.rtx else ("fp16",)


def source_of(found: Model, precision: Precision) -> Precision:
    """The file that a plan of that precision is built from."""
    return next((name for name in FILES[precision] if name in found.card.files), precision)


def check_precision(graph: ModelSignature, precision: Precision) -> None:
    """Whether the file can be built in that precision.

    Raises:
        ConfigError: It cannot; the text says what could.
        DataError: TensorRT does not take its quantizers, so that no report would help it.
    """
    if graph.quantized and (why := refused_quantizer(onnx.load(graph.path))):
        raise DataError(f"{graph.path}: {why}")
    if graph.quantized and precision != "int8":
        raise ConfigError(f"{graph.path}: is quantized; its precision is int8")
    if precision == "int8" and not graph.quantized:
        raise ConfigError(f"{graph.path}: has no INT8; make it with edge-app calibrate")


def remarks(order: BuildRequest) -> Iterator[str]:
    """What the user should know of this choice before it is built."""
    if order.flavour.rtx and order.recipe.precision == "int8":
        yield "TensorRT-RTX does not fuse INT8 convolutions with what follows them: fp16 is usually faster there"
        if NO_INT8 in order.recipe.targets:
            yield f"on {NO_INT8} TensorRT-RTX computes quantized convolutions in FP16: quantizing is only work there"
